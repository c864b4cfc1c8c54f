"""Every check that a careful server makes of a token, one after the other.

A server stops at the first check that fails. This one goes on, so that a person sees what else is
wrong with a token, and that a forgery has no defect but its own.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from fake_idp import jws
from fake_idp.errors import MalformedToken
from fake_idp.oauth.records import digest
from fake_idp.signatures import verifies

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer
    from fake_idp.presets.base import TokenUse
    from fake_idp.tokens import Draft

__all__ = ["Check", "Verdict", "judge", "read"]

Verdict = Literal["pass", "fail", "skip"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """What one check found.

    Attributes:
        name: what was checked, for example ``aud``.
        verdict: ``pass``, ``fail``, or ``skip`` when it could not be made.
        words: why, in a sentence; what the token says is quoted shortened, and only single values.
        source: where the rule stands.
    """

    name: str
    verdict: Verdict
    words: str
    source: str


class _Finding(NamedTuple):
    verdict: Verdict
    words: str


@dataclass(frozen=True, kw_only=True)
class _Case:
    """One token before the judge, and what an honest one would say."""

    token: str
    parts: jws.Parts
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signature: bytes
    now: float
    issuer: Issuer | None
    honest: Draft | None
    use: TokenUse | None


def judge(
    token: str,
    issuer: Issuer | None = None,
    *,
    now: float | None = None,
    token_use: TokenUse | None = None,
    audience: str | tuple[str, ...] | None = None,
) -> tuple[Check, ...]:
    """Make every check, whatever the ones before it found; no token makes it raise.

    Args:
        token: the token and nothing around it.
        issuer: whose tokens are good: its name, keys, audience and clock. When left out, only what
            needs no issuer is checked.
        now: seconds since the epoch; by the issuer's clock, or this machine's, when left out.
        token_use: which kind of token is wanted; whichever it looks like when left out. A token
            that is nothing like it then fails.
        audience: who the token has to be for; whom the issuer's honest tokens are for when left out.
    """
    if now is None:
        now = time.time() if issuer is None else issuer.clock.now()
    try:
        case = _case(token, issuer, now=now, token_use=token_use, audience=audience)
    except MalformedToken as error:
        first = Check(name="structure", verdict="fail", words=f"the {error.part} {error.reason}", source=_JWS)
        return (first, *(_skipped(name, source) for name, source, _ in _CHECKS))
    first = Check(name="structure", verdict="pass", words="three segments, two JSON objects", source=_JWS)
    findings = ((name, source, check(case)) for name, source, check in _CHECKS)
    return (first, *(Check(name=n, verdict=f.verdict, words=f.words, source=s) for n, s, f in findings))


def read(token: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The header and the claims, each None where it cannot be read; nothing is believed."""
    header, _, rest = token.partition(".")
    return _object(header), _object(rest.partition(".")[0])


def _object(segment: str) -> dict[str, Any] | None:
    try:
        return jws.parse_object(jws.from_b64url(segment, part="segment"), part="segment")
    except MalformedToken:
        return None


def _case(
    token: str,
    issuer: Issuer | None,
    *,
    now: float,
    token_use: TokenUse | None,
    audience: str | tuple[str, ...] | None,
) -> _Case:
    parts = jws.split(token)
    header = jws.parse_object(_decoded(parts.header, part="header"), part="header")
    claims = jws.parse_object(_decoded(parts.payload, part="payload"), part="payload")
    use = token_use or _looks_like(claims, issuer)
    return _Case(
        token=token,
        parts=parts,
        header=header,
        claims=claims,
        signature=_decoded(parts.signature, part="signature"),
        now=now,
        issuer=issuer,
        honest=None if issuer is None else issuer.draft(token_use=use, audience=audience),
        use=use,
    )


def _decoded(segment: str, *, part: str) -> bytes:
    data = jws.from_b64url(segment, part=part)
    if jws.b64url(data) != segment:
        raise MalformedToken(part, "has bits that mean nothing at its end")  # RFC 4648 section 3.5
    return data


