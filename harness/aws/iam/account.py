"""The account's identities as moto keeps them, read as records; and what IAM refuses that moto takes.

Nothing is cached here but parsed policies: a policy that is changed, or a role that is deleted, counts at
the next call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends

from harness.aws.credentials import Credentials
from harness.aws.errors import AwsError
from harness.aws.policy import Document, PolicyError, parse

__all__ = ["AccessKey", "Iam", "Provider", "Role", "check_provider_url", "check_trust"]

_MANAGED = "arn:aws:iam::aws:policy/"
_DEFAULT_SESSION = 3600  # seconds; CreateRole, MaxSessionDuration
FULL_ACCESS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
# IAM User Guide, "AWS JSON policy elements: Principal".
_PRINCIPALS = {
    "AWS": re.compile(
        r"\*|\d{12}|A(?:ID|RO)A[A-Z0-9]{16,}"
        r"|arn:aws:(?:iam::\d{12}:(?:root|(?:user|role)/.+)|sts::\d{12}:(?:assumed-role|federated-user)/.+)"
    ),
    "Federated": re.compile(r"arn:aws:iam::\d{12}:(?:oidc|saml)-provider/.+|[a-z0-9-]+(?:\.[a-z0-9-]+)+"),
}


@dataclass(frozen=True, kw_only=True)
class Role:
    """An IAM role.

    Attributes:
        arn: with its path.
        id: ``AROA...``; another one if the role is deleted and made again.
        name: without its path.
        account: account id.
        trust: the trust policy, JSON text.
        max_session_duration: in seconds.
    """

    arn: str
    id: str
    name: str
    account: str
    trust: str
    max_session_duration: int


@dataclass(frozen=True, kw_only=True)
class Provider:
    """An OpenID Connect provider of the account.

    Attributes:
        arn: of the provider.
        url: without ``https://``.
        client_ids: the audiences that are accepted.
        thumbprints: SHA-1 of certificates, 40 hexadecimal digits in lower case.
    """

    arn: str
    url: str
    client_ids: tuple[str, ...]
    thumbprints: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """A user's access key: the secret, whether it is active, and the user's ARN, id and name."""

    secret: str
    active: bool
    user_arn: str
    user_id: str
    user_name: str


class Iam:
    """IAM of one account."""

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id

    @property
    def _moto(self) -> Any:
        return iam_backends[self.account_id]["aws"]

    def role(self, arn: str) -> Role | None:
        """Return a role by its ARN."""
        return next((_role(role) for role in list(self._moto.roles.values()) if role.arn == arn), None)

    def has_role(self, role: Role) -> bool:
        """Tell whether a role still exists, and is not another one of the same name."""
        return role.id in self._moto.roles

    def provider(self, issuer: str) -> Provider | None:
        """Return the provider registered for an issuer, compared to the letter, path and slash included."""
        for provider in list(self._moto.open_id_providers.values()):
            if f"https://{provider.url}" == issuer:
                return Provider(
                    arn=provider.arn,
                    url=provider.url,
                    client_ids=tuple(provider.client_id_list or ()),
                    thumbprints=tuple(each.lower() for each in provider.thumbprint_list or ()),
                )
        return None

    def access_key(self, access_key_id: str) -> AccessKey | None:
        """Return a user's access key; None if there is none such, or its user is gone."""
        key = self._moto.access_keys.get(access_key_id)
        user = self._moto.users.get(key.user_name) if key is not None else None
        if user is None:
            return None
        return AccessKey(
            secret=key.secret_access_key,
            active=key.status == "Active",
            user_arn=user.arn,
            user_id=user.id,
            user_name=user.name,
        )

    def has_user(self, name: str, user_id: str) -> bool:
        """Tell whether a user still exists, and is not another one of the same name."""
        user = self._moto.users.get(name)
        return user is not None and user.id == user_id

    def mfa_seed(self, user_name: str, serial_number: str) -> str | None:
        """Return the base32 seed of a user's virtual MFA device; None where the user has no such device."""
        user = self._moto.users.get(user_name)
        device = self._moto.virtual_mfa_devices.get(serial_number)
        if user is None or device is None or serial_number not in user.mfa_devices:
            return None
        seed: str = device.base32_string_seed
        return seed

    def create_user(
        self, name: str, policy: Mapping[str, Any] = FULL_ACCESS, *, policy_name: str = "AdministratorAccess"
    ) -> Credentials:
        """Make a user with one inline policy, full access by default, and return its access key.

        Without a call to the API, since an account needs somebody who can make the first one.
        """
        user = self._moto.create_user("us-east-1", name)
        user.id = "AIDA" + user.id[:16].upper()  # AWS's prefix for users, which moto leaves out
        self._moto.put_user_policy(name, policy_name, json.dumps(policy))
        key = self._moto.create_access_key(name)
        return Credentials(access_key_id=key.access_key_id, secret_access_key=key.secret_access_key)

    def role_arn(self, name: str) -> str:
        """Return the ARN of a role by its name, with the path of the role if there is one."""
        roles = (role.arn for role in list(self._moto.roles.values()) if role.name == name)
        return next(roles, f"arn:aws:iam::{self.account_id}:role/{name}")

    def role_documents(self, role: Role) -> list[Document]:
        """Return the identity policies of a role."""
        found = self._moto.roles.get(role.id)
        return [] if found is None else list(_documents([found]))

    def user_documents(self, name: str) -> list[Document]:
        """Return the identity policies of a user, those of its groups included."""
        user = self._moto.users.get(name)
        if user is None:
            return []
        groups = [group for group in list(self._moto.groups.values()) if user in group.users]
        return list(_documents([user, *groups]))

    def boundary(self, role: Role) -> list[Document] | None:
        """Return the permissions boundary of a role; None if it has none."""
        found = self._moto.roles.get(role.id)
        arn = found.permissions_boundary_arn if found is not None else None
        return self.managed_documents([arn]) if arn else None

    def managed_documents(self, arns: Iterable[str]) -> list[Document]:
        """Return managed policies by their ARNs; those that do not exist allow nothing and are left out."""
        documents = []
        for arn in arns:
            self.load(arn)
            policy = self._moto.managed_policies.get(arn)
            document = _read(_default_version(policy)) if policy is not None else None
            documents += [document] if document is not None else []
        return documents

    def load(self, arn: str) -> None:
        """Let moto have an AWS managed policy; nothing happens for any other ARN."""
        if not arn.startswith(_MANAGED) or arn in self._moto.managed_policies:
            return
        data = _managed_policy(arn.rpartition("/")[2])
        if data is not None:
            policy = AWSManagedPolicy.from_data(data["name"], self.account_id, "us-east-1", data)
            if policy.arn == arn:
                self._moto.managed_policies[arn] = policy


