"""What a careful server checks about a token, one rule a function."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from fake_idp import jws
from fake_idp.errors import FakeIdpError
from fake_idp.judge.signatures import is_weak, verifies
from fake_idp.oauth.records import token_digest

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer
    from fake_idp.key_ring import Held
    from fake_idp.presets.base import TokenUse
    from fake_idp.tokens import Draft

__all__ = ["CHECKS", "Case", "Finding", "Verdict", "honest_draft", "looks_like"]

Verdict = Literal["pass", "fail", "skip"]


class Finding(NamedTuple):
    """A verdict and the words for it."""

    verdict: Verdict
    words: str


@dataclass(frozen=True, kw_only=True)
class Case:
    """One token before the judge, and what an honest one would say.

    Attributes:
        token: the token.
        parts: its segments.
        header: its header.
        claims: its claims.
        signature: its signature, decoded.
        now: in seconds since the epoch.
        issuer: whose tokens are good; None when nobody said.
        honest: what the issuer would sign now in its place; None where there is no such thing.
        use: which kind of token is wanted; None when nobody knows.
    """

    token: str
    parts: jws.Parts
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signature: bytes
    now: float
    issuer: Issuer | None
    honest: Draft | None
    use: TokenUse | None


def looks_like(claims: Mapping[str, Any], issuer: Issuer | None) -> TokenUse | None:
    """The kind of token: as it says itself, or the one whose honest claims are most like these."""
    unlike = _unlike(claims, issuer)
    return min(unlike, key=lambda use: unlike[use], default=None)


def _unlike(claims: Mapping[str, Any], issuer: Issuer | None) -> dict[TokenUse, float]:
    """How many claims are only here or only in the issuer's honest token, for each kind; the usual first."""
    kinds: tuple[TokenUse, TokenUse] = ("access", "id")
    for use in kinds:
        if claims.get("token_use") == use:
            return {use: 0}
    if issuer is None:
        return {}
    found: dict[TokenUse, float] = {}
    for use in sorted(kinds, key=lambda use: use != issuer.preset.default_use):
        honest = honest_draft(issuer, use)
        found[use] = math.inf if honest is None else len(honest.claims.keys() ^ claims.keys())
    return found


def honest_draft(
    issuer: Issuer | None, use: TokenUse | None, *, audience: str | tuple[str, ...] | None = None
) -> Draft | None:
    """What the issuer would sign now; None where there is no issuer, or no such token of that vendor's."""
    try:
        return None if issuer is None else issuer.draft(token_use=use, audience=audience)
    except FakeIdpError:
        return None


# Each check is a function of the case, and raises nothing.


def _text(case: Case) -> Finding:
    for part, segment in (("header", case.parts.header), ("payload", case.parts.payload)):
        try:
            text = jws.from_b64url(segment, part=part).decode("utf-8")
        except UnicodeDecodeError:
            return _bad(f"the {part} is not UTF-8")
        if problems := _problems(text):
            return _bad(f"the {part} {problems[0]}")
    return _ok("UTF-8, and no member twice")


def _problems(text: str) -> list[str]:
    problems: list[str] = []
    try:
        json.loads(
            text,
            parse_constant=lambda name: problems.append(f"has {name}, which JSON does not know"),
            object_pairs_hook=lambda pairs: _note_problems(pairs, problems),
        )
    except RecursionError:
        problems.append("is nested too deeply")
    return problems


