"""A user pool with clients and users, for its tests: real calls, and tokens judged by PyJWT."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import hmac
import time
from typing import Any

import httpx2
import jwt

from fake_idp import Clock, Issuer
from harness.aws import Aws
from harness.aws.cognito_identity.user_pools import KnownUserPools, UserPool
from harness.aws.cognito_idp.pools import Message, UserPools

PASSWORD = "Correct-horse-9"
FLOWS = [
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_USER_AUTH",
    "ALLOW_CUSTOM_AUTH",
]


class Pool:
    """An account with one user pool in it. Making another gives back its keys, which take long to make."""

    latest: Pool | None = None

    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.clock.freeze(float(int(time.time())))  # signatures are by this machine's time
        self.started = self.clock.now()
        self.aws = Aws(now=self.clock.now, new_issuer=functools.partial(Issuer, clock=self.clock))
        self.idp = self.aws.client("cognito-idp")
        if Pool.latest is not None:
            Pool.latest.issuer.keys.release()
        self.id = str(self.idp.create_user_pool(PoolName="people", **options)["UserPool"]["Id"])
        issuer = self.aws.state(UserPools).issuer(self.id)
        assert isinstance(issuer, Issuer)
        self.issuer = issuer
        Pool.latest = self

    @property
    def url(self) -> str:
        return f"https://cognito-idp.us-east-1.amazonaws.com/{self.id}"

    @property
    def messages(self) -> list[Message]:
        return list(self.aws.state(UserPools).messages)

    def client(self, **options: Any) -> str:
        made = self.idp.create_user_pool_client(
            **{"UserPoolId": self.id, "ClientName": "app", "ExplicitAuthFlows": FLOWS, **options}
        )
        return str(made["UserPoolClient"]["ClientId"])

    def secret(self, client_id: str) -> str:
        found = self.idp.describe_user_pool_client(UserPoolId=self.id, ClientId=client_id)
        return str(found["UserPoolClient"]["ClientSecret"])

    def secret_hash(self, client_id: str, username: str) -> str:
        key, text = self.secret(client_id).encode(), f"{username}{client_id}".encode()
        return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()

    def user(self, name: str, *, permanent: bool = True, **attributes: str) -> str:
        """Make a user; returns ``sub``."""
        made = self.idp.admin_create_user(
            UserPoolId=self.id,
            Username=name,
            TemporaryPassword=PASSWORD,
            UserAttributes=[{"Name": each, "Value": value} for each, value in attributes.items()],
        )["User"]
        if permanent:
            self.idp.admin_set_user_password(
                UserPoolId=self.id, Username=name, Password=PASSWORD, Permanent=True
            )
        return next(each["Value"] for each in made["Attributes"] if each["Name"] == "sub")

    def start(self, client_id: str, flow: str = "USER_PASSWORD_AUTH", **parameters: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.idp.initiate_auth(
            ClientId=client_id, AuthFlow=flow, AuthParameters=parameters
        )
        return answer

    def sign_in(self, client_id: str, name: str = "alice", password: str = PASSWORD) -> dict[str, Any]:
        """``AuthenticationResult`` of a sign-in by password."""
        result: dict[str, Any] = self.start(client_id, USERNAME=name, PASSWORD=password)[
            "AuthenticationResult"
        ]
        return result

    def get(self, url: str, **headers: str) -> httpx2.Response:
        return self.request("GET", url, headers=headers)

    def request(self, method: str, url: str, **options: Any) -> httpx2.Response:
        """Ask a host of AWS, as the application that answers for all of them."""

        async def ask() -> httpx2.Response:
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.aws.app)) as http:
                return await http.request(method, url, **options)

        return asyncio.run(ask())

    def known(self) -> UserPool:
        """The pool as identity pools see it."""
        found = self.aws.state(KnownUserPools).find(self.url.removeprefix("https://"))
        assert found is not None
        return found

    def keys(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"{self.url}/.well-known/jwks.json").json()
        return found

    def claims(self, token: str, *, audience: str | None = None) -> dict[str, Any]:
        """What a token says, after PyJWT has verified it by the published keys."""
        kid = jwt.get_unverified_header(token)["kid"]
        key = next(key for key in self.keys()["keys"] if key["kid"] == kid)
        said: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK(key),
            algorithms=["RS256"],
            audience=audience,
            issuer=self.url,
            options={"verify_exp": False, "verify_iat": False, "verify_aud": audience is not None},
        )
        return said
