"""Who a web identity token is about, whichever provider it is from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.aws.sts.tags import NO_TAGS, SessionTags

__all__ = ["WebPerson"]


@dataclass(frozen=True, kw_only=True)
class WebPerson:
    """Somebody for whom a provider has vouched.

    Attributes:
        principal: how a trust policy names the provider, in ``Federated``; it is ``Provider`` in the answer.
        subject: who, as the provider says.
        audience: for which application the token was made.
        keys: the condition keys of the token.
        tags: session tags in the token.
        source_identity: in the token; None for none.
    """

    principal: str
    subject: str
    audience: str
    keys: Mapping[str, str | Sequence[str]]
    tags: SessionTags = NO_TAGS
    source_identity: str | None = None
