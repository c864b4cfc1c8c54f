"""An Identity Center for tests: an account with an instance, people, and a permission set."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from botocore.exceptions import ClientError

from fake_idp import Issuer
from harness.aws import Aws

CUSTOM = "arn:aws:sso::aws:applicationProvider/custom"
READ_ONLY = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
CALLBACK = "http://127.0.0.1/oauth/callback"
OIDC_HOST = "oidc.us-east-1.amazonaws.com"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class Center:
    """An account with an instance whose permission sets are enabled.

    Attributes:
        aws: the account.
        now, clock: its time, which may be moved; the same as a clock for issuers.
        admin, store, oidc, portal: boto3's clients.
        instance: the ARN of the instance.
        store_id: of its identity store.
    """

    def __init__(
        self, *, region: str = "us-east-1", account_id: str = "310987654321", **options: Any
    ) -> None:
        self.now = float(int(time.time()))
        self.clock: Any = _Clock(self)
        self.aws = Aws(
            account_id=account_id,
            region=region,
            now=lambda: self.now,
            new_issuer=functools.partial(Issuer, clock=self.clock),
            **options,
        )
        self.admin = self.aws.client("sso-admin")
        self.store = self.aws.client("identitystore")
        self.oidc = self.aws.client("sso-oidc")
        self.portal = self.aws.client("sso")
        self.instance = self.admin.create_instance(Name="people")["InstanceArn"]
        self.admin.update_instance(InstanceArn=self.instance, PermissionSetsEnabled=True)
        described = self.admin.describe_instance(InstanceArn=self.instance)
        self.store_id = described["IdentityStoreId"]

    @property
    def start_url(self) -> str:
        return f"https://{self.store_id}.awsapps.com/start"

    def user(self, name: str = "alice", **members: Any) -> str:
        """Create a user; return the id."""
        made = self.store.create_user(
            IdentityStoreId=self.store_id,
            UserName=name,
            DisplayName=name.title(),
            Name={"GivenName": name.title(), "FamilyName": "Jones"},
            **members,
        )
        return str(made["UserId"])

    def group(self, name: str, *users: str) -> str:
        """Create a group with members; return the id."""
        made = self.store.create_group(IdentityStoreId=self.store_id, DisplayName=name)
        for user in users:
            self.store.create_group_membership(
                IdentityStoreId=self.store_id, GroupId=made["GroupId"], MemberId={"UserId": user}
            )
        return str(made["GroupId"])

    def permission_set(self, name: str = "Readers", *, policy: str = READ_ONLY, **members: Any) -> str:
        """Create a permission set with an AWS managed policy; return the ARN."""
        made = self.admin.create_permission_set(InstanceArn=self.instance, Name=name, **members)
        arn = str(made["PermissionSet"]["PermissionSetArn"])
        self.admin.attach_managed_policy_to_permission_set(
            InstanceArn=self.instance, PermissionSetArn=arn, ManagedPolicyArn=policy
        )
        return arn

    def assignment(self, permission_set: str, principal: str, kind: str = "USER") -> dict[str, Any]:
        """What says who gets which permission set in this account."""
        return {
            "InstanceArn": self.instance,
            "PermissionSetArn": permission_set,
            "TargetId": self.aws.account_id,
            "TargetType": "AWS_ACCOUNT",
            "PrincipalType": kind,
            "PrincipalId": principal,
        }

    def assign(self, permission_set: str, principal: str, kind: str = "USER") -> dict[str, Any]:
        """Give a permission set to somebody; return the status."""
        made = self.admin.create_account_assignment(**self.assignment(permission_set, principal, kind))
        status: dict[str, Any] = made["AccountAssignmentCreationStatus"]
        return status

    def application(self, name: str = "cloudwatch-mcp-server") -> str:
        """Create an application; return the ARN."""
        made = self.admin.create_application(
            InstanceArn=self.instance, Name=name, ApplicationProviderArn=CUSTOM
        )
        return str(made["ApplicationArn"])

    def roles(self) -> list[dict[str, Any]]:
        """The account's roles of permission sets."""
        found: list[dict[str, Any]] = self.aws.client("iam").list_roles(
            PathPrefix="/aws-reserved/sso.amazonaws.com/"
        )["Roles"]
        return found

    def client(self, **options: Any) -> dict[str, str]:
        """Register a client; return its id and secret."""
        made = self.oidc.register_client(clientName="cli", clientType="public", **options)
        return {"clientId": made["clientId"], "clientSecret": made["clientSecret"]}

    def sign_in(self, user: str = "alice", *, scopes: tuple[str, ...] = ("sso:account:access",)) -> str:
        """Sign somebody in with a device code; return the access token."""
        from harness.aws.identity_center.sign_in import Devices

        client = self.client(scopes=list(scopes)) if scopes else self.client()
        device = self.oidc.start_device_authorization(**client, startUrl=self.start_url)
        self.aws.state(Devices).approve(device["userCode"], user=user)
        made = self.oidc.create_token(**client, grantType=DEVICE_CODE, deviceCode=device["deviceCode"])
        return str(made["accessToken"])


class _Clock:
    """The clock of issuers: that of the account."""

    def __init__(self, center: Center) -> None:
        self._center = center

    def now(self) -> float:
        return self._center.now

    def reset(self) -> None:
        """Nothing to be undone."""


def browse(
    center: Center,
    url: str,
    form: dict[str, str] | None = None,
    *,
    method: str | None = None,
    origin: str | None = None,
) -> tuple[int, dict[str, str], str]:
    """Ask the application of AWS for a page: status, headers, text."""
    at = urlsplit(url)
    headers = {"host": at.netloc, **({"origin": origin} if origin else {})}
    sent: list[dict[str, Any]] = []
    body = urlencode(form).encode() if form is not None else b""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: Any) -> None:
        sent.append(event)

    scope = {
        "type": "http",
        "method": method or ("GET" if form is None else "POST"),
        "path": at.path or "/",
        "raw_path": (at.path or "/").encode(),
        "query_string": at.query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(center.aws.app(scope, receive, send))
    received = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], received, sent[1]["body"].decode()


def request_of(client_id: str, verifier: str, **changes: str) -> dict[str, str]:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": CALLBACK,
        "state": "abc",
        "code_challenge_method": "S256",
        "code_challenge": challenge,
        **changes,
    }


def authorize(center: Center, client_id: str, verifier: str, **changes: str) -> dict[str, str]:
    """Go to the authorization endpoint, which must send the browser back; return with what."""
    query = urlencode(request_of(client_id, verifier, **changes))
    status, headers, _ = browse(center, f"https://{OIDC_HOST}/authorize?{query}")
    assert status == 302
    return dict(parse_qsl(urlsplit(headers["location"]).query))


@contextmanager
def new_center(**options: Any) -> Iterator[Center]:
    """An Identity Center that ends with the test."""
    center = Center(**options)
    yield center
    center.aws.close()


@contextmanager
def refused(code: str, match: str | None = None, *, status: int = 400) -> Iterator[Any]:
    """Expect a refusal of AWS."""
    with pytest.raises(ClientError, match=match) as caught:
        yield caught
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
