"""IAM: OIDC providers, roles, users, groups and policies.

Source: AWS CloudFormation Template Reference, ``AWS::IAM``.
"""

from __future__ import annotations

from harness.aws.cloudformation.types.resource_type import Do, Facts, Invoke, Part, ResourceType, names

__all__ = ["IAM"]


def _tags(kind: str, key: str) -> Part:
    """The tags of a role, user, policy or provider."""
    return Part(
        property="Tags",
        each=True,
        put=Do(f"Tag{kind}", {key: key, "Tags": "[Item]"}),
        drop=Do(f"Untag{kind}", {key: key, "TagKeys": "[Item.Key]"}),
    )


def _identity(kind: str) -> tuple[Part, ...]:
    """The managed and the inline policies of a role, user or group."""
    name = {f"{kind}Name": f"{kind}Name"}
    return (
        Part(
            property="ManagedPolicyArns",
            each=True,
            put=Do(f"Attach{kind}Policy", {**name, "PolicyArn": "Item"}),
            drop=Do(f"Detach{kind}Policy", {**name, "PolicyArn": "Item"}),
        ),
        Part(
            property="Policies",
            each=True,
            put=Do(
                f"Put{kind}Policy",
                {**name, "PolicyName": "Item.PolicyName", "PolicyDocument": "Item.PolicyDocument"},
            ),
            drop=Do(f"Delete{kind}Policy", {**name, "PolicyName": "Item.PolicyName"}),
        ),
    )


def _boundary(kind: str) -> Part:
    name = {f"{kind}Name": f"{kind}Name"}
    return Part(
        property="PermissionsBoundary",
        put=Do(f"Put{kind}PermissionsBoundary", {**name, "PermissionsBoundary": "Item"}),
        drop=Do(f"Delete{kind}PermissionsBoundary", name),
    )


def _attached(verb: str, undo: str, fields: dict[str, str], more: dict[str, str]) -> tuple[Part, ...]:
    """A policy's roles, users and groups."""
    return tuple(
        Part(
            property=f"{kind}s",
            each=True,
            put=Do(f"{verb}{kind}Policy", {f"{kind}Name": "Item", **fields, **more}),
            drop=Do(f"{undo}{kind}Policy", {f"{kind}Name": "Item", **fields}),
        )
        for kind in ("Role", "User", "Group")
    )


def _trim_versions(invoke: Invoke, facts: Facts) -> None:
    """Delete a managed policy's versions but the default one: no sixth is taken, none outlives the policy."""
    versions = invoke("ListPolicyVersions", {"PolicyArn": facts["Arn"]})["Versions"]
    for version in versions:
        if not version["IsDefaultVersion"]:
            invoke("DeletePolicyVersion", {"PolicyArn": facts["Arn"], "VersionId": version["VersionId"]})