def _looks_like(claims: Mapping[str, Any], issuer: Issuer | None) -> TokenUse | None:
    """The kind of token: as it says itself, or the one whose honest claims are most like these."""
    kinds: tuple[TokenUse, TokenUse] = ("access", "id")
    for use in kinds:
        if claims.get("token_use") == use:
            return use
    if issuer is None:
        return None

    def distance(use: TokenUse) -> tuple[int, bool]:
        honest = issuer.draft(token_use=use).claims
        return len(honest.keys() ^ claims.keys()), use != issuer.preset.default_use

    return min(kinds, key=distance)


def _skipped(name: str, source: str) -> Check:
    return Check(name=name, verdict="skip", words="the token cannot be read", source=source)


# What is checked. Each check is a function of the case, and raises nothing.


def _text(case: _Case) -> _Finding:
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


def _alg(case: _Case) -> _Finding:
    said = case.header.get("alg")
    if not isinstance(said, str):
        return _bad("the header names no algorithm")
    if said.strip().lower() in ("", "none"):
        return _bad(f"{_brief(said)}: the token is not signed, anybody can write it")
    if case.issuer is None:
        if said.startswith("HS"):
            return _bad(f"{_brief(said)} is a shared secret; if that is the public key, anybody can write it")
        return _skip(f"{_brief(said)}; no issuer to compare it with")
    used = sorted({key.algorithm for key in case.issuer.keys.published})
    return _either(said in used, f"{_brief(said)}; the issuer signs with {', '.join(used)}")


def _kid(case: _Case) -> _Finding:
    kid = case.header.get("kid")
    if case.issuer is None:
        return _skip("no keys to look in") if isinstance(kid, str) else _bad("the header has no key id")
    if not isinstance(kid, str):
        return _bad("the header has no key id, which this issuer always gives")
    published = [key.kid for key in case.issuer.keys.published]
    if kid in published:
        return _ok("a published key")
    withdrawn = kid in (key.kid for key in case.issuer.keys.retired)
    return _bad("a key that was withdrawn" if withdrawn else f"{_brief(kid)} was never published")


def _crit(case: _Case) -> _Finding:
    if "crit" in case.header:
        return _bad("the header has critical extensions, and none is known here")
    if "b64" in case.header:
        return _bad("the header has b64 without naming it as critical")
    return _ok("no extensions")


def _own_key(case: _Case) -> _Finding:
    brought = [name for name in ("jwk", "jku", "x5u", "x5c") if name in case.header]
    return _either(not brought, f"the header brings {', '.join(brought) or 'no key of its own'}")


def _signature(case: _Case) -> _Finding:
    if case.issuer is None:
        return _skip("no keys to check it with")
    kid = case.header.get("kid")
    keys = [key for key in case.issuer.keys.published if key.kid == kid] or case.issuer.keys.published
    signed = f"{case.parts.header}.{case.parts.payload}".encode("ascii")
    for key in keys:
        if verifies(key, signed, case.signature):
            return _ok(f"of this content, by the key {_brief(key.kid)}")
    if not case.signature:
        return _bad("it is empty")
    if not any(case.signature):
        return _bad("it is all zeros")
    return _bad("of other content, or by another key")


def _typ(case: _Case) -> _Finding:
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


def _use(case: _Case) -> _Finding:
    if case.issuer is None or case.use is None:
        return _skip("no issuer to compare it with")
    looks = _looks_like(case.claims, case.issuer)
    return _either(looks == case.use, f"it looks like an {looks} token; an {case.use} token is wanted")


def _iss(case: _Case) -> _Finding:
    said = case.claims.get("iss")
    if not isinstance(said, str) or not said:
        return _bad("there is no issuer")
    if case.issuer is None:
        return _either(said == said.strip(), f"{_brief(said)}; nothing to compare it with", good="skip")
    return _either(said == case.issuer.url, f"{_brief(said)}; the issuer is {case.issuer.url}")


