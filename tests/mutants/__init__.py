"""Servers that are broken in one way each: the reference server with one defect.

A scenario that no mutant fails proves nothing. The table says which scenarios must catch which mutant,
on at least one provider path.
"""

from __future__ import annotations

__all__ = ["MUTANTS"]

#: The mutant's module, and the ids of the scenarios that must fail on it.
MUTANTS: dict[str, tuple[str, ...]] = {
    "signature_unchecked": ("sig.wrong-key", "sig.corrupt"),
    "audience_unchecked": ("clm.aud",),
    "expiry_unchecked": ("time.exp-past", "time.exp-edge", "time.exp-missing", "time.mid-session"),
    "jwks_never_refreshed": ("jwks.rotate-overlap", "jwks.rotate-hard"),
    "credentials_by_role_only": ("ses.a-then-b",),
    "role_from_tool_argument": ("role.from-request",),
    "ambient_credentials": ("aws.no-ambient", "aws.trust"),
    "no_www_authenticate": ("tr.no-credential",),
}