IAM = (
    ResourceType(
        name="AWS::IAM::OIDCProvider",
        service="iam",
        properties=names("Tags ThumbprintList Url", ClientIdList="ClientIDList"),
        required=("Url",),
        create=Do("CreateOpenIDConnectProvider", whole=True),
        delete=Do("DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": "OpenIDConnectProviderArn"}),
        parts=(
            Part(
                property="ClientIdList",
                each=True,
                put=Do(
                    "AddClientIDToOpenIDConnectProvider",
                    {"OpenIDConnectProviderArn": "OpenIDConnectProviderArn", "ClientID": "Item"},
                ),
                drop=Do(
                    "RemoveClientIDFromOpenIDConnectProvider",
                    {"OpenIDConnectProviderArn": "OpenIDConnectProviderArn", "ClientID": "Item"},
                ),
            ),
            Part(
                property="ThumbprintList",
                put=Do(
                    "UpdateOpenIDConnectProviderThumbprint",
                    {"OpenIDConnectProviderArn": "OpenIDConnectProviderArn", "ThumbprintList": "Item"},
                ),
            ),
            _tags("OpenIDConnectProvider", "OpenIDConnectProviderArn"),
        ),
        fixed=frozenset({"Url"}),
        ref="OpenIDConnectProviderArn",
        attributes={"Arn": "OpenIDConnectProviderArn"},
        tags="Tags",
    ),
    ResourceType(
        name="AWS::IAM::Role",
        service="iam",
        properties=names(
            "AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path "
            "PermissionsBoundary "
            "Policies RoleName Tags"
        ),
        required=("AssumeRolePolicyDocument",),
        naming="RoleName",
        longest_name=64,
        create=Do("CreateRole", whole=True),
        answer="Role",
        update=(
            Do("UpdateRole", {"RoleName": "RoleName"}, whole=True),
            Do(
                "UpdateAssumeRolePolicy",
                {"RoleName": "RoleName", "PolicyDocument": "AssumeRolePolicyDocument"},
            ),
        ),
        is_stripped=True,
        delete=Do("DeleteRole", {"RoleName": "RoleName"}),
        parts=(*_identity("Role"), _boundary("Role"), _tags("Role", "RoleName")),
        fixed=frozenset({"Path", "RoleName"}),
        ref="RoleName",
        attributes=names("Arn RoleId"),
        tags="Tags",
    ),
    ResourceType(
        name="AWS::IAM::ManagedPolicy",
        service="iam",
        properties=names(
            "Description Groups Path PolicyDocument Roles Users", ManagedPolicyName="PolicyName"
        ),
        required=("PolicyDocument",),
        naming="ManagedPolicyName",
        create=Do("CreatePolicy", whole=True),
        answer="Policy",
        read=(Do("GetPolicy", {"PolicyArn": "Arn"}), "Policy"),
        prepare=_trim_versions,
        update=(
            Do(
                "CreatePolicyVersion",
                {"PolicyArn": "Arn", "PolicyDocument": "PolicyDocument", "SetAsDefault": "=true"},
            ),
        ),
        is_stripped=True,
        delete=Do("DeletePolicy", {"PolicyArn": "Arn"}),
        parts=_attached("Attach", "Detach", {"PolicyArn": "Arn"}, {}),
        fixed=frozenset({"Description", "ManagedPolicyName", "Path"}),
        ref="Arn",
        attributes=names(
            "AttachmentCount CreateDate DefaultVersionId IsAttachable PermissionsBoundaryUsageCount PolicyId "
            "UpdateDate",
            PolicyArn="Arn",
        ),
    ),
    ResourceType(
        name="AWS::IAM::Policy",
        service="iam",
        properties=names("Groups PolicyDocument PolicyName Roles Users"),
        required=("PolicyDocument", "PolicyName"),
        is_stripped=True,
        parts=_attached("Put", "Delete", {"PolicyName": "PolicyName"}, {"PolicyDocument": "PolicyDocument"}),
        ref="GeneratedId",
        attributes={"Id": "GeneratedId"},
    ),
    ResourceType(
        name="AWS::IAM::User",
        service="iam",
        properties=names(
            "Groups LoginProfile ManagedPolicyArns Path PermissionsBoundary Policies Tags UserName"
        ),
        naming="UserName",
        longest_name=64,
        create=Do("CreateUser", whole=True),
        answer="User",
        update=(Do("UpdateUser", {"UserName": "UserName", "NewPath": "Path"}),),
        is_stripped=True,
        delete=Do("DeleteUser", {"UserName": "UserName"}),
        parts=(
            *_identity("User"),
            _boundary("User"),
            Part(
                property="Groups",
                each=True,
                put=Do("AddUserToGroup", {"UserName": "UserName", "GroupName": "Item"}),
                drop=Do("RemoveUserFromGroup", {"UserName": "UserName", "GroupName": "Item"}),
            ),
            Part(
                property="LoginProfile",
                put=Do(
                    "CreateLoginProfile",
                    {
                        "UserName": "UserName",
                        "Password": "Item.Password",
                        "PasswordResetRequired": "Item.PasswordResetRequired",
                    },
                ),
                change=Do(
                    "UpdateLoginProfile",
                    {
                        "UserName": "UserName",
                        "Password": "Item.Password",
                        "PasswordResetRequired": "Item.PasswordResetRequired",
                    },
                ),
                drop=Do("DeleteLoginProfile", {"UserName": "UserName"}),
            ),
            _tags("User", "UserName"),
        ),
        fixed=frozenset({"UserName"}),
        ref="UserName",
        attributes=names("Arn"),
        tags="Tags",
    ),
    ResourceType(
        name="AWS::IAM::Group",
        service="iam",
        properties=names("GroupName ManagedPolicyArns Path Policies"),
        naming="GroupName",
        create=Do("CreateGroup", whole=True),
        answer="Group",
        update=(Do("UpdateGroup", {"GroupName": "GroupName", "NewPath": "Path"}),),
        is_stripped=True,
        delete=Do("DeleteGroup", {"GroupName": "GroupName"}),
        parts=_identity("Group"),
        fixed=frozenset({"GroupName"}),
        ref="GroupName",
        attributes=names("Arn"),
    ),
)
