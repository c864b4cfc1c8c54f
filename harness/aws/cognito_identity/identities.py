"""The identities of identity pools, and the logins that are linked to them.

Source: Amazon Cognito Developer Guide, "Identity pools authentication flow": a login that nobody has is
linked, one that another identity has merges the two, and of each public provider an identity has one login.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.aws.errors import AwsError

__all__ = ["Identities", "Identity", "Login", "logins_do_not_match", "not_authorized"]

_MAX_LOGINS = 20  # of one identity; API reference, MergeDeveloperIdentities


@dataclass(frozen=True, kw_only=True)
class Login:
    """A person as one login provider knows them.

    Attributes:
        provider: its name in the pool.
        subject: ``sub`` of its tokens, or the developer's own identifier of the user.
    """

    provider: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Identity:
    """An identity of a pool.

    Attributes:
        id: the region, a colon and a UUID.
        pool_id: its pool.
        created: when, in seconds since the epoch.
        modified: when logins were last linked or unlinked, likewise.
        logins: in the order in which they were linked.
        is_guest: whether nobody has ever logged in; an identity that lost its logins is no guest again.
        is_enabled: not so once it was merged into another.
    """

    id: str
    pool_id: str
    created: float
    modified: float
    logins: tuple[Login, ...] = ()
    is_guest: bool = True
    is_enabled: bool = True


class Identities:
    """The identities of one account. Safe to use from several threads."""

    def __init__(self) -> None:
        self._by_id: dict[str, Identity] = {}
        self._owners: dict[tuple[str, Login], str] = {}
        self._lock = threading.RLock()

    def find(self, identity_id: str) -> Identity:
        """Return an identity.

        Raises:
            AwsError: ``ResourceNotFoundException``.
        """
        found = self._by_id.get(identity_id)
        if found is None:
            raise AwsError("ResourceNotFoundException", f"Identity '{identity_id}' not found.")
        return found

    def owner(self, pool_id: str, login: Login) -> Identity | None:
        """Return the identity to which a login is linked."""
        with self._lock:
            return self._by_id.get(self._owners.get((pool_id, login), ""))

    def of_pool(self, pool_id: str) -> list[Identity]:
        """Return the identities of a pool, the oldest first."""
        with self._lock:
            return [one for one in self._by_id.values() if one.pool_id == pool_id]

    def new_guest(self, pool_id: str, *, now: float) -> Identity:
        """Make an identity that nobody is logged in to."""
        with self._lock:
            return self._keep(
                Identity(
                    id=f"{pool_id.partition(':')[0]}:{uuid.uuid4()}",
                    pool_id=pool_id,
                    created=now,
                    modified=now,
                )
            )

    def enter(
        self,
        pool_id: str,
        logins: Iterable[Login],
        *,
        now: float,
        identity: Identity | None = None,
        developer: str | None = None,
    ) -> Identity:
        """Return the identity of ``logins``, linked to all of them.

        Args:
            pool_id: the pool.
            logins: verified, at least one.
            now: seconds since the epoch.
            identity: the one asked for. A guest becomes it, unless the logins have one already, into which
                the guest is merged; an identity that has logins is given for one of them only.
            developer: the developer provider of the pool; an identity may have several users of it.

        Raises:
            AwsError: ``NotAuthorizedException``, when no login is linked to ``identity``;
                ``ResourceConflictException``, when it would have two logins of one public provider, or more
                than 20 in all.
        """
        wanted = list(dict.fromkeys(logins))
        with self._lock:
            owners = {one.id: one for login in wanted if (one := self.owner(pool_id, login)) is not None}
            if identity is not None:
                identity = self.find(identity.id)  # as it is now
                if not identity.is_guest and identity.is_enabled and identity.id not in owners:
                    raise logins_do_not_match()
                if not identity.is_enabled and not owners:
                    raise logins_do_not_match()
            # Whose identity stays when two have logins, AWS does not say: here the one asked for, else the
            # oldest.
            oldest = min(owners.values(), key=lambda one: one.created, default=None)
            asked = identity if identity is not None and (identity.id in owners or not owners) else oldest
            parent = asked or self.new_guest(pool_id, now=now)
            merged = [one for one in owners.values() if one.id != parent.id]
            if identity is not None and identity.is_guest and identity.is_enabled and identity != parent:
                merged.append(identity)
            return self._merge(parent, merged, wanted, now=now, developer=developer)

    def merge(self, parent: Identity, other: Identity, *, now: float, developer: str | None) -> Identity:
        """Give ``parent`` the logins of another identity, which is disabled.

        Raises:
            AwsError: ``ResourceConflictException``, as ``enter``.
        """
        with self._lock:
            return self._merge(self.find(parent.id), [self.find(other.id)], [], now=now, developer=developer)

    def unlink(self, identity: Identity, logins: Iterable[Login], *, now: float) -> None:
        """Take logins from an identity; without any left nobody gets into it."""
        gone = set(logins)
        with self._lock:
            for login in gone:
                self._owners.pop((identity.pool_id, login), None)
            identity = self.find(identity.id)  # as it is now
            left = tuple(login for login in identity.logins if login not in gone)
            self._keep(replace(identity, logins=left, modified=now))

    def delete(self, identity_id: str) -> bool:
        """Forget an identity and its logins; tell whether it was there."""
        with self._lock:
            found = self._by_id.pop(identity_id, None)
            if found is None:
                return False
            for login in found.logins:
                self._owners.pop((found.pool_id, login), None)
            return True

    def _merge(
        self,
        parent: Identity,
        others: Iterable[Identity],
        more: Iterable[Login],
        *,
        now: float,
        developer: str | None,
    ) -> Identity:
        others = list(others)
        logins = dict.fromkeys([*parent.logins, *(each for one in others for each in one.logins), *more])
        public = [login.provider for login in logins if login.provider != developer]
        if len(public) != len(set(public)) or len(logins) > _MAX_LOGINS:
            # The code is that of the developer guide ("Linking logins"); the text is ours.
            raise AwsError("ResourceConflictException", "Logins are already linked to another account.")
        for one in others:
            self._keep(replace(one, logins=(), is_enabled=False, modified=now))
        if parent.logins == tuple(logins) and not parent.is_guest:
            return parent
        return self._keep(replace(parent, logins=tuple(logins), is_guest=False, modified=now))

    def _keep(self, identity: Identity) -> Identity:
        self._by_id[identity.id] = identity
        for login in identity.logins:
            self._owners[identity.pool_id, login] = identity.id
        return identity


def not_authorized(message: str) -> AwsError:
    """Return Cognito's refusal of a login."""
    return AwsError("NotAuthorizedException", message)


def logins_do_not_match() -> AwsError:
    """Return the refusal of logins that are good, but not for this identity (amplify-js#2443)."""
    return not_authorized(
        "Logins don't match. Please include at least one valid login for this identity or identity pool."
    )
