"""The issuer: a name, keys, and tokens in one vendor's shape."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from fake_idp import random_ids
from fake_idp.app import ASGIApp, IssuerApp
from fake_idp.clients import Clients
from fake_idp.clock import Clock
from fake_idp.devices import Devices
from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.faults import Faults
from fake_idp.journal import Journal
from fake_idp.options import LAX, ForgeOptions, TokenOptions
from fake_idp.presets import Preset, TokenRequest, TokenUse, find_preset
from fake_idp.presets.base import OPENID_SCOPES
from fake_idp.sign_ins import SignIns
from fake_idp.state import MemoryState, State
from fake_idp.users import User, Users

# Keys, tokens and forgeries need `cryptography`, a fifth of the time in which `fake-idp serve` has to
# answer; they are imported by those who sign.
if TYPE_CHECKING:
    from typing import Unpack

    from fake_idp.algorithms import Algorithm
    from fake_idp.key_ring import KeyRing
    from fake_idp.oauth.client_documents import Fetch
    from fake_idp.presets.base import Endpoint
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
        algorithm: of the signing keys; the vendor's own when left out.
        keys: a key ring to take over, or what finds it at its first use, given the algorithm (and finds
            the same one whenever it is asked).
        state: where users, clients, codes and refresh tokens are kept; in memory when left out.
        auto_login: who signs in at the authorization endpoint without a page being shown; nobody
            when left out.
        lax: rules not to be held, of ``fake_idp.options.LAX``.
        fetch: fetches what a client publishes under its URL (``fake_idp.oauth.client_documents``); from
            loopback addresses only when left out.

    Raises:
        UnknownName: no such preset, algorithm or rule.
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
        algorithm: Algorithm | None = None,
        keys: KeyRing | Callable[[Algorithm], KeyRing] | None = None,
        state: State | None = None,
        auto_login: str | None = None,
        lax: Iterable[str] = (),
        fetch: Fetch | None = None,
    ) -> None:
        self.preset = find_preset(preset) if isinstance(preset, str) else preset
        self.url = _checked_url(self.preset.url if url is None else url)
        self.client_id = self.preset.client_id if client_id is None else client_id
        self.audience = (self.preset.audience or self.client_id) if audience is None else audience
        self.scope = self.preset.scope if scope is None else _scopes(scope)
        self.clock = clock or Clock()
        self._algorithm = cast("Algorithm", self.preset.algorithm) if algorithm is None else algorithm
        self._keys = keys or self._new_keys()
        self.faults = Faults(self)
        self.journal = Journal()
        self.state: State = state or MemoryState()
        self.users = Users(self.state)
        self.clients = Clients(self.state, default=self.client_id)
        self.auto_login = auto_login
        self.fetch = fetch
        self.lax = frozenset(lax)
        for rule in self.lax:
            if rule not in LAX:
                raise UnknownName("rule", rule, LAX)
        self.devices = Devices(self.state, self.clock)
        self.sign_ins = SignIns(self.state, self.clock)
        self.neighbours: tuple[Issuer, ...] = ()  # the issuers at the same address, by ``Site``
        self.app: ASGIApp = IssuerApp(self)

    def __repr__(self) -> str:
        return f"Issuer({self.preset.name!r}, url={self.url!r})"

    @property
    def keys(self) -> KeyRing:
        """The keys that it signs with and publishes."""
        if callable(self._keys):
            self._keys = self._keys(self._algorithm)
        return self._keys

    @property
    def algorithm(self) -> Algorithm:
        """What the keys that it makes are for (RFC 7518 section 3.1)."""
        return self._algorithm if callable(self._keys) else self._keys.algorithm

    @property
    def keys_version(self) -> int:
        """A number that changes with the keys; -1 while nobody has used them yet."""
        return -1 if callable(self._keys) else self._keys.version

    @property
    def host(self) -> str:
        """The host of the issuer's name, without a port."""
        return urlsplit(self.url).hostname or ""

    @property
    def hosts(self) -> frozenset[str]:
        """Every host that the issuer answers at, by its name: some vendors use several."""
        urls = (*self.endpoints.values(), *self.preset.metadata_urls(self.url))
        return frozenset(urlsplit(url).hostname or "" for url in urls)

    @property
    def token_issuer(self) -> str:
        """What ``iss`` is in its tokens: its name, but for a vendor whose name stands for many tenants."""
        return self.preset.token_issuer(self.url)

    @property
    def endpoints(self) -> dict[Endpoint, str]:
        """The URL of each endpoint that the issuer has, by its name."""
        return self.preset.endpoints(self.url)

    @property
    def discovery_url(self) -> str:
        """Where OpenID Connect Discovery 1.0 section 4 looks for the metadata."""
        return self.preset.metadata_urls(self.url)[0]

    @property
    def jwks_url(self) -> str:
        """Where the keys are, by the issuer's name."""
        return self.endpoints["jwks"]

    @property
    def routes(self) -> dict[str, Endpoint]:
        """The paths that ``app`` answers."""
        routes: dict[str, Endpoint] = {
            urlsplit(url).path or "/": "discovery" for url in self.preset.metadata_urls(self.url)
        }
        return routes | {urlsplit(url).path or "/": endpoint for endpoint, url in self.endpoints.items()}

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
            state=self.state,
            auto_login=self.auto_login,
            lax=self.lax,
            fetch=self.fetch,
        )

    def set_domain(self, domain: str) -> None:
        """Let the endpoints that a vendor has on a domain of the customer's be there; ``app`` is a new one.

        Args:
            domain: the origin, for example ``https://login.auth.us-east-1.amazoncognito.com``.
        """
        self.preset = self.preset.on_domain(domain)
        self.app = IssuerApp(self)

    def trust(self, url: str, jwks: Mapping[str, Any]) -> None:
        """Take assertions and subject tokens of another issuer (RFC 7523, RFC 8693).

        The issuers of the same ``Site`` trust each other already.

        Args:
            url: its identifier, exactly as its tokens carry it.
            jwks: its public keys, a JWK Set (RFC 7517 section 5).
        """
        self.state.put("trusted", url, {"jwks": dict(jwks)})

    def reset(self, *, keys: bool = False) -> None:
        """Begin anew: users, clients, grants, faults, journal and clock are as they were at the start.

        Args:
            keys: the keys too: new ones sign, and all the old ones are withdrawn.
        """
        self.faults.clear()
        self.state.clear()
        self.journal.clear()
        self.clock.reset()
        if keys:
            self.keys.include()
            self.keys.rotate(overlap=False)

    def discovery(self) -> dict[str, Any]:
        """The discovery document, with what the vendor leaves out left out."""
        return self.preset.discovery(self.url, algorithm=self.algorithm)

    def default_scope(self, *, machine: bool) -> tuple[str, ...]:
        """The scopes of a token that is not given any; a machine has none that speak of a person."""
        usual = self.preset.machine_scope
        if not machine:
            return self.scope
        if usual and self.scope == self.preset.scope:
            return usual
        return tuple(each for each in self.scope if each not in OPENID_SCOPES) or usual

    def jwks(self) -> dict[str, Any]:
        """The JWK Set, with the members that the vendor publishes and without the keys that it does not."""
        shape = functools.partial(self.preset.jwk, url=self.url)
        return self.keys.jwks(shape, uses=self.preset.publishes or None)

    def mint(self, sub: str | None = None, **options: Unpack[TokenOptions]) -> str:
        """Make an honest token: the vendor's shape, this issuer's name and key, now.

        Args:
            sub: the subject, put into ``sub`` as it is; ``alice`` when left out, or the client of a
                machine's token.
            options: as ``fake_idp.options.TokenOptions`` lists them.

        Returns:
            A JWS in compact serialization.

        Raises:
            InvalidValue: a value has no JSON form or is out of range.
            UnknownName: there is no such key or token use.
        """
        return self.draft(sub, **options).sign()

    def forge(self, forgery: str, sub: str | None = None, **options: Unpack[ForgeOptions]) -> str:
        """Make a hostile token: what ``mint`` would make with the same options, with one defect.

        Args:
            forgery: an id such as ``"sig.none"``, or with a variant ``"sig.none[NONE]"``.
            sub: as for ``mint``.
            options: as for ``mint``, and the forgery's own parameters: ``forge("time.exp-past",
                seconds=90)``.

        Raises:
            UnknownName: there is no such forgery; the error names the nearest one.
            InvalidValue: this token cannot have that defect, or the forgery has no such parameter.
        """
        from fake_idp.forgeries import find_forgery, forge  # honest issuers do without

        asked = dict(options)
        of_token = {name: asked.pop(name) for name in options if name in TokenOptions.__annotations__}
        _, variant = find_forgery(forgery)
        drafted = self.draft(sub, **cast("TokenOptions", {**of_token, **variant.options}))
        return forge(forgery, drafted, **asked)

    def draft(self, sub: str | None = None, **options: Unpack[TokenOptions]) -> Draft:
        """Prepare what ``mint`` would sign. The options are those of ``mint``."""
        from fake_idp.tokens import Draft

        use = self._use(options)
        key = options.get("key")
        if isinstance(key, str):
            key = self.keys.get(key)
        key = key or self.keys.signing(self.preset.key_use(use))
        request = self._request(sub, options, use=use, algorithm=key.algorithm)
        said = self.preset.claims(request)
        user = request.user
        if user.claims or user.id_claims or user.access_claims:
            said |= {**user.claims, **(user.id_claims if request.use == "id" else user.access_claims)}
        for name in user.without:
            said.pop(name, None)
        if (aud := options.get("aud")) is not None:
            said["aud"] = aud if isinstance(aud, str) else list(aud)
        said.update(options.get("claims") or {})
        header = self.preset.header(request, kid=key.kid, algorithm=key.algorithm)
        for name, value in (options.get("headers") or {}).items():
            if value is None:
                header.pop(name, None)
            else:
                header[name] = value
        draft = Draft(header=header, claims=said, key=key, now=request.issued_at)
        without = options.get("without")
        return draft.without(*without) if without else draft

    def _new_keys(self) -> KeyRing:
        from fake_idp.key_ring import KeyRing

        return KeyRing(new_kid=self.preset.new_kid, uses=self.preset.key_uses, algorithm=self._algorithm)

    def _usual_audience(self, client_id: str) -> str:
        """The issuer's; where the client stands for it, the client that the token is for."""
        return client_id if self.audience == self.client_id else self.audience

    def _use(self, options: TokenOptions) -> TokenUse:
        machine = options.get("grant") == "client_credentials"
        use = options.get("token_use") or ("access" if machine else self.preset.default_use)
        if use not in ("access", "id"):
            raise UnknownName("token use", use, ("access", "id"))
        if machine and use == "id" and "client_credentials" in self.preset.grants:
            raise InvalidValue("token_use", "a machine has no ID token, for nobody signed in")
        return use

    def _request(
        self, sub: str | None, options: TokenOptions, *, use: TokenUse, algorithm: str
    ) -> TokenRequest:
        now = int(self.clock.now())
        client_id = options.get("client_id") or self.client_id
        grant = options.get("grant") or "authorization_code"
        machine = grant == "client_credentials"
        if sub is None:
            sub = self.preset.machine_subject(client_id) if machine else "alice"
        user = options.get("user") or (User("") if machine else self.users.find(sub))
        scope, expires_in = options.get("scope"), options.get("expires_in")
        audience = options.get("audience")
        auth_time = options.get("auth_time")
        return TokenRequest(
            issuer=self.token_issuer,
            client_id=client_id,
            audience=self._usual_audience(client_id) if audience is None else audience,
            sub=sub,
            user=user,
            use=use,
            scope=self.default_scope(machine=machine) if scope is None else _scopes(scope),
            issued_at=now,
            expires_at=_expiry(now, self.preset.lifetime_of(use) if expires_in is None else expires_in),
            auth_time=now if auth_time is None else auth_time,
            session=options.get("session") or random_ids.uuid4(),
            grant=grant,
            nonce=options.get("nonce"),
            access_token=options.get("access_token"),
            confirmation=options.get("confirmation"),
            actor=options.get("actor"),
            algorithm=algorithm,
        )


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
