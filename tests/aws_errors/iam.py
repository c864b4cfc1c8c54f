"""IAM."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.aws_errors.account import ALLOW, READ_ONLY, Account, policy
from tests.aws_errors.row import Row

__all__ = ["ROWS"]

_iam = partial(Row, "iam")


def _trust(**statement: Any) -> Any:
    """Create a role with a trust policy of one statement."""

    def provoke(a: Account) -> None:
        a.role(policy(**statement))

    return provoke


def _inline(document: str) -> Any:
    """Give somebody an inline policy."""

    def provoke(a: Account) -> None:
        user = a.name("user")
        a.iam.create_user(UserName=user)
        a.iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document)

    return provoke


def _twice(a: Account) -> None:
    a.iam.create_open_id_connect_provider(Url=a.okta.url, ClientIDList=["x"])


def _attached(a: Account) -> None:
    arn = a.iam.create_policy(PolicyName=a.name("policy"), PolicyDocument=ALLOW)["Policy"]["Arn"]
    name = a.role().rpartition("/")[2]
    a.iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    a.iam.delete_policy(PolicyArn=arn)


def _eleventh(a: Account) -> None:
    name = a.role().rpartition("/")[2]
    for _ in range(10):
        arn = a.iam.create_policy(PolicyName=a.name("policy"), PolicyDocument=ALLOW)["Policy"]["Arn"]
        a.iam.attach_role_policy(RoleName=name, PolicyArn=arn)


def _same_user(a: Account) -> None:
    name = a.name("user")
    a.iam.create_user(UserName=name)
    a.iam.create_user(UserName=name)


def _provider(url: str, **more: Any) -> Any:
    return lambda a: a.iam.create_open_id_connect_provider(Url=url, **more)


def _get_user(a: Account) -> None:
    role = a.role(a.federated())
    a.iam.put_role_policy(RoleName=role.rpartition("/")[2], PolicyName="p", PolicyDocument=ALLOW)
    a.client("iam", a.session(RoleArn=role)).get_user()


def _protected(a: Account) -> None:
    a.admin.create_account_assignment(
        InstanceArn=a.instance,
        PermissionSetArn=a.permission_set(),
        TargetId=a.aws.account_id,
        TargetType="AWS_ACCOUNT",
        PrincipalType="USER",
        PrincipalId=a.employee(),
    )
    roles = a.iam.list_roles(PathPrefix="/aws-reserved/sso.amazonaws.com/")["Roles"]
    a.iam.delete_role(RoleName=roles[0]["RoleName"])


_LONG = policy(Action="*", Resource=[f"arn:aws:s3:::{'b' * 60}{n}" for n in range(100)])
_MALFORMED = "MalformedPolicyDocument"
_ANYBODY = {"AWS": "*"}
_OKTA = "arn:aws:iam::ACCOUNT-ID:oidc-provider/id.example.com"

ROWS = (
    _iam(
        "CreateRole",
        _MALFORMED,
        "This policy contains invalid Json",
        "A trust policy that is not JSON.",
        lambda a: a.role("{"),
    ),
    _iam(
        "CreateRole",
        _MALFORMED,
        "Syntax errors in policy.",
        "A document that breaks the grammar of policies.",
        lambda a: a.role('{"Statement": 1}'),
    ),
    _iam(
        "CreateRole",
        _MALFORMED,
        "The policy must contain a valid version string",
        "Another `Version`.",
        lambda a: a.role('{"Version": "2020-01-01", "Statement": []}'),
    ),
    _iam(
        "CreateRole",
        _MALFORMED,
        f'Invalid principal in policy: "FEDERATED":"{_OKTA}"',
        "A trust policy that names what cannot be, such as a placeholder, or a user or role that is not "
        "there.",
        _trust(Principal={"Federated": _OKTA}, Action="sts:AssumeRoleWithWebIdentity"),
    ),
    _iam(
        "CreateRole",
        _MALFORMED,
        "Missing required field Principal",
        "A trust policy that names nobody.",
        _trust(Action="sts:AssumeRole"),
    ),
    _iam(
        "CreateRole",
        _MALFORMED,
        "Has prohibited field Resource",
        "A trust policy with a resource.",
        _trust(Principal=_ANYBODY, Action="sts:AssumeRole", Resource="*"),
    ),
    _iam(
        "CreateRole",
        _MALFORMED,
        "AssumeRole policy may only specify STS AssumeRole actions.",
        "A trust policy for an action that is no way to become a role.",
        _trust(Principal=_ANYBODY, Action="s3:GetObject"),
    ),
    _iam(
        "CreateRole",
        _MALFORMED,
        "A role for identity pools must have at least one trust policy condition",
        "A trust policy that lets every identity pool of the world in.",
        _trust(
            Principal={"Federated": "cognito-identity.amazonaws.com"}, Action="sts:AssumeRoleWithWebIdentity"
        ),
        ours=True,
    ),
    _iam(
        "CreateRole",
        "LimitExceeded",
        "Cannot exceed quota for ACLSizePerRole: 2048",
        "A trust policy that is too long.",
        _trust(
            Principal={"AWS": [f"arn:aws:iam::1234567890{n:02}:root" for n in range(80)]},
            Action="sts:AssumeRole",
        ),
        409,
    ),
    _iam(
        "CreateRole",
        "EntityAlreadyExists",
        "Role with name … already exists.",
        "A name that is taken, in any case.",
        lambda a: a.iam.create_role(
            RoleName=a.reader.rpartition("/")[2].upper(), AssumeRolePolicyDocument=a.federated()
        ),
        409,
    ),
    _iam(
        "CreateUser",
        "EntityAlreadyExists",
        "User with name … already exists.",
        "A name that is taken.",
        _same_user,
        409,
    ),
    _iam(
        "PutUserPolicy",
        _MALFORMED,
        'Resource bucket must be in ARN format or "*".',
        "A resource that is no ARN.",
        _inline(policy(Action="s3:*", Resource="bucket")),
    ),
    _iam(
        "PutUserPolicy",
        _MALFORMED,
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        "An action without its service.",
        _inline(policy(Action="GetObject", Resource="*")),
    ),
    _iam(
        "PutUserPolicy",
        _MALFORMED,
        "Policy document should not specify a principal.",
        "A principal in a policy of an identity.",
        _inline(policy(Principal=_ANYBODY, Action="*", Resource="*")),
    ),
    _iam(
        "PutUserPolicy",
        _MALFORMED,
        "Syntax errors in policy.",
        "A condition operator that does not exist.",
        _inline(policy(Action="*", Resource="*", Condition={"StringLookAlike": {"aws:SourceIp": "x"}})),
    ),
    _iam(
        "PutUserPolicy",
        "LimitExceeded",
        "Maximum policy size of 2048 bytes exceeded for user …",
        "Inline policies that are too long together.",
        _inline(_LONG),
        409,
        source="amplify-cli#1699",
    ),
    _iam(
        "AttachRolePolicy",
        "NoSuchEntity",
        "Policy arn:aws:iam::aws:policy/Absent …",
        "A managed policy that does not exist.",
        lambda a: a.iam.attach_role_policy(
            RoleName=a.reader.rpartition("/")[2], PolicyArn="arn:aws:iam::aws:policy/Absent"
        ),
        404,
    ),
    _iam(
        "AttachRolePolicy",
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerRole: 10",
        "An eleventh managed policy.",
        _eleventh,
        409,
    ),
    _iam(
        "CreatePolicy",
        "LimitExceeded",
        "Cannot exceed quota for PolicySize: 6144",
        "A policy that is too long.",
        lambda a: a.iam.create_policy(PolicyName=a.name(), PolicyDocument=_LONG),
        409,
    ),
    _iam(
        "DeletePolicy",
        "DeleteConflict",
        "Cannot delete a policy attached to entities.",
        "A policy that is still attached.",
        _attached,
        409,
    ),
    _iam(
        "DeleteRole",
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
        "A role that still has policies.",
        lambda a: a.iam.delete_role(RoleName=a.role().rpartition("/")[2]),
        409,
    ),
    _iam(
        "DeleteRole",
        "UnmodifiableEntity",
        "Cannot perform the operation on the protected role '…' - this role is only modifiable by AWS",
        "A role of a permission set: nobody but Identity Center changes it.",
        _protected,
        source="rebuy-de/aws-nuke#441",
    ),
    _iam(
        "GetRole",
        "NoSuchEntity",
        "The role with name absent cannot be found.",
        "A role, user or group that does not exist.",
        lambda a: a.iam.get_role(RoleName="absent"),
        404,
    ),
    _iam(
        "GetOpenIDConnectProvider",
        "NoSuchEntity",
        "OpenIDConnect Provider not found for arn …",
        "A provider that is not registered.",
        lambda a: a.iam.get_open_id_connect_provider(
            OpenIDConnectProviderArn="arn:aws:iam::123456789012:oidc-provider/absent.example.com"
        ),
        404,
    ),
    _iam(
        "CreateOpenIDConnectProvider",
        "ValidationError",
        "Invalid Open ID Connect Provider URL",
        "An issuer that is not `https`, or has a port or a query.",
        _provider("http://id.example.com", ClientIDList=["x"]),
    ),
    _iam(
        "CreateOpenIDConnectProvider",
        "EntityAlreadyExists",
        "Provider with url … already exists.",
        "An issuer that is registered already.",
        _twice,
        409,
    ),
    _iam(
        "CreateOpenIDConnectProvider",
        "InvalidInput",
        "Thumbprint list must contain fewer than 5 entries.",
        "More than five thumbprints.",
        _provider("https://id.example.com", ThumbprintList=["a" * 40] * 6),
    ),
    _iam(
        "CreateOpenIDConnectProvider",
        "InvalidInput",
        "A thumbprint must be the 40 hexadecimal digits of a SHA-1 hash.",
        "A thumbprint that is none.",
        _provider("https://id.example.com", ThumbprintList=["z" * 40]),
        ours=True,
    ),
    _iam(
        "GetUser",
        "ValidationError",
        "Must specify userName when calling with non-User credentials",
        "A session asks about itself as a user.",
        _get_user,
    ),
    _iam(
        "SimulatePrincipalPolicy",
        "InvalidInput",
        "Invalid Entity Arn: …",
        "What is no user, group or role.",
        lambda a: a.iam.simulate_principal_policy(PolicySourceArn=READ_ONLY, ActionNames=["s3:GetObject"]),
    ),
)
