"""The issuer: a name, keys, and tokens in one vendor's shape."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from fake_idp.app import ASGIApp, IssuerApp
from fake_idp.clock import Clock
from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.faults import Endpoint, Faults
from fake_idp.forgeries import forge
from fake_idp.journal import Journal
from fake_idp.keys import Algorithm, Key, KeyRing
from fake_idp.presets import Preset, TokenRequest, TokenUse, find_preset
from fake_idp.presets.base import DISCOVERY, address, path_of
from fake_idp.tokens import Draft

__all__ = ["Issuer"]


class Issuer:
    """A fake OIDC issuer. It needs no server to mint; ``app`` publishes what others need.

    Its name (``url``, the ``iss`` of its tokens) and its address are two things: the name is the
    vendor's unless one is given, and whoever runs ``app`` decides where it answers.

    Args:
        preset: a vendor by name, or a preset of your own.
        url: the issuer identifier, exactly as tokens carry it, trailing slash and all.
        audience: what honest access tokens carry as ``aud``, where the vendor has audiences.
        client_id: the client that honest tokens are for.
        scope: the scopes of a token that is not given any; a list, or a string with spaces.
        clock: by which tokens are dated; a clock of its own when left out.
        algorithm: of the signing keys.
        keys: a key ring to take over.

    Raises:
        UnknownName: no such preset or algorithm.
        InvalidValue: the url is not an absolute http or https URL without query and fragment
            (OpenID Connect Discovery 1.0 section 3).
    """

    def __init__(
        self,
        preset: str | Preset = "plain",
        *,
        url: str | None = None,
        audience: str | None = None,
        client_id: str | None = None,
        scope: str | Sequence[str] | None = None,
        clock: Clock | None = None,
        algorithm: Algorithm = "RS256",
        keys: KeyRing | None = None,
    ) -> None:
        self.preset = find_preset(preset) if isinstance(preset, str) else preset
        self.url = _checked_url(self.preset.url if url is None else url)
        self.client_id = self.preset.client_id if client_id is None else client_id
        self.audience = (self.preset.audience or self.client_id) if audience is None else audience
        self.scope = self.preset.scope if scope is None else _scopes(scope)
        self.clock = clock or Clock()
        self.keys = keys or KeyRing(
            new_kid=self.preset.new_kid, uses=self.preset.key_uses, algorithm=algorithm
        )
        self.faults = Faults()
        self.journal = Journal()
        self.app: ASGIApp = IssuerApp(self)

    def __repr__(self) -> str:
        return f"Issuer({self.preset.name!r}, url={self.url!r})"

    @property
    def host(self) -> str:
        """The host of the issuer's name, without a port."""
        return urlsplit(self.url).hostname or ""

    @property
    def discovery_url(self) -> str:
        """Where OpenID Connect Discovery 1.0 section 4 looks for the metadata."""
        return address(self.url) + DISCOVERY

    @property
    def jwks_url(self) -> str:
        """Where the keys are, by the issuer's name."""
        return address(self.url) + self.preset.jwks_path

    @property
    def routes(self) -> dict[str, Endpoint]:
        """The paths that ``app`` answers."""
        routes: dict[str, Endpoint] = dict.fromkeys(self.preset.metadata_paths(self.url), "discovery")
        return routes | {path_of(self.url) + self.preset.jwks_path: "jwks"}

    def renamed(self, *, url: str | None = None, client_id: str | None = None) -> Issuer:
        """The same keys and defaults under another name or for another client; faults and journal are new.

        Raises:
            InvalidValue: the url is none that an issuer can have.
        """
        return Issuer(
            self.preset,
            url=self.url if url is None else url,
            client_id=self.client_id if client_id is None else client_id,
            audience=self.audience,
            scope=self.scope,
            clock=self.clock,
            keys=self.keys,
        )

    def discovery(self) -> dict[str, Any]:
        """The discovery document, with what the vendor leaves out left out."""
        return self.preset.discovery(self.url, algorithm=self.keys.algorithm)

    def mint(
        self,
        sub: str = "alice",
        *,
        claims: Mapping[str, Any] | None = None,
        without: Iterable[str] = (),
        expires_in: float | None = None,
        aud: str | Sequence[str] | None = None,
        token_use: TokenUse | None = None,
        scope: str | Sequence[str] | None = None,
        headers: Mapping[str, Any] | None = None,
        key: Key | str | None = None,
    ) -> str:
        """Make an honest token: the vendor's shape, this issuer's name and key, now.

        Args:
            sub: the subject, put into ``sub`` as it is.
            claims: more claims, or other values for the vendor's.
            without: claims to leave out.
            expires_in: seconds until it expires; negative for a token that has.
            aud: the audience, in place of the usual one.
            token_use: ``"access"`` or ``"id"``; the preset's usual one when left out.
            scope: the granted scopes; a list, or a string with spaces.
            headers: more header members, or other values; None leaves a member out.
            key: a key, or the id of one of the ring's, in place of the current one.

        Returns:
            A JWS in compact serialization.

        Raises:
            InvalidValue: a value has no JSON form or is out of range.
            UnknownName: there is no such key or token use.
        """
        return self.draft(
            sub,
            claims=claims,
            without=without,
            expires_in=expires_in,
            aud=aud,
            token_use=token_use,
            scope=scope,
            headers=headers,
            key=key,
        ).sign()

    def forge(self, forgery: str, sub: str = "alice", **options: Any) -> str:
        """Make a hostile token: what ``mint`` would make with the same options, with one defect.

        Args:
            forgery: an id such as ``"sig.none"``, or with a variant ``"sig.none[NONE]"``.
            sub: as for ``mint``.
            options: as for ``mint``.

        Raises:
            UnknownName: there is no such forgery; the error names the nearest one.
            InvalidValue: this token cannot have that defect.
        """
        return forge(forgery, self.draft(sub, **options))

    def draft(
        self,
        sub: str = "alice",
        *,
        claims: Mapping[str, Any] | None = None,
        without: Iterable[str] = (),
        expires_in: float | None = None,
        aud: str | Sequence[str] | None = None,
        token_use: TokenUse | None = None,
        scope: str | Sequence[str] | None = None,
        headers: Mapping[str, Any] | None = None,
        key: Key | str | None = None,
    ) -> Draft:
        """Prepare what ``mint`` would sign. The options are those of ``mint``."""
        use = self.preset.default_use if token_use is None else token_use
        if use not in ("access", "id"):
            raise UnknownName("token use", use, ("access", "id"))
        if isinstance(key, str):
            key = self.keys.get(key)
        key = key or self.keys.signing(self.preset.key_use(use))
        now = int(self.clock.now())
        request = TokenRequest(
            issuer=self.url,
            client_id=self.client_id,
            audience=self.audience,
            sub=sub,
            use=use,
            scope=self.scope if scope is None else _scopes(scope),
            issued_at=now,
            expires_at=_expiry(now, self.preset.lifetime if expires_in is None else expires_in),
        )
        said = self.preset.claims(request)
        if aud is not None:
            said["aud"] = aud if isinstance(aud, str) else list(aud)
        said.update(claims or {})
        header = self.preset.header(request, kid=key.kid, algorithm=key.algorithm)
        for name, value in (headers or {}).items():
            if value is None:
                header.pop(name, None)
            else:
                header[name] = value
        return Draft(header=header, claims=said, key=key, now=now).without(*without)


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or not url.isprintable() or any(mark in url for mark in "?# "):
        raise InvalidValue(f"issuer {url!r}", "must be an http(s) URL with a host, without query or fragment")
    return url


def _scopes(scope: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(scope.split()) if isinstance(scope, str) else tuple(scope)


def _expiry(now: int, expires_in: float) -> float:
    if not math.isfinite(expires_in):
        raise InvalidValue("expires_in", "must be a finite number of seconds")
    exact = now + expires_in
    return int(exact) if exact == int(exact) else exact
