"""The account in which all errors are met, with one of everything in it.

Rows share it: a row leaves as it found it what it does not make itself.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import time_machine
from botocore import UNSIGNED
from botocore.config import Config

from fake_idp import Issuer
from harness.aws import Credentials
from harness.emulator import EmulatedAws

__all__ = ["ALLOW", "AUDIENCE", "PASSWORD", "READ_ONLY", "WEB_IDENTITY", "Account", "policy"]

AUDIENCE = "https://mcp.example.com/mcp"
PASSWORD = "Correct-horse-9"
READ_ONLY = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
_FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH"]


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


ALLOW = policy(Action="*", Resource="*")


class Account:
    """The account, its issuer and its people.

    Attributes:
        aws: the account.
        okta: an issuer elsewhere, registered in IAM.
    """

    def __init__(self) -> None:
        self.aws = EmulatedAws(account_id="123456789012")
        self.okta = self.aws.add_issuer(Issuer("okta", audience=AUDIENCE))
        self._numbers = itertools.count(1)
        self.iam.create_open_id_connect_provider(Url=self.okta.url, ClientIDList=[AUDIENCE])

    def name(self, prefix: str = "n") -> str:
        """A name that nothing has."""
        return f"{prefix}{next(self._numbers)}"

    # --- Who calls ---------------------------------------------------------------------------------------

    def client(self, service: str, who: Credentials | None = None, region: str | None = None) -> Any:
        return self.aws.client(service, credentials=who, region=region)

    def careless(self, service: str, who: Credentials | None = None, **config: Any) -> Any:
        """A client that sends whatever it is given."""
        config = {"parameter_validation": False, "retries": {"total_max_attempts": 1}, **config}
        return self.aws.boto3(who).client(service, config=Config(**config))

    def unsigned(self, service: str) -> Any:
        return self.careless(service, signature_version=UNSIGNED)

    def altered(self, service: str, change: Callable[[dict[str, Any]], None], **config: Any) -> Any:
        """A client whose requests are changed before they are signed."""
        client = self.careless(service, **config)
        client.meta.events.register("before-call", lambda params, **_: change(params))
        return client

    def user(self, **statement: Any) -> Credentials:
        """A new user, who may do what one statement allows."""
        name = self.name("user")
        self.iam.create_user(UserName=name)
        if statement:
            self.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(**statement))
        return _key(self.iam.create_access_key(UserName=name)["AccessKey"])

    @cached_property
    def nobody(self) -> Credentials:
        """A user who may do nothing."""
        return self.user()

    @contextmanager
    def later(self, **parts: float) -> Iterator[None]:
        """Go forward in time for a while: ``hours=1``, ``seconds=10``."""
        units = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
        seconds = sum(units[unit] * number for unit, number in parts.items())
        with time_machine.travel(time.time() + seconds, tick=False):
            yield

    # --- IAM and STS -------------------------------------------------------------------------------------

    @property
    def iam(self) -> Any:
        return self.client("iam")

    @property
    def sts(self) -> Any:
        return self.client("sts")

    def role(self, trust: str | None = None, **more: Any) -> str:
        """A new role, which trusts this account unless told otherwise; returns the ARN."""
        name = self.name("role")
        document = trust or policy(Principal={"AWS": self.aws.account_id}, Action=["sts:AssumeRole"])
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **more)
        self.iam.attach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
        return str(made["Role"]["Arn"])

    def federated(self, *actions: str, provider: str | None = None, **condition: Any) -> str:
        """A trust policy for the issuer, or for another provider."""
        name = self.okta.url.removeprefix("https://")
        return policy(
            Principal={"Federated": provider or f"arn:aws:iam::{self.aws.account_id}:oidc-provider/{name}"},
            Action=list(actions or (WEB_IDENTITY,)),
            **({"Condition": condition} if condition else {}),
        )

    @cached_property
    def reader(self) -> str:
        """A role that trusts the issuer."""
        return self.role(self.federated())

    def exchange(self, token: str, role: str | None = None, **more: Any) -> dict[str, Any]:
        fields = {"RoleArn": role or self.reader, "RoleSessionName": "alice", "WebIdentityToken": token}
        answer: dict[str, Any] = self.sts.assume_role_with_web_identity(**{**fields, **more})
        return answer

    def session(self, **more: Any) -> Credentials:
        """Temporary credentials of the role that trusts the issuer."""
        return _key(self.exchange(self.okta.mint(), **more)["Credentials"])

    def assume(self, role: str, who: Credentials | None = None, **more: Any) -> dict[str, Any]:
        fields = {"RoleArn": role, "RoleSessionName": "s1", **more}
        answer: dict[str, Any] = self.client("sts", who).assume_role(**fields)
        return answer

    # --- Cognito -----------------------------------------------------------------------------------------

    @property
    def idp(self) -> Any:
        return self.client("cognito-idp")

    @property
    def pools(self) -> Any:
        return self.client("cognito-identity")

    @cached_property
    def user_pool(self) -> str:
        pool = self.idp.create_user_pool(PoolName="people", AutoVerifiedAttributes=["email"])["UserPool"]
        return str(pool["Id"])

    @cached_property
    def app(self) -> str:
        """The id of a client of the user pool."""
        return self.new_app()

    def new_app(self, **options: Any) -> str:
        flows = [*_FLOWS, "ALLOW_REFRESH_TOKEN_AUTH"]
        made = self.idp.create_user_pool_client(
            **{"UserPoolId": self.user_pool, "ClientName": "app", "ExplicitAuthFlows": flows, **options}
        )
        return str(made["UserPoolClient"]["ClientId"])

    def person(self, *, permanent: bool = True, **attributes: str) -> str:
        """A new user of the user pool."""
        name = self.name("person")
        self.idp.admin_create_user(
            UserPoolId=self.user_pool,
            Username=name,
            TemporaryPassword=PASSWORD,
            UserAttributes=[{"Name": each, "Value": value} for each, value in attributes.items()],
        )
        if permanent:
            self.idp.admin_set_user_password(
                UserPoolId=self.user_pool, Username=name, Password=PASSWORD, Permanent=True
            )
        return name

    def sign_in(self, name: str, password: str = PASSWORD, app: str | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = self.idp.initiate_auth(
            ClientId=app or self.app,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password},
        )
        return answer

    def tokens(self, name: str | None = None, app: str | None = None) -> dict[str, str]:
        """The tokens of a user of the pool, a new one if none is named."""
        result: dict[str, str] = self.sign_in(name or self.person(), app=app)["AuthenticationResult"]
        return result

    @property
    def provider(self) -> str:
        """The user pool, as identity pools name it."""
        return f"cognito-idp.us-east-1.amazonaws.com/{self.user_pool}"

    def new_identity_pool(self, *, roles: dict[str, str] | None = None, **more: Any) -> str:
        made = self.pools.create_identity_pool(
            **{
                "IdentityPoolName": "people",
                "AllowUnauthenticatedIdentities": False,
                "CognitoIdentityProviders": [{"ProviderName": self.provider, "ClientId": self.app}],
                **more,
            }
        )
        if roles is not None:
            self.pools.set_identity_pool_roles(IdentityPoolId=made["IdentityPoolId"], Roles=roles)
        return str(made["IdentityPoolId"])

    @cached_property
    def identity_pool(self) -> str:
        """An identity pool for the users of the user pool, with a role."""
        pool = self.new_identity_pool()
        host = "cognito-identity.amazonaws.com"
        trust = self.federated(provider=host, StringEquals={f"{host}:aud": pool})
        self.pools.set_identity_pool_roles(IdentityPoolId=pool, Roles={"authenticated": self.role(trust)})
        return pool

    def logins(self, token: str | None = None) -> dict[str, str]:
        return {self.provider: token or self.tokens()["IdToken"]}

    def get_id(self, pool: str | None = None, logins: dict[str, str] | None = None) -> str:
        more = {"Logins": self.logins()} if logins is None else {"Logins": logins} if logins else {}
        return str(self.pools.get_id(IdentityPoolId=pool or self.identity_pool, **more)["IdentityId"])

    # --- Identity Center ---------------------------------------------------------------------------------

    @property
    def admin(self) -> Any:
        return self.client("sso-admin")

    @property
    def store(self) -> Any:
        return self.client("identitystore")

    @property
    def oidc(self) -> Any:
        return self.client("sso-oidc")

    @property
    def portal(self) -> Any:
        return self.client("sso")

    @cached_property
    def instance(self) -> str:
        arn = str(self.admin.create_instance(Name="people")["InstanceArn"])
        self.admin.update_instance(InstanceArn=arn, PermissionSetsEnabled=True)
        return arn

    @property
    def store_id(self) -> str:
        return str(self.admin.describe_instance(InstanceArn=self.instance)["IdentityStoreId"])

    @property
    def start_url(self) -> str:
        return f"https://{self.store_id}.awsapps.com/start"

    def employee(self) -> str:
        """A new user of the identity store; returns the id."""
        name = self.name("employee")
        made = self.store.create_user(
            IdentityStoreId=self.store_id,
            UserName=name,
            DisplayName=name,
            Name={"GivenName": name, "FamilyName": "Jones"},
        )
        return str(made["UserId"])

    def permission_set(self) -> str:
        made = self.admin.create_permission_set(InstanceArn=self.instance, Name=self.name("Set"))
        return str(made["PermissionSet"]["PermissionSetArn"])

    def application(self) -> str:
        custom = "arn:aws:sso::aws:applicationProvider/custom"
        made = self.admin.create_application(
            InstanceArn=self.instance, Name=self.name("app"), ApplicationProviderArn=custom
        )
        return str(made["ApplicationArn"])

    def register(self, **options: Any) -> dict[str, str]:
        """A new client of IAM Identity Center: its id and its secret."""
        made = self.oidc.register_client(clientName="cli", clientType="public", **options)
        return {"clientId": made["clientId"], "clientSecret": made["clientSecret"]}

    # --- What is watched ---------------------------------------------------------------------------------

    @property
    def cloudwatch(self) -> Any:
        return self.client("cloudwatch")

    @property
    def logs(self) -> Any:
        return self.client("logs")

    @property
    def cfn(self) -> Any:
        return self.client("cloudformation")

    def group(self) -> str:
        """A new log group."""
        name = self.name("/app/")
        self.logs.create_log_group(logGroupName=name)
        return name

    def stack(self, template: Any = None, **more: Any) -> str:
        """A new stack, of one log group unless told otherwise; returns its name."""
        name = self.name("stack")
        self.cfn.create_stack(
            StackName=name, TemplateBody=json.dumps(template or {"Resources": {"G": GROUP}}), **more
        )
        return name


GROUP = {"Type": "AWS::Logs::LogGroup"}


def _key(made: dict[str, Any]) -> Credentials:
    return Credentials(
        access_key_id=made["AccessKeyId"],
        secret_access_key=made["SecretAccessKey"],
        session_token=made.get("SessionToken"),
    )
