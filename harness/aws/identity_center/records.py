"""What Identity Center keeps of an account: the instance, and everything that belongs to it."""

from __future__ import annotations

import base64
import secrets
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from harness.aws.identity_center.directory.store import IdentityStore, User
from harness.aws.times import moment

if TYPE_CHECKING:
    from harness.aws.front import Aws
    from harness.aws.issuers import Issuer

__all__ = [
    "Application",
    "Assignment",
    "IdentityCenter",
    "Instance",
    "PermissionSet",
    "Principal",
    "Request",
    "TokenIssuer",
    "new_client_id",
    "new_id",
    "new_request",
]


def new_id() -> str:
    """Return what follows ``ssoins-``, ``ps-`` and ``apl-``: 16 hexadecimal digits."""
    return secrets.token_hex(8)


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Somebody to whom access is given: ``USER`` or ``GROUP``, and its id in the identity store."""

    kind: str
    id: str


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """That a principal has a permission set in the account."""

    permission_set: str
    principal: Principal


@dataclass(kw_only=True)
class PermissionSet:
    """A permission set.

    Attributes:
        arn, name: as AWS has them.
        created: when.
        members: what else it was created or updated with, by the names of AWS's model.
        managed: ARNs of the AWS managed policies.
        customer: (path, name) of the account's own policies.
        inline: the inline policy, JSON text.
        boundary: the permissions boundary, as it was put.
        suffix: the last part of the names of its roles.
        role_arn: the role that it was provisioned as; None where it is in no account.
        is_latest: whether that role is as the permission set is now.
    """

    arn: str
    name: str
    created: datetime
    members: dict[str, Any]
    managed: list[str] = field(default_factory=list)
    customer: list[tuple[str, str]] = field(default_factory=list)
    inline: str | None = None
    boundary: Mapping[str, Any] | None = None
    suffix: str = field(default_factory=new_id)
    role_arn: str | None = None
    is_latest: bool = False


@dataclass(kw_only=True)
class TokenIssuer:
    """A trusted token issuer: its ARN, name and ``OidcJwtConfiguration``."""

    arn: str
    name: str
    configuration: dict[str, Any]


@dataclass(kw_only=True)
class Application:
    """A customer managed application.

    Attributes:
        arn, provider_arn, name: as AWS has them.
        created: when.
        region: where.
        client_id: by which its ID tokens name it.
        members: what else it was created or updated with, by the names of AWS's model.
        grants: configurations by grant type.
        actor_policy: who may get tokens for it by ``CreateTokenWithIAM``; None until a method is put.
        scopes: authorized targets by access scope.
        principals: to whom it is assigned.
        requires_assignment: whether only they may use it.
        has_background_sessions: ``ENABLED`` or ``DISABLED``.
    """

    arn: str
    provider_arn: str
    name: str
    created: datetime
    region: str
    client_id: str
    members: dict[str, Any]
    grants: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    actor_policy: Mapping[str, Any] | None = None
    scopes: dict[str, list[str]] = field(default_factory=dict)
    principals: list[Principal] = field(default_factory=list)
    requires_assignment: bool = True
    has_background_sessions: str = "DISABLED"

    @property
    def is_enabled(self) -> bool:
        """Whether anybody gets tokens for it."""
        return bool(self.members["Status"] == "ENABLED")


@dataclass(frozen=True, kw_only=True)
class Request:
    """The outcome of what AWS does after its answer: of an assignment, its deletion, or a provisioning.

    Attributes:
        kind: ``creation``, ``deletion`` or ``provisioning``.
        id: a UUID.
        members: the status record, by the names of AWS's model.
    """

    kind: str
    id: str
    members: Mapping[str, Any]


@dataclass(kw_only=True)
class Instance:
    """An instance of Identity Center.

    Attributes:
        id: ``ssoins-`` and 16 hexadecimal digits.
        account: who owns it.
        region: its primary region.
        created: when.
        store: its users and groups.
        name: empty unless it was given one.
        has_permission_sets: whether they have been enabled; an account instance begins without.
        permission_sets, applications, token_issuers: by ARN.
        assignments: of permission sets to principals.
        requests: by their ids.
        tags: by the ARN of a resource.
        access_control: which attributes of users become tags of their sessions; None while that is off.
        saml_provider: the name of the SAML provider that the roles trust.
    """

    id: str
    account: str
    region: str
    created: datetime
    store: IdentityStore
    name: str = ""
    has_permission_sets: bool = False
    permission_sets: dict[str, PermissionSet] = field(default_factory=dict)
    applications: dict[str, Application] = field(default_factory=dict)
    token_issuers: dict[str, TokenIssuer] = field(default_factory=dict)
    assignments: list[Assignment] = field(default_factory=list)
    requests: dict[str, Request] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    access_control: list[Mapping[str, Any]] | None = None
    saml_provider: str = field(default_factory=lambda: f"AWSSSO_{new_id()}_DO_NOT_DELETE")
    _issuer: Issuer | None = field(default=None, repr=False)

    @property
    def arn(self) -> str:
        """``arn:aws:sso:::instance/ssoins-...``."""
        return f"arn:aws:sso:::instance/{self.id}"

    @property
    def issuer_url(self) -> str:
        """The ``iss`` of its ID tokens, and what a client that uses PKCE names as its ``issuerUrl``."""
        return f"https://identitycenter.amazonaws.com/{self.id}"

    @property
    def start_url(self) -> str:
        """The address of its access portal."""
        return f"https://{self.store.id}.awsapps.com/start"

    def answers_to(self, url: str) -> bool:
        """Tell whether a start URL or issuer URL is its own; clients write either with ``/`` or ``#/``."""
        return url.rstrip("/").removesuffix("#").rstrip("/") in {self.start_url, self.issuer_url}

    def issuer(self, aws: Aws) -> Issuer:
        """Return who signs its ID tokens.

        Raises:
            AwsError: ``NotImplemented``, where this AWS was built without issuers.
        """
        with aws.state(IdentityCenter).lock:
            if self._issuer is None:
                self._issuer = aws.new_issuer("identity_center", url=self.issuer_url)
            return self._issuer

    def is_principal(self, user: User, principal: Principal) -> bool:
        """Tell whether a user is the principal, or in the group that it is."""
        if principal.kind == "USER":
            return principal.id == user.id
        return self.store.is_member(user.id, principal.id)

    def permission_sets_of(self, user: User) -> Iterator[PermissionSet]:
        """Yield the permission sets that a user has, by name."""
        arns = {each.permission_set for each in self.assignments if self.is_principal(user, each.principal)}
        yield from sorted((self.permission_sets[arn] for arn in arns), key=lambda each: each.name)

    def forget(self, principal: Principal) -> None:
        """Take from somebody who is no more what was given to them."""
        self.assignments = [each for each in self.assignments if each.principal != principal]
        for application in self.applications.values():
            application.principals = [each for each in application.principals if each != principal]

    def may_use(self, user: User, application: Application) -> bool:
        """Tell whether a user may use an application."""
        return not application.requires_assignment or any(
            self.is_principal(user, principal) for principal in application.principals
        )


