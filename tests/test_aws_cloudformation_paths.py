"""The shipped templates set up the three provider paths, for a person who then reads CloudWatch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fake_idp import Clock, Issuer
from harness.aws import Aws, Credentials
from harness.aws.cloudformation import templates
from tests.aws_cloudformation import Account, refused

AUDIENCE = "https://mcp.example"


class Cloud(Account):
    """An account that reaches the issuers of this test, those it made itself too."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.issuers: list[Issuer] = []
        aws = Aws(account_id="111122223333", fetch=self.fetch, now=self.clock.now, new_issuer=self.new_issuer)
        super().__init__(aws)

    def new_issuer(self, preset: str, **options: Any) -> Issuer:
        issuer = Issuer(preset, clock=self.clock, **options)
        self.issuers.append(issuer)
        return issuer

    def issuer(self, preset: str, url: str, **options: Any) -> Issuer:
        """Return the issuer at a URL; a new one if AWS itself runs none there."""
        made = [issuer for issuer in self.issuers if issuer.url == url]
        return made[0] if made else self.new_issuer(preset, url=url, **options)

    def fetch(self, url: str) -> tuple[int, bytes]:
        for issuer in self.issuers:
            if url == issuer.jwks_url:
                return 200, json.dumps(issuer.jwks()).encode()
            if url == f"{issuer.url}/.well-known/openid-configuration":
                return 200, json.dumps({"issuer": issuer.url, "jwks_uri": issuer.jwks_url}).encode()
        raise OSError(url)

    def deploy(self, name: str, **parameters: str) -> dict[str, str]:
        """Deploy a shipped template and return its outputs as variables."""
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        stack = self.create(
            templates.path(name).read_text(),
            name=name,
            Parameters=given,
            Capabilities=["CAPABILITY_IAM"],
        )
        assert stack["StackStatus"] == "CREATE_COMPLETE", self.reasons(name)
        return templates.environ(self.outputs(name))

    def reads_cloudwatch(self, key: Credentials) -> bool:
        cloudwatch = self.aws.client("cloudwatch", credentials=key)
        assert "Metrics" in cloudwatch.list_metrics()
        with pytest.raises(ClientError) as denied:
            cloudwatch.put_metric_data(Namespace="A", MetricData=[{"MetricName": "B", "Value": 1}])
        return "AccessDenied" in denied.value.response["Error"]["Code"]


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    cloud.aws.close()


def key_of(found: dict[str, Any]) -> Credentials:
    return Credentials(
        access_key_id=found["AccessKeyId"],
        secret_access_key=found.get("SecretAccessKey") or found["SecretKey"],
        session_token=found["SessionToken"],
    )


def test_the_templates_are_those_of_the_three_paths() -> None:
    assert templates.names() == ["cognito", "identity-center", "oidc"]
    with pytest.raises(KeyError):
        templates.path("../cognito")


@pytest.mark.parametrize("name", templates.names())
def test_cfn_lint_has_nothing_against_a_template(name: str) -> None:
    from cfnlint.api import lint_file

    assert lint_file(templates.path(name)) == []


@pytest.mark.parametrize("name", templates.names())
def test_every_parameter_and_output_is_described(name: str, cloud: Cloud) -> None:
    summary = cloud.cfn.get_template_summary(TemplateBody=templates.path(name).read_text())
    assert all(parameter["Description"] for parameter in summary["Parameters"])
    assert summary["Description"]
    assert summary["Capabilities"] == ["CAPABILITY_IAM"]


def test_a_person_of_the_user_pool_gets_credentials_that_read_cloudwatch(cloud: Cloud) -> None:
    found = cloud.deploy("cognito")
    assert found["AUTH_PROVIDER"] == "cognito"
    assert found["AWS_COGNITO_REGION"] == "us-east-1"
    assert found["SIGN_IN_URL"] == "https://cloudwatch-mcp-111122223333.auth.us-east-1.amazoncognito.com"
    provider = f"cognito-idp.us-east-1.amazonaws.com/{found['AWS_COGNITO_USER_POOL_ID']}"
    assert found["ISSUER"] == f"https://{provider}"
    client_id = found["AWS_COGNITO_CLIENT_ID"]
    users = cloud.issuer("cognito", found["ISSUER"], client_id=client_id)
    token = users.mint("alice", claims={"aud": client_id})
    identities = cloud.aws.client("cognito-identity")
    logins = {provider: token}
    identity = identities.get_id(IdentityPoolId=found["AWS_COGNITO_IDENTITY_POOL_ID"], Logins=logins)
    key = identities.get_credentials_for_identity(IdentityId=identity["IdentityId"], Logins=logins)
    assert cloud.reads_cloudwatch(key_of(key["Credentials"]))
    refusal = refused(identities.get_id, IdentityPoolId=found["AWS_COGNITO_IDENTITY_POOL_ID"])
    assert refusal[0] == "NotAuthorizedException"  # no guests