def _aud(case: _Case) -> _Finding:
    said = case.claims.get("aud")
    if case.honest is not None and "aud" not in case.honest.claims and said is None:
        return _client(case)
    listed = [said] if isinstance(said, str) else said
    if not isinstance(listed, list) or not listed or not all(isinstance(each, str) for each in listed):
        return _bad("it names no audience")
    if case.honest is None or case.issuer is None:
        return _skip(f"{_brief(listed[0])}; nothing to compare it with")
    wanted = _audiences(case.honest.claims.get("aud"))
    if not wanted:
        return _bad(f"{_brief(listed[0])}; the issuer's has none")
    if case.use == "id":
        wanted |= {client.client_id for client in case.issuer.clients}
    return _either(not wanted.isdisjoint(listed), f"{_brief(listed[0])}; wanted: {_brief(min(wanted))}")


def _audiences(value: Any) -> set[str]:
    return {value} if isinstance(value, str) else set(value or ())


def _client(case: _Case) -> _Finding:
    """The vendor's tokens have no audience, and name the client instead."""
    said = case.claims.get("client_id")
    known = set() if case.issuer is None else {client.client_id for client in case.issuer.clients}
    return _either(isinstance(said, str) and said in known, f"no aud, and the client {_brief(said)}")


def _exp(case: _Case) -> _Finding:
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


def _nbf(case: _Case) -> _Finding:
    if "nbf" not in case.claims:
        return _ok("not given, so from the beginning")
    if (starts := _number(case.claims["nbf"])) is None:
        return _bad("it is no number")
    if starts <= case.now:
        return _ok(f"for {_span(case.now - starts)}")
    return _bad(f"not good for another {_span(starts - case.now)}")


def _iat(case: _Case) -> _Finding:
    if "iat" not in case.claims:
        missed = case.honest is not None and "iat" in case.honest.claims
        return _either(not missed, "not given" + (", which this issuer always does" if missed else ""))
    if (issued := _number(case.claims["iat"])) is None:
        return _bad("it is no number")
    if issued <= math.ceil(case.now):
        return _ok(f"{_span(max(case.now - issued, 0.0))} ago")
    return _bad(f"{_span(issued - case.now)} in the future")


def _sub(case: _Case) -> _Finding:
    said = case.claims.get("sub")
    if not isinstance(said, str) or not said:
        return _bad("there is no subject, or it is no string")
    return _ok(_brief(said))


def _revoked(case: _Case) -> _Finding:
    if case.issuer is None:
        return _skip("no issuer to ask")
    there = case.issuer.state.get("revoked", digest(case.token)) is not None
    return _either(not there, "revoked at the issuer" if there else "not at this issuer")


_JWS = "RFC 7515 section 7.1"

_CHECKS: tuple[tuple[str, str, Callable[[_Case], _Finding]], ...] = (
    ("text", "RFC 7519 sections 4 and 7.2; RFC 8259 section 8", _text),
    ("alg", "RFC 8725 section 3.1", _alg),
    ("kid", "RFC 7515 section 4.1.4", _kid),
    ("crit", "RFC 7515 section 4.1.11; RFC 7797 section 6", _crit),
    ("header keys", "RFC 8725 section 3.10", _own_key),
    ("signature", "RFC 7515 section 5.2", _signature),
    ("typ", "RFC 8725 section 3.11; RFC 9068 section 4", _typ),
    ("token use", "RFC 8725 section 3.12", _use),
    ("iss", "RFC 8725 section 3.8", _iss),
    ("aud", "RFC 7519 section 4.1.3; RFC 8725 section 3.9", _aud),
    ("exp", "RFC 7519 section 4.1.4", _exp),
    ("nbf", "RFC 7519 section 4.1.5", _nbf),
    ("iat", "RFC 7519 section 4.1.6", _iat),
    ("sub", "RFC 9068 section 2.2; OpenID Connect Core 1.0 section 2", _sub),
    ("revocation", "RFC 7009 section 2.2", _revoked),
)


def _ok(words: str) -> _Finding:
    return _Finding("pass", words)


def _bad(words: str) -> _Finding:
    return _Finding("fail", words)


def _skip(words: str) -> _Finding:
    return _Finding("skip", words)


def _either(passed: bool, words: str, *, good: Verdict = "pass") -> _Finding:
    return _Finding(good if passed else "fail", words)


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
