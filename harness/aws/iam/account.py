"""The account's identities as moto keeps them, read as records.

Nothing is cached here but parsed policies: a policy that is changed, or a role that is deleted, counts at
the next call.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moto.core.utils import utcnow
from moto.iam import models
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.iam.utils import generate_access_key_id_from_account_id

from harness.aws.credentials import Credentials
from harness.aws.policy import Document, Policies, PolicyError, parse
from harness.aws.tags import by_key

__all__ = ["AccessKey", "Iam", "Provider", "Role", "Source"]

# The dates of IAM's answers are whole seconds (its API reference); moto's have fractions.
models.utcnow = lambda: utcnow().replace(microsecond=0)

_MANAGED = "arn:aws:iam::aws:policy/"
_DEFAULT_SESSION = 3600  # seconds; CreateRole, MaxSessionDuration
FULL_ACCESS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
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

    @property
    def trust_document(self) -> Document | None:
        """The trust policy; None if it cannot be read."""
        return _read(self.trust)


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


@dataclass(frozen=True, kw_only=True)
class Source:
    """A policy and where it is from, as the policy simulator tells it.

    Attributes:
        id: its name, or its ARN when it is a managed one.
        type: ``user``, ``group``, ``role``, ``aws-managed``, ``user-managed`` or ``IAM Policy``.
        document: the policy.
    """

    id: str
    type: str
    document: Document


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
        # AWS's form of a user's id, which moto's has not.
        user.id = generate_access_key_id_from_account_id(self.account_id, prefix="AIDA", total_length=21)
        self._moto.put_user_policy(name, policy_name, json.dumps(policy))
        key = self._moto.create_access_key(name)
        return Credentials(access_key_id=key.access_key_id, secret_access_key=key.secret_access_key)

    def replace_key(self, name: str, credentials: Credentials) -> None:
        """Give a user an access key that exists already, in the place of its first one."""
        key = self._moto.users[name].access_keys[0]
        del self._moto.access_keys[key.access_key_id]
        key.access_key_id, key.secret_access_key = credentials.access_key_id, credentials.secret_access_key
        self._moto.access_keys[key.access_key_id] = key

    def role_arn(self, name: str) -> str:
        """Return the ARN of a role by its name, with the path of the role if there is one."""
        roles = (role.arn for role in list(self._moto.roles.values()) if role.name == name)
        return next(roles, f"arn:aws:iam::{self.account_id}:role/{name}")

    def role_policies(self, role: Role) -> Policies:
        """Return the identity policies of a role, and its permissions boundary."""
        found = self._moto.roles.get(role.id)
        return self.sources(found, "role")[1] if found is not None else Policies()

    def user_policies(self, name: str) -> Policies:
        """Return the identity policies of a user, those of its groups included, and its boundary."""
        user = self._moto.users.get(name)
        return self.sources(user, "user")[1] if user is not None else Policies()

    def sources(self, record: Any, kind: str) -> tuple[list[Source], Policies]:
        """Return the policies of a user, group or role of moto's, each with where it is from.

        Args:
            record: moto's record of it.
            kind: ``user``, ``group`` or ``role``.
        """
        every = list(self._moto.groups.values()) if kind == "user" else []
        groups = [group for group in every if record in group.users]
        found = [
            *_sources(record, kind),
            *(source for group in groups for source in _sources(group, "group")),
        ]
        arn = getattr(record, "permissions_boundary_arn", None)  # of a user, only once it has had one
        boundary = self.managed_documents([arn]) if arn else None
        return found, Policies(identity=[source.document for source in found], boundary=boundary)

    def role_tags(self, role: Role) -> dict[str, str]:
        """Return the tags of a role."""
        found = self._moto.roles.get(role.id)
        return by_key(found.tags) if found is not None else {}

    def user_tags(self, name: str) -> dict[str, str]:
        """Return the tags of a user."""
        user = self._moto.users.get(name)
        return by_key(user.tags) if user is not None else {}

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


def _sources(record: Any, kind: str) -> Iterator[Source]:
    for name, text in list(record.policies.items()):
        document = _read(text)
        if document is not None:
            yield Source(id=name, type=kind, document=document)
    for arn, policy in list(record.managed_policies.items()):
        document = _read(_default_version(policy))
        if document is not None:
            yield Source(
                id=arn, type="aws-managed" if arn.startswith(_MANAGED) else "user-managed", document=document
            )


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
