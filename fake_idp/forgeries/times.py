"""Times: expired, not yet good, no time at all.

Every number of seconds here is counted from the issuer's clock when the token is made.
"""

from __future__ import annotations

from fake_idp.errors import InvalidValue
from fake_idp.forgeries.registry import Parameter, Variant, forgery
from fake_idp.tokens import Draft

_HOUR, _DAY = 3600, 86_400


@forgery(
    "time.exp-past",
    title="expired",
    source="RFC 7519 section 4.1.4; OpenID conformance suite, invalid-expired-exp",
    fails="exp",
    changes="claims.exp",
    # Within a second or a minute a server may allow for clocks that differ.
    variants=("1h", Variant("1s", expect="either"), Variant("60s", expect="either"), "1y"),
    seconds=Parameter("how long ago it expired, in place of the variant's"),
)
def _exp_past(draft: Draft, variant: str, *, seconds: float | None) -> str:
    ago = {"1s": 1, "60s": 60, "1h": _HOUR, "1y": 365 * _DAY}[variant] if seconds is None else seconds
    return draft.with_claims({"exp": draft.now - ago}).sign()


@forgery(
    "time.exp-edge",
    title="expires this very second, or at the edge of the leeway",
    source='RFC 7519 section 4.1.4, "on or after"',
    fails="exp",
    changes="claims.exp",
    variants=(
        "now",
        Variant("one-second-left", expect="accept"),
        Variant("inside-leeway", expect="either"),
        "at-leeway",
        "beyond-leeway",
    ),
    leeway=Parameter("the server's leeway in seconds", 60),
)
def _exp_edge(draft: Draft, variant: str, *, leeway: float) -> str:
    left = {
        "now": 0,
        "one-second-left": 1,
        "inside-leeway": 1 - leeway,
        "at-leeway": -leeway,
        "beyond-leeway": -leeway - 1,
    }
    return draft.with_claims({"exp": draft.now + left[variant]}).sign()


@forgery(
    "time.leeway-cap",
    title="expired for longer than any leeway",
    source='RFC 7519 section 4.1.4, "usually no more than a few minutes"',
    fails="exp",
    changes="claims.exp",
    seconds=Parameter("how long ago it expired", 301),
)
def _leeway_cap(draft: Draft, _: str, *, seconds: float) -> str:
    return draft.with_claims({"exp": draft.now - seconds}).sign()


@forgery(
    "time.exp-missing",
    title="never expires",
    source="RFC 9068 section 2.2",
    fails="exp",
    changes="claims.exp",
)
def _exp_missing(draft: Draft, _: str) -> str:
    return draft.dropping("exp").sign()


@forgery(
    "time.exp-float",
    title="expires at a fraction of a second",
    source="RFC 7519 section 2, NumericDate",
    fails="exp",
    changes="claims.exp",
    variants=("past", Variant("future", expect="accept")),
)
def _exp_float(draft: Draft, variant: str) -> str:
    return draft.with_claims({"exp": draft.now + (300.5 if variant == "future" else -1.5)}).sign()


@forgery(
    "time.nbf",
    title="not valid yet, or at no time that is one",
    source="RFC 7519 section 4.1.5",
    fails="nbf",
    changes="claims.nbf",
    variants=("future", "string", "null"),
    seconds=Parameter("how far in the future, for that variant", 300),
)
def _nbf(draft: Draft, variant: str, *, seconds: float) -> str:
    value = {"future": draft.now + seconds, "string": "x", "null": None}[variant]
    return draft.with_claims({"nbf": value}).sign()


@forgery(
    "time.iat",
    title="issued in the future, at no time, or long ago",
    source="RFC 7519 section 4.1.6; RFC 9068 section 2.2; OpenID conformance suite, iat-is-week-in-past",
    fails="iat",
    changes="claims.iat",
    # RFC 9068 requires iat of at+jwt access tokens; RFC 7519 requires it of nobody.
    variants=(
        "future",
        "string",
        Variant("missing", expect="either"),
        Variant("week-old", expect="accept"),
    ),
    seconds=Parameter("how far in the future, for that variant", _HOUR),
)
def _iat(draft: Draft, variant: str, *, seconds: float) -> str:
    if variant == "missing":
        return draft.dropping("iat").sign()
    value = {"future": draft.now + seconds, "string": "x", "week-old": draft.now - 7 * _DAY}[variant]
    return draft.with_claims({"iat": value}).sign()


@forgery(
    "time.mid-session",
    title="good now, and expired before the session is over",
    source="MCP authorization, access token usage: every request is authorized",
    fails="",
    changes="claims.exp",
    variants=(Variant("", expect="accept"),),
    seconds=Parameter("how long it is good", 2),
)
def _mid_session(draft: Draft, _: str, *, seconds: float) -> str:
    return draft.with_claims({"exp": draft.now + seconds}).sign()


@forgery(
    "time.skew",
    title="made by an issuer whose clock is wrong",
    source='RFC 7519 sections 4.1.4 to 4.1.6, "some small leeway"',
    fails="iat",
    changes="claims.iat claims.nbf claims.exp claims.auth_time",
    variants=(Variant("fast", expect="either"), Variant("slow", expect="accept")),
    seconds=Parameter("by how much", 120),
)
def _skew(draft: Draft, variant: str, *, seconds: float) -> str:
    by = seconds if variant == "fast" else -seconds
    times = {name: draft.claims.get(name) for name in ("iat", "nbf", "exp", "auth_time")}
    moved = {name: when + by for name, when in times.items() if isinstance(when, int | float)}
    if not moved:
        raise InvalidValue("time.skew", "the honest token carries no time")
    return draft.with_claims(moved).sign()
