"""Session tags: how they come with a call or a token, what bounds them, and which pass on.

Source: IAM User Guide, "Pass session tags in AWS STS". The codes and texts of AssumeRole's refusals were
recorded from AWS (LocalStack's published snapshots of its STS tests).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.aws.errors import AwsError

__all__ = ["NO_TAGS", "SessionTags", "requested", "with_inherited", "within_token"]

_CLAIM = "https://aws.amazon.com/tags"
_MOST = 50
_KEY_LENGTH = range(1, 129)
_VALUE_LENGTH = range(257)
_FORM = re.compile(r"[\w\s.:/=+\-@]*")  # letters, digits and spaces of any script, and _ . : / = + - @
_RESERVED = "aws:"

_Keys = dict[str, str | Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class SessionTags:
    """The tags of a session.

    Attributes:
        passed: with this call, or in the token.
        transitive: the keys of ``passed`` that pass on to the next session of a role chain.
        inherited: from the calling session; they pass on too.
    """

    passed: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    inherited: Mapping[str, str] = field(default_factory=dict)

    @property
    def all(self) -> Mapping[str, str]:
        """Every tag of the session. With any, ``sts:TagSession`` is needed, inherited ones included."""
        return {**self.inherited, **self.passed}

    @property
    def passing_on(self) -> Mapping[str, str]:
        """The tags that the next session of the chain inherits."""
        kept = {key.lower() for key in self.transitive}
        return {**self.inherited, **{k: v for k, v in self.passed.items() if k.lower() in kept}}

    @property
    def request_keys(self) -> _Keys:
        """Condition keys of the call that makes the session."""
        keys: _Keys = {f"aws:RequestTag/{key}": value for key, value in self.passed.items()}
        if self.passed:
            keys["aws:TagKeys"] = list(self.passed)
        if self.transitive or self.inherited:
            keys["sts:TransitiveTagKeys"] = [*self.inherited, *self.transitive]
        return keys

    @property
    def principal_keys(self) -> _Keys:
        """Condition keys of every call of the session."""
        return {f"aws:PrincipalTag/{key}": value for key, value in self.all.items()}


NO_TAGS = SessionTags()


def requested(fields: Mapping[str, Any]) -> SessionTags:
    """Read ``Tags`` and ``TransitiveTagKeys`` of a call; their number and lengths AWS's model bounds.

    Raises:
        AwsError: ``InvalidParameterValue``.
    """
    pairs = [(tag.get("Key", ""), tag.get("Value", "")) for tag in fields.get("Tags", ())]
    transitive = tuple(fields.get("TransitiveTagKeys", ()))
    _check_unique(key for key, _ in pairs)
    if not {key.lower() for key in transitive} <= {key.lower() for key, _ in pairs}:
        raise _invalid("The specified transitive tag key must be included in the requested tags.")
    if any(key.lower().startswith(_RESERVED) for key, _ in pairs):
        raise _invalid(f"Tag keys that begin with {_RESERVED} are reserved.")  # text ours
    return SessionTags(passed=dict(pairs), transitive=transitive)


def with_inherited(tags: SessionTags, inherited: Mapping[str, str]) -> SessionTags:
    """Add the transitive tags of the calling session.

    Raises:
        AwsError: ``InvalidParameterValue``, where the call would override one.
    """
    if {key.lower() for key in tags.passed} & {key.lower() for key in inherited}:
        raise _invalid(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag"
            " key from the calling session."
        )
    return SessionTags(passed=tags.passed, transitive=tags.transitive, inherited=dict(inherited))


def within_token(claims: Mapping[str, Any]) -> SessionTags:
    """Read the session tags in a web identity token.

    They are nested, or flat as ``https://aws.amazon.com/tags/principal_tags/KEY`` for issuers that cannot
    nest; a value is a string, or a list of one.

    Raises:
        AwsError: ``InvalidIdentityToken``; the texts are ours.
    """
    claim = claims.get(_CLAIM, {})
    if not isinstance(claim, Mapping):
        raise _invalid_token("are not an object")
    tags = claim.get("principal_tags", {})
    if not isinstance(tags, Mapping):
        raise _invalid_token("have no principal_tags that is an object")
    flat = f"{_CLAIM}/principal_tags/"
    found = {**tags, **{name.removeprefix(flat): claims[name] for name in claims if name.startswith(flat)}}
    transitive = claim.get("transitive_tag_keys", claims.get(f"{_CLAIM}/transitive_tag_keys", []))
    if not isinstance(transitive, list) or not all(isinstance(key, str) for key in transitive):
        raise _invalid_token("have no transitive_tag_keys that is a list of strings")
    passed = {key: _single(value) for key, value in found.items()}
    _check_token(passed, transitive)
    return SessionTags(passed=passed, transitive=tuple(transitive))


def _single(value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    if len(values) != 1 or not isinstance(values[0], str):
        raise _invalid_token("must have one string as the value of each")  # several are not supported
    return values[0]


def _check_token(tags: Mapping[str, str], transitive: Sequence[str]) -> None:
    if len(tags) > _MOST:
        raise _invalid_token(f"are more than {_MOST}")
    for key, value in tags.items():
        if len(key) not in _KEY_LENGTH or len(value) not in _VALUE_LENGTH:
            raise _invalid_token("have a key of more than 128 or a value of more than 256 characters")
        if not (_FORM.fullmatch(key) and _FORM.fullmatch(value)) or key.lower().startswith(_RESERVED):
            raise _invalid_token("have a key or a value with characters that no tag may have")
    keys = {key.lower() for key in tags}
    if len(keys) != len(tags):
        raise _invalid_token("have one key twice; case does not count")
    if not {key.lower() for key in transitive} <= keys:
        raise _invalid_token("name a transitive key that is not among them")


def _check_unique(keys: Iterable[str]) -> None:
    lower = [key.lower() for key in keys]
    if len(set(lower)) != len(lower):
        raise _invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)


def _invalid_token(what: str) -> AwsError:
    return AwsError("InvalidIdentityToken", f"The session tags in the ID Token {what}")