def _role(role: Any) -> Role:
    return Role(
        arn=role.arn,
        id=role.id,
        name=role.name,
        account=role.account_id,
        trust=role.assume_role_policy_document,
        max_session_duration=int(role.max_session_duration or _DEFAULT_SESSION),
    )


def _documents(identities: Iterable[Any]) -> Iterator[Document]:
    for identity in identities:
        texts = [
            *identity.policies.values(),
            *map(_default_version, list(identity.managed_policies.values())),
        ]
        for text in texts:
            document = _read(text)
            if document is not None:
                yield document


def _default_version(policy: Any) -> str:
    texts = (v.document for v in policy.versions if v.version_id == policy.default_version_id)
    return str(next(texts, ""))


@lru_cache(maxsize=1024)
def _read(text: str) -> Document | None:
    """Parse a stored policy; one that cannot be read allows nothing."""
    try:
        return parse(text)
    except PolicyError:
        return None


@lru_cache(maxsize=64)
def _managed_policy(name: str) -> dict[str, Any] | None:
    """Take one AWS managed policy out of moto's text of them all, which is indented by one space."""
    quoted = json.dumps(name)
    start = aws_managed_policies_data.find(f"\n {quoted}:{{")
    if start < 0:
        return None
    data, _ = json.JSONDecoder().raw_decode(aws_managed_policies_data, start + len(quoted) + 3)
    return {**data, "name": name}


def check_trust(text: str) -> None:
    """Refuse a trust policy whose grammar, or whose principals, IAM does not take."""
    for statement in parse(text, kind="trust").statements:
        for kind, names in (statement.principals or {}).items():
            for name in names:
                pattern = _PRINCIPALS.get(kind)
                if pattern is not None and not pattern.fullmatch(name):
                    raise PolicyError(f'Invalid principal in policy: "{kind.upper()}":"{name}"')


def check_provider_url(url: str) -> None:
    """Refuse what is no issuer: the API reference wants ``https://``, and neither a port nor a query."""
    try:
        parts = urlsplit(url)
        is_issuer = parts.scheme == "https" and bool(parts.hostname) and parts.port is None
    except ValueError:
        is_issuer = False
    if not is_issuer or parts.query or parts.fragment or parts.username is not None:
        raise AwsError("ValidationError", "Invalid Open ID Connect Provider URL")
