"""The ring of signing keys that an issuer publishes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from fake_idp import algorithms, key_pool
from fake_idp.algorithms import Algorithm
from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.jws import json_bytes
from fake_idp.key import Key

__all__ = ["Held", "KeyRing", "KeyState"]

KeyState = Literal["next", "current", "previous", "retired"]


@dataclass(frozen=True, kw_only=True)
class Held:
    """A key in a ring.

    Attributes:
        key: the key.
        use: which tokens it signs, one of the ring's uses.
        state: ``next`` is published but does not sign yet, ``current`` signs, ``previous`` is still
            published, ``retired`` is not published any more.
        members: members of its JWK that are added or said otherwise; None leaves a member out.
    """

    key: Key
    use: str
    state: KeyState
    members: Mapping[str, Any] = field(default_factory=dict)

    def jwk(self, shape: Callable[[Key], dict[str, Any]] = Key.public_jwk) -> dict[str, Any]:
        """The JWK as it is published; ``shape`` says which members a vendor has."""
        said = shape(self.key) | dict(self.members)
        return {name: value for name, value in said.items() if value is not None}


class KeyRing:
    """The keys of one issuer: what it signs with, what it publishes, what it has withdrawn.

    Most issuers sign everything with one key. A Cognito user pool signs ID tokens and access tokens
    with different ones, so a ring has ``uses`` and a current key for each. Reading takes no lock.

    Args:
        new_kid: makes a key id in the vendor's form.
        uses: the names of the uses; the first is the one that ``current`` speaks of.
        algorithm: of the keys that this ring makes; a mapping where it is not the same for every use.
        held: the keys to begin with; made afresh when left out.

    Attributes:
        version: a number that grows with every change.
    """

    def __init__(
        self,
        *,
        new_kid: Callable[[], str],
        uses: Sequence[str] = ("sig",),
        algorithm: Algorithm | Mapping[str, Algorithm] = "RS256",
        held: Iterable[Held] = (),
    ) -> None:
        self.uses = tuple(uses)
        self.version = 0
        self._algorithms: dict[str, Algorithm] = {
            use: algorithms.check(algorithm if isinstance(algorithm, str) else algorithm.get(use, "RS256"))
            for use in self.uses
        }
        self._new_kid = new_kid
        self._lock = threading.RLock()
        self._foreign: tuple[Mapping[str, Any], ...] = ()
        self._held: tuple[Held, ...] = tuple(held)
        missing = [use for use in self.uses if not self._find(use, "current")]
        made = (Held(key=self._make(use), use=use, state="current") for use in missing)
        self._change((*self._held, *made))

    @property
    def algorithm(self) -> Algorithm:
        """What the ring signs with (one with several uses: in the first of them)."""
        return self._algorithms[self.uses[0]]

    @property
    def current(self) -> Key:
        """The key that signs now (for a ring with several uses: for the first of them)."""
        return self.signing(self.uses[0])

    @property
    def held(self) -> tuple[Held, ...]:
        """Every key with its use and state, oldest first."""
        return self._held

    @property
    def published(self) -> tuple[Key, ...]:
        """The keys in the JWKS, oldest first."""
        return tuple(held.key for held in self._held if held.state != "retired")

    @property
    def retired(self) -> tuple[Key, ...]:
        """The keys that were withdrawn, oldest first. ``mint(key=...)`` still takes them."""
        return tuple(held.key for held in self._held if held.state == "retired")

    def signing(self, use: str) -> Key:
        """The key that signs tokens of that use now."""
        try:
            return self._current[use]
        except KeyError:
            raise UnknownName("key use", use, self.uses) from None

    def get(self, kid: str) -> Key:
        """Find a key by its id, retired ones included. Of several with one id: the one that signs, or
        else the newest that is published, or else the newest.

        Raises:
            UnknownName: no key of this ring has that id.
        """
        rank = {"current": 2, "next": 1, "previous": 1, "retired": 0}
        named = [held for held in reversed(self._held) if held.key.kid == kid]
        if not named:
            raise UnknownName("key", kid, (held.key.kid for held in self._held))
        return max(named, key=lambda held: rank[held.state]).key

    def announce(
        self, *, use: str | None = None, algorithm: Algorithm | None = None, kid: str | None = None
    ) -> Key:
        """Publish the next keys without signing with them yet, as Okta does before it rotates.

        Args:
            use: of that use only.
            algorithm: of the new keys, and of those after them; as before when left out.
            kid: the new key's id, for instance one that an old key had; a fresh one when left out.

        Returns:
            The next key (of the first use, when there are several).

        Raises:
            UnknownName: there is no such use or algorithm.
            InvalidValue: a next key is there already, and it is not like that; or one ``kid`` was
                given for the keys of several uses.
        """
        with self._lock:
            uses = self._chosen(use)
            if kid is not None and len(uses) > 1:
                raise InvalidValue("kid", f"give the use too: {' or '.join(self.uses)}")
            if algorithm is not None:
                algorithms.check(algorithm)
            for each in uses:
                for held in self._find(each, "next"):
                    if kid not in (None, held.key.kid) or algorithm not in (None, held.key.algorithm):
                        raise InvalidValue("next key", f"is announced already: {held.key!r}; rotate first")
            missing = [each for each in uses if not self._find(each, "next")]
            if algorithm is not None:
                self._algorithms |= dict.fromkeys(missing, algorithm)
            if missing:
                made = (Held(key=self._make(each, kid), use=each, state="next") for each in missing)
                self._change((*self._held, *made))
            return self._find(uses[0], "next")[0].key

    def rotate(
        self,
        overlap: bool = True,
        *,
        use: str | None = None,
        algorithm: Algorithm | None = None,
        kid: str | None = None,
    ) -> Key:
        """Sign with new keys from now on: the announced ones if there are any.

        Args:
            overlap: keep publishing the old keys, so that tokens in flight stay good. When False the
                old keys are withdrawn at once, with everything they signed.
            use: as for ``announce``.
            algorithm: as for ``announce``.
            kid: as for ``announce``. With the old key's id and no overlap the id is used again for
                another key, which a verifier that caches by id does not notice.

        Returns:
            The new current key (of the first use, when there are several).

        Raises:
            UnknownName: as for ``announce``.
            InvalidValue: as for ``announce``.
        """
        with self._lock:
            self.announce(use=use, algorithm=algorithm, kid=kid)
            uses = self._chosen(use)
            become: dict[KeyState, KeyState] = {
                "next": "current",
                "current": "previous" if overlap else "retired",
            }
            if not overlap:
                become["previous"] = "retired"
            self._change(
                replace(held, state=become.get(held.state, held.state)) if held.use in uses else held
                for held in self._held
            )
            return self.signing(uses[0])

    def add(
        self,
        key: Key,
        *,
        use: str | None = None,
        state: KeyState = "previous",
        members: Mapping[str, Any] | None = None,
    ) -> None:
        """Take in a key that was made elsewhere.

        Args:
            key: the key.
            use: what it is for; the first use when left out.
            state: ``current`` puts it in the place of the one that signs, which stays published.
            members: as ``Held`` has them.

        Raises:
            UnknownName: there is no such use.
        """
        with self._lock:
            chosen = self._chosen(use or self.uses[0])[0]
            before: Iterable[Held] = self._held
            if state == "current":
                before = [
                    replace(held, state="previous") if (held.use, held.state) == (chosen, "current") else held
                    for held in self._held
                ]
            self._change((*before, Held(key=key, use=chosen, state=state, members=dict(members or {}))))

    def retire(self, kid: str) -> None:
        """Withdraw a key from the JWKS.

        Raises:
            UnknownName: no key of this ring has that id.
            InvalidValue: it is signing; rotate first.
        """
        self._move(kid, lambda held: held.state != "current", "retired", "is signing; rotate first")

    def reinstate(self, kid: str) -> None:
        """Publish a retired key again, without signing with it.

        Raises:
            UnknownName: no key of this ring has that id.
            InvalidValue: it is published already.
        """
        self._move(kid, lambda held: held.state == "retired", "previous", "is published already")

    def amend(self, kid: str, members: Mapping[str, Any]) -> None:
        """Publish a key's JWK with these members added or said otherwise; None leaves a member out.

        ``amend(kid, {"use": "enc"})``, ``amend(kid, {"kid": None})``, ``amend(kid, key.jwk(private=True))``;
        ``amend(kid, {})`` publishes it again as it is.

        Raises:
            UnknownName: no key of this ring has that id.
            InvalidValue: a member has no JSON form.
        """
        json_bytes(members, what="JWK member")
        with self._lock:
            key = self.get(kid)
            self._change(
                replace(held, members=dict(members)) if held.key is key else held for held in self._held
            )

    def include(self, *jwks: Mapping[str, Any]) -> None:
        """Publish these JWKs too, as they are, after the ring's own and in place of those included before.

        Raises:
            InvalidValue: one has no JSON form.
        """
        for jwk in jwks:
            json_bytes(jwk, what="JWK member")
        with self._lock:
            self._foreign = tuple(dict(jwk) for jwk in jwks)
            self._change(self._held)

    def restore(self, held: Iterable[Held]) -> None:
        """Take over these keys in place of the present ones, for instance as another process saved them."""
        with self._lock:
            self._change(held)

    def release(self) -> None:
        """Give up every key: the issuer is at its end. Its RSA keys go to issuers yet to come.

        Those publish them under new key ids, so a token of this ring is no good there.
        """
        with self._lock:
            for held in self._held:
                held.key.release()
            self._change(())

    def jwks(
        self,
        shape: Callable[[Key], dict[str, Any]] = Key.public_jwk,
        *,
        uses: Iterable[str] | None = None,
    ) -> dict[str, Any]:
        """The JWK Set of the published keys (RFC 7517 section 5).

        Args:
            shape: which members each JWK has.
            uses: whose keys are published; every use's when left out.
        """
        shown = self.uses if uses is None else tuple(uses)
        own = [held.jwk(shape) for held in self._held if held.state != "retired" and held.use in shown]
        return {"keys": own + [dict(jwk) for jwk in self._foreign]}

    def _change(self, held: Iterable[Held]) -> None:
        """Let these be the keys; the only place where they change."""
        self._held = tuple(held)
        self._current = {held.use: held.key for held in self._held if held.state == "current"}
        self._algorithms |= {use: key.algorithm for use, key in self._current.items()}
        self.version += 1

    def _move(self, kid: str, may: Callable[[Held], bool], state: KeyState, why_not: str) -> None:
        with self._lock:
            self.get(kid)
            moved = [held for held in self._held if held.key.kid == kid and may(held)]
            if not moved:
                raise InvalidValue(f"key {kid!r}", why_not)
            self._change(replace(held, state=state) if held in moved else held for held in self._held)

    def _chosen(self, use: str | None) -> tuple[str, ...]:
        if use is not None and use not in self.uses:
            raise UnknownName("key use", use, self.uses)
        return self.uses if use is None else (use,)

    def _make(self, use: str, kid: str | None = None) -> Key:
        algorithm = self._algorithms[use]
        if algorithm.startswith(("RS", "PS")):
            key_pool.prepare()
        return Key(self._new_kid() if kid is None else kid, algorithm=algorithm)

    def _find(self, use: str, state: KeyState) -> list[Held]:
        return [held for held in self._held if held.use == use and held.state == state]
