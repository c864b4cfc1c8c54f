"""Honest tokens under a JWKS that says something odd about their key; ``publish`` makes it say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fake_idp.forgeries import outsiders
from fake_idp.forgeries.registry import Publication, Variant, forgery
from fake_idp.key import Key
from fake_idp.tokens import Draft

_ENC: dict[str, dict[str, Any]] = {
    "use": {"use": "enc"},
    "key-ops": {"use": None, "key_ops": ["encrypt"]},
}


@forgery(
    "jwks.kid-absent",
    title="no key id: in the token, in the JWKS, or in both",
    source="RFC 7515 section 4.1.4; OpenID conformance suite, kid-absent-single-jwks and -multiple-jwks",
    fails="kid",
    changes="header.kid",
    variants=(
        Variant("token", expect="either"),
        *(
            Variant(
                name,
                expect="either",
                changes=("header.kid", "signature"),
                publishes=lambda own: (outsiders.spare(own.algorithm), {"kid": None}),
            )
            for name in ("jwks", "both")
        ),
    ),
)
def _kid_absent(draft: Draft, variant: str) -> str:
    if variant == "token":
        return draft.without_header("kid").sign()
    key = outsiders.spare(draft.key.algorithm)
    changed = draft.with_header(kid=key.kid) if variant == "jwks" else draft.without_header("kid")
    return changed.write(sign=key.sign)


def _for_encryption(member: str) -> Callable[[Key], Publication]:
    return lambda own: (outsiders.use_enc(own.algorithm, member), _ENC[member])


@forgery(
    "jwks.use-enc",
    title="signed with a key that is published for encryption",
    source="RFC 7517 sections 4.2 and 4.3; Wycheproof rejectWrongUse and rejectWrongKeyOps",
    fails="key",
    changes="header.kid signature",
    variants=[Variant(name, publishes=_for_encryption(name)) for name in _ENC],
)
def _use_enc(draft: Draft, variant: str) -> str:
    key = outsiders.use_enc(draft.key.algorithm, variant)
    return draft.with_header(kid=key.kid).write(sign=key.sign)