@pytest.mark.parametrize("url", ["https://issuer.example", "https://issuer.example/oauth2/default"])
def test_a_person_of_the_issuer_gets_credentials_that_read_cloudwatch(cloud: Cloud, url: str) -> None:
    issuer = cloud.issuer("okta", url, audience=AUDIENCE)
    found = cloud.deploy("oidc", Issuer=issuer.url, Audience=AUDIENCE, ClientId="client")
    assert found["OIDC_ISSUER"] == issuer.url
    assert found["OIDC_CLIENT_ID"] == "client"
    sts = cloud.aws.client("sts")

    def assume(token: str) -> dict[str, Any]:
        answer: dict[str, Any] = sts.assume_role_with_web_identity(
            RoleArn=found["AWS_CLOUDWATCH_ROLE_ARN"], RoleSessionName="alice", WebIdentityToken=token
        )
        return answer

    assert cloud.reads_cloudwatch(key_of(assume(issuer.mint("alice"))["Credentials"]))
    code, _ = refused(lambda: assume(issuer.mint("alice", claims={"aud": "https://other.example"})))
    assert code == "InvalidIdentityToken"


@pytest.mark.parametrize("issuer", ["http://issuer.example", "https://issuer.example:8443", "issuer.example"])
def test_an_issuer_that_aws_would_not_take_is_refused_by_the_template(cloud: Cloud, issuer: str) -> None:
    message = refused(cloud.deploy, name="oidc", Issuer=issuer, Audience=AUDIENCE)[1]
    assert message == (
        "Parameter 'Issuer' failed to satisfy constraint: an https URL without port, query and fragment"
    )


def identity_center(cloud: Cloud) -> tuple[str, str]:
    """Return the ARNs of an instance and of the server's own identity."""
    instance = cloud.aws.call("sso-admin", "create_instance")["InstanceArn"]
    cloud.aws.call("sso-admin", "update_instance", InstanceArn=instance, PermissionSetsEnabled=True)
    return instance, cloud.aws.call("iam", "get_user", UserName="administrator")["User"]["Arn"]


def test_identity_center_gets_a_permission_set_and_an_application(cloud: Cloud) -> None:
    instance, server = identity_center(cloud)
    found = cloud.deploy("identity-center", InstanceArn=instance, ServerPrincipalArn=server)
    call = cloud.aws.call
    arn = found["PERMISSION_SET_ARN"]
    attached = call(
        "sso-admin", "list_managed_policies_in_permission_set", InstanceArn=instance, PermissionSetArn=arn
    )["AttachedManagedPolicies"]
    assert [policy["Name"] for policy in attached] == ["CloudWatchReadOnlyAccess"]
    application = call("sso-admin", "describe_application", ApplicationArn=found["APPLICATION_ARN"])
    assert application["ApplicationProviderArn"] == "arn:aws:sso::aws:applicationProvider/custom"
    role = found["AWS_IDENTITY_CENTER_ALLOWED_ROLES"]
    key = call("sts", "assume_role", RoleArn=role, RoleSessionName="alice")["Credentials"]
    assert cloud.reads_cloudwatch(key_of(key))
    assert cloud.physical("PermissionSet", "identity-center") == f"{instance}|{arn}"
    cloud.cfn.delete_stack(StackName="identity-center")
    assert call("sso-admin", "list_permission_sets", InstanceArn=instance)["PermissionSets"] == []


def test_an_instance_and_an_assignment_are_made_and_taken_away(cloud: Cloud) -> None:
    store = cloud.aws.client("identitystore")
    made = cloud.create(
        {
            "Resources": {"It": {"Type": "AWS::SSO::Instance"}},
            "Outputs": {"Store": {"Value": {"Fn::GetAtt": ["It", "IdentityStoreId"]}}},
        },
        name="instance",
    )
    assert made["StackStatus"] == "CREATE_COMPLETE", cloud.reasons("instance")
    instance = cloud.physical("It", "instance")
    cloud.aws.call("sso-admin", "update_instance", InstanceArn=instance, PermissionSetsEnabled=True)
    person = store.create_user(
        IdentityStoreId=cloud.outputs("instance")["Store"],
        UserName="alice",
        DisplayName="Alice",
        Name={"GivenName": "Alice", "FamilyName": "A"},
    )["UserId"]
    resources = {
        "Set": {
            "Type": "AWS::SSO::PermissionSet",
            "Properties": {
                "InstanceArn": instance,
                "Name": "readers",
                "InlinePolicy": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}],
                },
                "Tags": [{"Key": "a", "Value": "b"}],
            },
        },
        "Assignment": {
            "Type": "AWS::SSO::Assignment",
            "Properties": {
                "InstanceArn": instance,
                "PermissionSetArn": {"Fn::GetAtt": ["Set", "PermissionSetArn"]},
                "PrincipalId": person,
                "PrincipalType": "USER",
                "TargetId": "111122223333",
                "TargetType": "AWS_ACCOUNT",
            },
        },
    }
    stack = cloud.create({"Resources": resources})
    assert stack["StackStatus"] == "CREATE_COMPLETE", cloud.reasons()
    roles = [one["RoleName"] for one in cloud.aws.call("iam", "list_roles")["Roles"]]
    assert any(name.startswith("AWSReservedSSO_readers_") for name in roles)
    resources["Set"]["Properties"]["Description"] = "who reads"
    assert cloud.update({"Resources": resources})["StackStatus"] == "UPDATE_COMPLETE", cloud.reasons()
    cloud.cfn.delete_stack(StackName="stack")
    assert refused(cloud.describe)[1] == "Stack with id stack does not exist"
    assert cloud.aws.call("sso-admin", "list_permission_sets", InstanceArn=instance)["PermissionSets"] == []