def _note_problems(pairs: list[tuple[str, Any]], problems: list[str]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        problems.append(f"has {_brief(twice)} twice, and parsers differ on which one counts")
    for text in (each for pair in pairs for each in pair if isinstance(each, str)):
        if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
            problems.append("has half a character (a lone surrogate)")
    return found


def _alg(case: Case) -> Finding:
    said = case.header.get("alg")
    if not isinstance(said, str):
        return _bad("the header names no algorithm")
    if said.strip().lower() in ("", "none"):
        return _bad(f"{_brief(said)}: the token is not signed, anybody can write it")
    if case.honest is None:
        if said.startswith("HS"):
            return _bad(f"{_brief(said)} is a shared secret; if that is the public key, anybody can write it")
        return _skip(f"{_brief(said)}; no issuer to compare it with")
    used = case.honest.key.algorithm
    return _either(said == used, f"{_brief(said)}; the issuer signs with {used}")


def _kid(case: Case) -> Finding:
    kid = case.header.get("kid")
    if case.issuer is None:
        return _skip("no keys to look in") if isinstance(kid, str) else _bad("the header has no key id")
    if not isinstance(kid, str):
        return _bad("the header has no key id, which this issuer always gives")
    named = [held for held in case.issuer.keys.held if held.key.kid == kid]
    if not named:
        return _bad(f"{_brief(kid)} was never published")
    if all(held.state == "retired" for held in named):
        return _bad("a key that was withdrawn")
    uses = case.issuer.preset.publishes or case.issuer.keys.uses
    if not any(held.use in uses for held in named):
        return _skip("this vendor does not publish such keys: only the issuer itself can check")
    return _ok("a published key")


def _candidates(case: Case) -> list[Held]:
    """The keys that the token may be signed with: those of its key id, or all when there is none of it."""
    if case.issuer is None:
        return []
    current = [held for held in case.issuer.keys.held if held.state != "retired"]
    return [held for held in current if held.key.kid == case.header.get("kid")] or current


def _key(case: Case) -> Finding:
    if case.issuer is None:
        return _skip("no keys to look at")
    for held in _candidates(case):
        jwk = held.jwk()
        if jwk.get("use", "sig") != "sig" or "verify" not in jwk.get("key_ops", ["verify"]):
            return _bad("its JWK says that it is not for signatures")
        if is_weak(jwk):
            return _bad("an RSA key that can be broken: too short, or badly made")
    return _ok("a key for signatures, and no weak one")


def _crit(case: Case) -> Finding:
    if "crit" in case.header:
        return _bad("the header has critical extensions, and none is known here")
    if "b64" in case.header:
        return _bad("the header has b64 without naming it as critical")
    return _ok("no extensions")


def _own_key(case: Case) -> Finding:
    brought = [name for name in ("jwk", "jku", "x5u", "x5c") if name in case.header]
    return _either(not brought, f"the header brings {', '.join(brought) or 'no key of its own'}")


def _signature(case: Case) -> Finding:
    if case.issuer is None:
        return _skip("no keys to check it with")
    signed = f"{case.parts.header}.{case.parts.payload}".encode("ascii")
    for held in _candidates(case):
        if verifies(held.key, signed, case.signature):
            return _ok(f"of this content, by the key {_brief(held.key.kid)}")
    if not case.signature:
        return _bad("it is empty")
    if not any(case.signature):
        return _bad("it is all zeros")
    return _bad("of other content, or by another key")


def _typ(case: Case) -> Finding:
    said, honest = case.header.get("typ"), None if case.honest is None else case.honest.header.get("typ")
    if said is not None and not isinstance(said, str):
        return _bad("it is no string")
    if case.honest is None:
        return _skip(f"{_brief(said)}; no issuer to compare it with" if said else "there is none")
    wanted = _media_type(honest or "JWT")
    if said is None:
        return _either(honest is None, f"there is none; the issuer's has {honest or 'none either'}")
    return _either(_media_type(said) == wanted, f"{_brief(said)}; the issuer's has {honest or 'none'}")


def _media_type(typ: str) -> str:
    return typ.lower().removeprefix("application/")


def _use(case: Case) -> Finding:
    unlike = _unlike(case.claims, case.issuer)
    if case.use is None or not unlike:
        return _skip("no issuer to compare it with")
    said = case.claims.get("token_use")
    wanted = None if case.honest is None else case.honest.claims.get("token_use")
    if wanted is not None and said != wanted:
        return _bad(f"it says {_brief(said)}, wanted: {_brief(wanted)}")
    looks = min(unlike, key=lambda use: unlike[use])
    good = unlike.get(case.use, math.inf) <= unlike[looks]  # some vendors' two kinds have the same claims
    return _either(
        good, f"it looks like an {case.use if good else looks} token; an {case.use} token is wanted"
    )


def _iss(case: Case) -> Finding:
    said = case.claims.get("iss")
    if not isinstance(said, str) or not said:
        return _bad("there is no issuer")
    if case.honest is None:
        return _either(said == said.strip(), f"{_brief(said)}; nothing to compare it with", good="skip")
    wanted = case.honest.claims.get("iss")
    return _either(said == wanted, f"{_brief(said)}; the issuer says {_brief(wanted)}")


def _aud(case: Case) -> Finding:
    said = case.claims.get("aud")
    if case.honest is not None and "aud" not in case.honest.claims and said is None:
        return _ok("none, as in every such token of this issuer")
    if case.issuer is None and said is None and case.use == "access" and "client_id" in case.claims:
        return _skip("none, and a client in its place, as Cognito has it")
    listed = [said] if isinstance(said, str) else said
    if not isinstance(listed, list) or not listed or not all(isinstance(each, str) for each in listed):
        return _bad("it names no audience")
    if case.honest is None or case.issuer is None:
        return _skip(f"{_brief(listed[0])}; nothing to compare it with")
    usual = case.honest.claims.get("aud")
    wanted = {usual} if isinstance(usual, str) else set(usual or ())
    if not wanted:
        return _bad(f"{_brief(listed[0])}; the issuer's has none")
    if case.use == "id":
        wanted |= {client.client_id for client in case.issuer.clients}
    return _either(not wanted.isdisjoint(listed), f"{_brief(listed[0])}; wanted: {_brief(min(wanted))}")


def _client(case: Case) -> Finding:
    if case.issuer is None:
        return _skip("no issuer to ask")
    named = [case.claims[name] for name in _CLIENT_CLAIMS if name in case.claims]
    if not named:
        missed = case.honest is not None and not case.honest.claims.keys().isdisjoint(_CLIENT_CLAIMS)
        return _either(not missed, "none is named" + (", which this issuer always does" if missed else ""))
    known = {client.client_id for client in case.issuer.clients}
    strange = [each for each in named if not isinstance(each, str) or each not in known]
    if strange:
        return _bad(f"{_brief(strange[0])} is no client of this issuer")
    return _ok(_brief(named[0]))


# Where the vendors put the client: RFC 9068 and Cognito, Okta, OpenID Connect and Entra v2, Entra v1.
_CLIENT_CLAIMS = ("client_id", "cid", "azp", "appid")


def _exp(case: Case) -> Finding:
    if "exp" not in case.claims:
        return _bad("it never expires")
    if (expires := _number(case.claims["exp"])) is None:
        return _bad("it is no number")
    if expires > case.now:
        return _ok(f"good for another {_span(expires - case.now)}")
    ago = case.now - expires
    return _bad(
        f"expired {_span(ago)} ago" if ago >= 1 else "expires this second, on which it is over already"
    )


def _nbf(case: Case) -> Finding:
    if "nbf" not in case.claims:
        return _ok("not given, so from the beginning")
    if (starts := _number(case.claims["nbf"])) is None:
        return _bad("it is no number")
    if starts <= case.now:
        return _ok(f"for {_span(case.now - starts)}")
    return _bad(f"not good for another {_span(starts - case.now)}")


def _iat(case: Case) -> Finding:
    if "iat" not in case.claims:
        missed = case.honest is not None and "iat" in case.honest.claims
        return _either(not missed, "not given" + (", which this issuer always does" if missed else ""))
    if (issued := _number(case.claims["iat"])) is None:
        return _bad("it is no number")
    if issued <= math.ceil(case.now):
        return _ok(f"{_span(max(case.now - issued, 0.0))} ago")
    return _bad(f"{_span(issued - case.now)} in the future")


def _sub(case: Case) -> Finding:
    said = case.claims.get("sub")
    if not isinstance(said, str) or not said:
        return _bad("there is no subject, or it is no string")
    return _ok(_brief(said))


def _revoked(case: Case) -> Finding:
    if case.issuer is None:
        return _skip("no issuer to ask")
    there = case.issuer.state.get("revoked", token_digest(case.token)) is not None
    return _either(not there, "revoked at the issuer" if there else "not at this issuer")


def _ok(words: str) -> Finding:
    return Finding("pass", words)


def _bad(words: str) -> Finding:
    return Finding("fail", words)


def _skip(words: str) -> Finding:
    return Finding("skip", words)


def _either(passed: bool, words: str, *, good: Verdict = "pass") -> Finding:
    return Finding(good if passed else "fail", words)


def _number(value: Any) -> float | None:
    """A NumericDate (RFC 7519 section 2), cut to what arithmetic can do, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 (NaN)
        return None
    return float(min(max(value, -1e15), 1e15))


def _span(seconds: float) -> str:
    for size, unit in ((31_536_000, "years"), (86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.0f} s"


def _brief(value: object) -> str:
    """A value as text that is short whatever it is; what has an inside is not shown."""
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "an object"
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:60]}..."


CHECKS: tuple[tuple[str, str, Callable[[Case], Finding]], ...] = (
    ("text", "RFC 7519 sections 4 and 7.2; RFC 8259 section 8", _text),
    ("alg", "RFC 8725 section 3.1", _alg),
    ("kid", "RFC 7515 section 4.1.4", _kid),
    ("key", "RFC 7517 sections 4.2 and 4.3; RFC 8725 section 3.5; CVE-2017-15361", _key),
    ("crit", "RFC 7515 section 4.1.11; RFC 7797 section 6", _crit),
    ("header keys", "RFC 8725 section 3.10", _own_key),
    ("signature", "RFC 7515 section 5.2", _signature),
    ("typ", "RFC 8725 section 3.11; RFC 9068 section 4", _typ),
    ("token use", "RFC 8725 section 3.12", _use),
    ("iss", "RFC 8725 section 3.8", _iss),
    ("aud", "RFC 7519 section 4.1.3; RFC 8725 section 3.9", _aud),
    ("client", "RFC 9068 section 2.2; OpenID Connect Core 1.0 section 3.1.3.7", _client),
    ("exp", "RFC 7519 section 4.1.4", _exp),
    ("nbf", "RFC 7519 section 4.1.5", _nbf),
    ("iat", "RFC 7519 section 4.1.6", _iat),
    ("sub", "RFC 9068 section 2.2; OpenID Connect Core 1.0 section 2", _sub),
    ("revocation", "RFC 7009 section 2.2", _revoked),
)
"""Every check in order: its name, where the rule stands, and the function."""
