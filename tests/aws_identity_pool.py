"""An account with a user pool, an identity pool and its roles, as the operator of a server has them."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
import time_machine
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from botocore.exceptions import ClientError

from fake_idp import Clock, Issuer, random_ids
from fake_idp.key_ring import KeyRing
from harness.aws import Aws, Credentials
from harness.aws.wire import Request

__all__ = [
    "ACCOUNT",
    "HOST",
    "MISCONFIGURED",
    "START",
    "UNSUPPORTED",
    "Cloud",
    "new_issuer",
    "refusal",
    "role_arn",
]

START = 1_790_000_000.0
ACCOUNT = "123456789012"
READ_ONLY = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
HOST = "cognito-identity.amazonaws.com"
UNSUPPORTED = "Token is not from a supported provider of this identity pool."
MISCONFIGURED = (
    "InvalidIdentityPoolConfigurationException",
    "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
)


class Cloud:
    """The account, and the issuers outside it.

    Attributes:
        time: the time of the process, which stands still: boto3, AWS and the issuers go by it.
        aws: the account.
        users: the user pool ``provider``, whose people may log in to the identity pool ``pool``.
        others: another user pool.
        is_down: whether no issuer can be reached.
        body: what all key sets are answered with, in place of the right ones.
    """

    def __init__(self, time: time_machine.Coordinates) -> None:
        self.time = time
        clock = self.clock = Clock()
        self.users = new_issuer("cognito", clock)
        self.others = new_issuer(
            "cognito", clock, url="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other2"
        )
        self.issuers = [self.users, self.others]
        self.is_down = False
        self.body: bytes | None = None
        self.aws = Aws(
            account_id=ACCOUNT,
            region="us-east-1",
            fetch=self.fetch,
            now=clock.now,
            new_issuer=lambda preset, **options: new_issuer(preset, clock, **options),
        )
        self.iam = self.aws.client("iam")
        self.pools = self.aws.client("cognito-identity")
        self.provider = self.users.url.removeprefix("https://")
        self.pool = self.create_pool()
        self.role("Reader", "authenticated")
        self.set_roles(authenticated="Reader")

    def fetch(self, url: str) -> tuple[int, bytes]:
        if self.is_down:
            raise OSError("unreachable")
        for issuer in self.issuers:
            if url == issuer.jwks_url:
                return 200, self.body or json.dumps(issuer.jwks()).encode()
            if url == issuer.discovery_url:
                return 200, json.dumps(issuer.discovery()).encode()
        return 404, b""

    def create_pool(self, *, guests: bool = False, **more: Any) -> str:
        providers = [{"ProviderName": self.provider, "ClientId": self.users.client_id}]
        created = self.pools.create_identity_pool(
            IdentityPoolName="people",
            AllowUnauthenticatedIdentities=guests,
            **{"CognitoIdentityProviders": providers, **more},
        )
        return str(created["IdentityPoolId"])

    def add_issuer(
        self, preset: str, *, clients: list[str] | None = None, **options: Any
    ) -> tuple[Issuer, str]:
        """Have an issuer outside, registered as an OpenID Connect provider of IAM; return its ARN too."""
        issuer = new_issuer(preset, self.clock, **options)
        self.issuers.append(issuer)
        made = self.iam.create_open_id_connect_provider(
            Url=issuer.url, ClientIDList=clients or [issuer.client_id], ThumbprintList=["a" * 40]
        )
        return issuer, str(made["OpenIDConnectProviderArn"])

    def role(
        self,
        name: str,
        amr: str,
        *,
        pool: str | None = None,
        policy: str = READ_ONLY,
        actions: tuple[str, ...] = ("sts:AssumeRoleWithWebIdentity",),
    ) -> None:
        trust = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Federated": HOST},
                "Action": list(actions),
                "Condition": {
                    "StringEquals": {f"{HOST}:aud": pool or self.pool},
                    "ForAnyValue:StringLike": {f"{HOST}:amr": amr},
                },
            },
        }
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        self.iam.attach_role_policy(RoleName=name, PolicyArn=policy)

    def set_roles(self, *, mappings: dict[str, Any] | None = None, **names: str) -> None:
        more = {} if mappings is None else {"RoleMappings": mappings}
        roles = {kind: role_arn(name) for kind, name in names.items()}
        self.pools.set_identity_pool_roles(IdentityPoolId=self.pool, Roles=roles, **more)

    def get_id(self, token: str | None, *, pool: str | None = None, provider: str | None = None) -> str:
        logins = {} if token is None else {"Logins": {provider or self.provider: token}}
        return str(self.pools.get_id(IdentityPoolId=pool or self.pool, **logins)["IdentityId"])

    def credentials(self, identity: str, token: str | None, **more: Any) -> dict[str, Any]:
        logins = {} if token is None else {"Logins": {self.provider: token}}
        answer = self.pools.get_credentials_for_identity(IdentityId=identity, **{**logins, **more})
        assert answer["IdentityId"] == identity
        return dict(answer["Credentials"])

    def log_in(self, token: str | None, **more: Any) -> dict[str, Any]:
        return self.credentials(self.get_id(token), token, **more)

    def send(
        self, operation: str, fields: dict[str, Any], *, signed: bool = False
    ) -> tuple[int, dict[str, Any]]:
        """Send a call that boto3 would not, the administrator's if signed; return status and members."""
        host = "cognito-identity.us-east-1.amazonaws.com"
        request = AWSRequest(
            "POST",
            f"https://{host}/",
            data=json.dumps(fields),
            headers={
                "content-type": "application/x-amz-json-1.1",
                "x-amz-target": f"AWSCognitoIdentityService.{operation}",
            },
        )
        if signed:
            key = self.aws.administrator
            signer = SigV4Auth(
                BotoCredentials(key.access_key_id, key.secret_access_key), "cognito-identity", "us-east-1"
            )
            signer.add_auth(request)
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        answer = self.aws.handle(
            Request(host=host, headers={**headers, "host": host}, body=request.data.encode())
        )
        return answer.status, json.loads(answer.body)

    def client(self, service: str, given: dict[str, Any]) -> Any:
        credentials = Credentials(
            access_key_id=given["AccessKeyId"],
            secret_access_key=given["SecretKey"],
            session_token=given["SessionToken"],
        )
        return self.aws.client(service, credentials=credentials)

    def role_of(self, given: dict[str, Any]) -> str:
        """Return the name of the role of credentials, as STS says it."""
        return str(self.client("sts", given).get_caller_identity()["Arn"]).split("/")[1]


@cache
def _first_keys(preset: str, url: str | None, algorithm: Any) -> KeyRing:
    return Issuer(preset, url=url, algorithm=algorithm).keys


def new_issuer(preset: str, clock: Clock, *, url: str | None = None, **options: Any) -> Issuer:
    """Return an issuer that begins with the keys of every earlier one of its name: making them is slow."""
    first = _first_keys(preset, url, options.get("algorithm"))
    ring = KeyRing(new_kid=random_ids.uuid4, uses=first.uses, algorithm=first.algorithm, held=first.held)
    return Issuer(preset, clock=clock, url=url, keys=ring, **options)


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def refusal(raised: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    """Return code and message; every refusal of identity pools is a 400."""
    error = raised.value.response["Error"]
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Code"], error["Message"]
