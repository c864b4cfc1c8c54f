"""IAM Identity Center: administration and directory."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness.emulator import EmulatedAws
from tests.aws_errors.account import READ_ONLY, Account
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_admin = partial(Row, "sso-admin")
_store = partial(Row, "identitystore")
_INVALID = "ValidationException"
_ABSENT = "ResourceNotFoundException"
_ID = "01234567-89ab-cdef-0123-456789abcdef"
_NO_INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"


def _set(a: Account, operation: str, permission_set: str | None = None, **fields: Any) -> Any:
    """Call an operation on a permission set, a new one unless told otherwise."""
    arn = permission_set or a.permission_set()
    return getattr(a.careless("sso-admin"), operation)(InstanceArn=a.instance, PermissionSetArn=arn, **fields)


def _attach(a: Account, *policies: str) -> None:
    found = a.permission_set()
    for policy in policies:
        _set(a, "attach_managed_policy_to_permission_set", found, ManagedPolicyArn=policy)


def _assign(a: Account, principal: str, target: str | None = None) -> dict[str, str]:
    return {
        "InstanceArn": a.instance,
        "PermissionSetArn": a.permission_set(),
        "TargetId": target or a.aws.account_id,
        "TargetType": "AWS_ACCOUNT",
        "PrincipalType": "USER",
        "PrincipalId": principal,
    }


def _assigned(a: Account) -> None:
    fields = _assign(a, a.employee())
    a.admin.create_account_assignment(**fields)
    a.admin.delete_permission_set(InstanceArn=a.instance, PermissionSetArn=fields["PermissionSetArn"])


def _undetached(a: Account) -> None:
    found = a.permission_set()
    for _ in range(2):
        _set(a, "attach_managed_policy_to_permission_set", found, ManagedPolicyArn=READ_ONLY)


def _disabled(a: Account) -> None:
    """An instance of one account has no permission sets until they are enabled."""
    other = EmulatedAws(account_id="210987654321")
    try:
        admin = other.client("sso-admin")
        admin.create_permission_set(InstanceArn=admin.create_instance()["InstanceArn"], Name="Readers")
    finally:
        other.close()


def _same_name(a: Account) -> None:
    for _ in range(2):
        a.admin.create_permission_set(InstanceArn=a.instance, Name="Twice")


def _issuer(a: Account, **more: Any) -> None:
    a.careless("sso-admin").create_trusted_token_issuer(
        InstanceArn=a.instance, Name=a.name("issuer"), TrustedTokenIssuerType="OIDC_JWT", **more
    )


def _grant(a: Account) -> None:
    a.admin.put_application_grant(
        ApplicationArn=a.application(),
        GrantType="urn:ietf:params:oauth:grant-type:jwt-bearer",
        Grant={"AuthorizationCode": {"RedirectUris": ["https://example.com"]}},
    )


def _actor(a: Account) -> None:
    a.admin.put_application_authentication_method(
        ApplicationArn=a.application(),
        AuthenticationMethodType="IAM",
        AuthenticationMethod={"Iam": {"ActorPolicy": {"Statement": "x"}}},
    )


def _many_tags(a: Account) -> None:
    for start in (0, 50):
        tags = [{"Key": f"k{n}", "Value": "v"} for n in range(start, start + 50)]
        a.admin.tag_resource(InstanceArn=a.instance, ResourceArn=a.instance, Tags=tags)


def _same_employee(a: Account) -> None:
    name = {"GivenName": "A", "FamilyName": "B"}
    for _ in range(2):
        a.store.create_user(IdentityStoreId=a.store_id, UserName="twice", DisplayName="T", Name=name)


_ADMIN = (
    _admin(
        "CreatePermissionSet",
        _INVALID,
        "1 validation error detected: Value 'arn:aws:sso:::instance/ssoins-xxxxx' at "
        "'instanceArn' failed to satisfy constraint: …",
        "An ARN that cannot be one: the guide's placeholder.",
        lambda a: a.admin.create_permission_set(
            InstanceArn="arn:aws:sso:::instance/ssoins-xxxxx", Name="Set"
        ),
    ),
    _admin(
        "CreatePermissionSet",
        "AccessDeniedException",
        f"User: … is not authorized to perform: sso:CreatePermissionSet on resource: {_NO_INSTANCE}",
        "An instance that the account has not.",
        lambda a: a.admin.create_permission_set(InstanceArn=_NO_INSTANCE, Name="Set"),
        source="cartography#1415",
    ),
    _admin(
        "CreatePermissionSet",
        _INVALID,
        "The operation is not supported for this Identity Center instance",
        "An instance whose permission sets were not enabled.",
        _disabled,
    ),
    _admin(
        "CreatePermissionSet",
        "ConflictException",
        "PermissionSet with name Twice already exists.",
        "A name that is taken.",
        _same_name,
        source="terraform-provider-aws#38544",
    ),
    _admin(
        "CreatePermissionSet",
        _INVALID,
        "The session duration must be between PT1H and PT12H.",
        "A session of less than an hour, or of more than twelve.",
        lambda a: a.admin.create_permission_set(InstanceArn=a.instance, Name="Set", SessionDuration="PT13H"),
        ours=True,
    ),
    _admin(
        "AttachManagedPolicyToPermissionSet",
        _ABSENT,
        "Policy … not found.",
        "A policy that AWS does not have.",
        lambda a: _attach(a, "arn:aws:iam::aws:policy/Absent"),
        ours=True,
    ),
    _admin(
        "AttachManagedPolicyToPermissionSet",
        "ConflictException",
        "Policy … is already attached to PermissionSet ….",
        "A policy for the second time.",
        _undetached,
        ours=True,
    ),
    _admin(
        "AttachManagedPolicyToPermissionSet",
        "ServiceQuotaExceededException",
        "A permission set has 10 policies at most.",
        "An eleventh policy.",
        lambda a: _attach(a, *_POLICIES),
        ours=True,
    ),
    _admin(
        "PutInlinePolicyToPermissionSet",
        _INVALID,
        "The inline policy is invalid: …",
        "A policy that breaks the grammar.",
        lambda a: _set(a, "put_inline_policy_to_permission_set", InlinePolicy="{}"),
        ours=True,
    ),
    _admin(
        "CreateAccountAssignment",
        _ABSENT,
        f"USER {_ID} not found.",
        "A user whom the identity store does not have.",
        lambda a: a.admin.create_account_assignment(**_assign(a, _ID)),
        ours=True,
    ),
    _admin(
        "CreateAccountAssignment",
        _ABSENT,
        "Account 210987654321 not found.",
        "Another account.",
        lambda a: a.admin.create_account_assignment(**_assign(a, a.employee(), "210987654321")),
        ours=True,
    ),
    _admin(
        "DeletePermissionSet",
        "ConflictException",
        "PermissionSet … is still assigned.",
        "A permission set that somebody still has.",
        _assigned,
        ours=True,
    ),
    _admin(
        "CreateApplication",
        _ABSENT,
        "ApplicationProvider … not found.",
        "A provider that AWS does not have.",
        lambda a: a.admin.create_application(
            InstanceArn=a.instance,
            Name="x",
            ApplicationProviderArn="arn:aws:sso::aws:applicationProvider/absent",
        ),
        ours=True,
    ),
    _admin(
        "DescribeApplication",
        _ABSENT,
        "Application … not found.",
        "An application that does not exist.",
        lambda a: a.admin.describe_application(
            ApplicationArn="arn:aws:sso::123456789012:application/ssoins-0123456789abcdef/apl-0123456789abcdef"
        ),
        ours=True,
    ),
    _admin(
        "PutApplicationGrant",
        _INVALID,
        "The grant must have JwtBearer, and nothing else, for the grant type "
        "urn:ietf:params:oauth:grant-type:jwt-bearer.",
        "A grant of another type than `GrantType` says.",
        _grant,
        ours=True,
    ),
    _admin(
        "PutApplicationAuthenticationMethod",
        _INVALID,
        "The actor policy is invalid: …",
        "An actor policy that breaks the grammar.",
        _actor,
        ours=True,
    ),
    _admin(
        "CreateTrustedTokenIssuer",
        _INVALID,
        "OidcJwtConfiguration is required.",
        "An issuer without its settings.",
        lambda a: _issuer(a, TrustedTokenIssuerConfiguration={}),
        ours=True,
    ),
    _admin(
        "CreateInstance",
        "ConflictException",
        "An instance of IAM Identity Center already exists in this account.",
        "A second instance.",
        lambda a: (a.instance, a.admin.create_instance(Name="second")),
        ours=True,
    ),
    _admin(
        "TagResource",
        "ServiceQuotaExceededException",
        "A resource has 50 tags at most.",
        "More than 50 tags.",
        _many_tags,
        ours=True,
    ),
    _admin(
        "UpdateInstance",
        "NotImplemented",
        "This AWS does not implement UpdateInstance of sso-admin.",
        "Encryption with a key of one's own.",
        lambda a: a.admin.update_instance(
            InstanceArn=a.instance, EncryptionConfiguration={"KeyType": "AWS_OWNED_KMS_KEY"}
        ),
        ours=True,
    ),
    _admin(
        "ListPermissionSets",
        _INVALID,
        "The next token is invalid.",
        "A token that was not given out.",
        lambda a: a.admin.list_permission_sets(InstanceArn=a.instance, NextToken="x"),
        ours=True,
    ),
)
_STORE = (
    _store(
        "DescribeUser",
        _ABSENT,
        "USER not found.",
        "A user who does not exist.",
        lambda a: a.store.describe_user(IdentityStoreId=a.store_id, UserId=_ID),
    ),
    _store(
        "DescribeUser",
        _ABSENT,
        "IDENTITY_STORE not found.",
        "A store that does not exist.",
        lambda a: a.store.describe_user(IdentityStoreId="d-0123456789", UserId=_ID),
    ),
    _store("CreateUser", "ConflictException", "Duplicate UserName", "A name that is taken.", _same_employee),
    _store(
        "CreateUser",
        _INVALID,
        "displayname: The attribute displayname is required, name: The attribute name is required",
        "A user without a name to be shown.",
        lambda a: a.store.create_user(IdentityStoreId=a.store_id, UserName="nobody"),
    ),
    _store(
        "GetUserId",
        _INVALID,
        "The attribute title is not a unique attribute",
        "Somebody by another attribute.",
        lambda a: a.store.get_user_id(
            IdentityStoreId=a.store_id,
            AlternateIdentifier={"UniqueAttribute": {"AttributePath": "title", "AttributeValue": "x"}},
        ),
    ),
    _store(
        "ListGroups",
        _INVALID,
        "Groups are filtered by … only.",
        "A filter by another attribute.",
        lambda a: a.store.list_groups(
            IdentityStoreId=a.store_id, Filters=[{"AttributePath": "Description", "AttributeValue": "x"}]
        ),
        ours=True,
    ),
)
_POLICIES = [
    f"arn:aws:iam::aws:policy/Amazon{name}Access"
    for service in ("S3", "EC2", "SQS", "SNS", "DynamoDB", "RDS")
    for name in (f"{service}ReadOnly", f"{service}Full")
]

ROWS = (*_ADMIN, *_STORE)
