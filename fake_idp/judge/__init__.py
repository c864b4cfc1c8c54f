"""Every check that a careful server makes of a token, one after the other.

A server stops at the first check that fails. This one goes on, so that a person sees what else is
wrong with a token, and that a forgery has no defect but its own.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fake_idp import jws
from fake_idp.errors import MalformedToken
from fake_idp.judge.rules import CHECKS, Case, Verdict, honest_draft, looks_like

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer
    from fake_idp.presets.base import TokenUse

__all__ = ["Check", "Verdict", "judge", "read"]

_STRUCTURE = "RFC 7515 section 7.1"


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
        first = Check(
            name="structure", verdict="fail", words=f"the {error.part} {error.reason}", source=_STRUCTURE
        )
        return (first, *(_skipped(name, source) for name, source, _ in CHECKS))
    first = Check(
        name="structure", verdict="pass", words="three segments, two JSON objects", source=_STRUCTURE
    )
    findings = ((name, source, check(case)) for name, source, check in CHECKS)
    return (first, *(Check(name=n, verdict=f.verdict, words=f.words, source=s) for n, s, f in findings))


def read(token: str) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The header and the claims, each None where it cannot be read; nothing is believed.

    ``NaN`` and its like, which JSON does not know, are read as text.
    """
    header, _, rest = token.partition(".")
    return _object(header), _object(rest.partition(".")[0])


def _object(segment: str) -> dict[str, Any] | None:
    try:
        value = json.loads(jws.from_b64url(segment, part="segment"), parse_constant=str)
    except (MalformedToken, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _case(
    token: str,
    issuer: Issuer | None,
    *,
    now: float,
    token_use: TokenUse | None,
    audience: str | tuple[str, ...] | None,
) -> Case:
    parts = jws.split(token)
    header = jws.parse_object(_decoded(parts.header, part="header"), part="header")
    claims = jws.parse_object(_decoded(parts.payload, part="payload"), part="payload")
    use = token_use or looks_like(claims, issuer)
    return Case(
        token=token,
        parts=parts,
        header=header,
        claims=claims,
        signature=_decoded(parts.signature, part="signature"),
        now=now,
        issuer=issuer,
        honest=honest_draft(issuer, use, audience=audience),
        use=use,
    )


def _decoded(segment: str, *, part: str) -> bytes:
    data = jws.from_b64url(segment, part=part)
    if jws.b64url(data) != segment:
        raise MalformedToken(part, "has bits that mean nothing at its end")  # RFC 4648 section 3.5
    return data


def _skipped(name: str, source: str) -> Check:
    return Check(name=name, verdict="skip", words="the token cannot be read", source=source)