class IdentityCenter:
    """Identity Center of one account, in all its regions.

    Attributes:
        lock: held by whoever reads or changes the records.
        instances: by ARN; an account has one at most.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.instances: dict[str, Instance] = {}

    def by_url(self, url: str, region: str) -> Instance | None:
        """Return the instance of a start URL or issuer URL, if it is in this region."""
        found = (each for each in self.instances.values() if each.region == region and each.answers_to(url))
        return next(found, None)

    def by_store(self, store_id: str) -> Instance | None:
        """Return the instance of an identity store, by the store's id or ARN."""
        name = store_id.rpartition("/")[2]
        return next((each for each in self.instances.values() if each.store.id == name), None)

    def application(self, arn: str) -> tuple[Instance, Application] | None:
        """Return an application by its ARN, and the instance that it belongs to."""
        for instance in self.instances.values():
            if arn in instance.applications:
                return instance, instance.applications[arn]
        return None


def new_client_id(region: str) -> str:
    """Return a client id: random, and the region in base64url, as in the samples of the documentation."""
    return f"{secrets.token_urlsafe(16)}-{base64.urlsafe_b64encode(region.encode()).decode().rstrip('=')}"


def new_request(kind: str, now: float, **members: Any) -> Request:
    """Return the outcome of a request that AWS has carried out at once."""
    number = str(uuid.uuid4())
    return Request(kind=kind, id=number, members={"RequestId": number, "CreatedDate": moment(now), **members})
