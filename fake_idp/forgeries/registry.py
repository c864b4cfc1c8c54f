"""What a forgery is, and how one is found.

A forgery has an id such as ``sig.none`` and, where it comes in several forms, variants that are
written after it: ``sig.none[NONE]``. The id alone means the first variant. The ids are those of the
attack catalogue; ``group.name``, the groups are encoding, signature, header, time and claims.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.key import Key
from fake_idp.key_ring import KeyRing
from fake_idp.tokens import Draft

__all__ = [
    "FORGERIES",
    "Expectation",
    "Forgery",
    "Parameter",
    "Variant",
    "find_forgery",
    "forge",
    "forgery",
    "publish",
]

Expectation = Literal["refuse", "accept", "either"]
"""What a careful server does with such a token: ``either`` where the standards leave it the choice."""

Publication = tuple[Key, Mapping[str, Any]]
"""A key that belongs into the JWKS for the forgery to mean anything, and what its JWK says otherwise."""

_ID = re.compile(r"(?P<id>[^\[\]]+)(?:\[(?P<variant>.*)\])?", re.DOTALL)


@dataclass(frozen=True)
class Variant:
    """One form of a forgery.

    Attributes:
        name: what stands in the brackets; empty for a forgery of one form.
        expect: what a careful server does.
        fails: the one check that the token does not pass; empty for a control, which passes all.
        changes: what differs from the honest token: ``signature``, ``header.alg``, ``claims.exp``;
            ``header`` and ``payload`` where they are no JSON object any more or have to be compared as
            text; ``token`` where it is no compact JWS any more. A signature is genuine, over what was
            changed, unless ``changes`` says ``signature``.
        options: what ``mint`` has to be asked for, for such a token.
        publishes: which key, for the draft's own key, belongs into the JWKS; see ``publish``.
    """

    name: str
    expect: Expectation = "refuse"
    fails: str = ""
    changes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    publishes: Callable[[Key], Publication | None] | None = None


@dataclass(frozen=True)
class Parameter:
    """What can be said about a forgery, by keyword.

    Attributes:
        says: what it is, with its unit.
        default: the usual value; None where each variant has its own.
        kind: a number, or a text.
    """

    says: str
    default: float | str | None = None
    kind: Literal["number", "text"] = "number"

    def check(self, name: str, value: object) -> None:
        """Raise InvalidValue unless the value is of the right kind."""
        if self.kind == "text" and not isinstance(value, str):
            raise InvalidValue(name, "must be a text")
        if self.kind == "number" and not (
            isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
        ):
            raise InvalidValue(name, "must be a finite number")


@dataclass(frozen=True, kw_only=True)
class Forgery:
    """One way in which a token can be wrong.

    Attributes:
        id: the forgery's id, ``group.name``.
        title: the defect, in a few words.
        source: where the defect is described.
        variants: the forms that it comes in by name, the usual one first; a forgery of one form has
            one without a name.
        parameters: what can be said about it by keyword, by name.
        make: writes the forged token from an honest draft.
    """

    id: str
    title: str
    source: str
    variants: Mapping[str, Variant]
    parameters: Mapping[str, Parameter]
    make: Callable[..., str]

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which it can be asked for."""
        return (self.id, *(f"{self.id}[{variant}]" for variant in self.variants if variant))

    def described(self) -> dict[str, Any]:
        """Everything that is said about it, as JSON has it."""
        return {
            "id": self.id,
            "title": self.title,
            "source": self.source,
            "parameters": {
                name: {"says": each.says, "kind": each.kind, "default": each.default}
                for name, each in self.parameters.items()
            },
            "variants": [
                {
                    "name": f"{self.id}[{each.name}]" if each.name else self.id,
                    "expect": each.expect,
                    "fails": each.fails,
                    "changes": list(each.changes),
                    "publishes": each.publishes is not None,
                }
                for each in self.variants.values()
            ],
        }


FORGERIES: dict[str, Forgery] = {}
"""Every forgery by id."""

_Maker = Callable[..., str]


def forgery(
    id_: str,
    *,
    title: str,
    source: str,
    fails: str,
    changes: str,
    variants: Iterable[str | Variant] = ("",),
    **parameters: Parameter,
) -> Callable[[_Maker], _Maker]:
    """Enter a forgery into the catalogue; the decorated function makes it.

    Args:
        id_: its id.
        title: as ``Forgery`` has it.
        source: likewise.
        fails: as ``Variant`` has it, for every variant that does not say otherwise.
        changes: likewise, separated by spaces.
        variants: the variants; a name alone is a variant that is to be refused.
        parameters: what the function takes by keyword.
    """
    full = [
        replace(
            each,
            fails="" if each.expect == "accept" else each.fails or fails,
            changes=each.changes or tuple(changes.split()),
        )
        for each in (Variant(each) if isinstance(each, str) else each for each in variants)
    ]

    def register(make: _Maker) -> _Maker:
        FORGERIES[id_] = Forgery(
            id=id_,
            title=title,
            source=source,
            variants={each.name: each for each in full},
            parameters=parameters,
            make=make,
        )
        return make

    return register


def find_forgery(name: str) -> tuple[Forgery, Variant]:
    """Look a forgery up by id, with or without a variant.

    Raises:
        UnknownName: there is no such forgery, or no such variant of it.
    """
    match = _ID.fullmatch(name)
    found = FORGERIES.get(match["id"]) if match else None
    if match is not None and found is not None:
        wanted = match["variant"]
        if wanted is None:
            return found, next(iter(found.variants.values()))
        if wanted and wanted in found.variants:
            return found, found.variants[wanted]
    raise UnknownName("forgery", name, [name for each in FORGERIES.values() for name in each.names])


def forge(name: str, draft: Draft, **parameters: Any) -> str:
    """Write the token that the draft would have become, with that one defect.

    ``Issuer.forge`` makes the draft too, as the variant's ``options`` want it.

    Raises:
        UnknownName: there is no such forgery.
        InvalidValue: this draft cannot have the defect, for example a missing claim that was never
            there; or the forgery has no such parameter, or no such value of it.
    """
    found, variant = find_forgery(name)
    for each, value in parameters.items():
        if each not in found.parameters:
            known = ", ".join(found.parameters) or "none"
            raise InvalidValue(f"parameter {each[:40]!r}", f"{found.id} has {known}")
        found.parameters[each].check(each, value)
    defaults = {each: parameter.default for each, parameter in found.parameters.items()}
    return found.make(draft, variant.name, **{**defaults, **parameters})


def publish(name: str, ring: KeyRing) -> Key | None:
    """Publish the key that a forgery is signed with, where the key is what is wrong.

    Some defects are not in the token: an RSA key of 1024 bits, a key whose JWK says ``use: enc``.
    Without that key in the JWKS the token would only be one more with an unknown key id. Does
    nothing when the key is there already.

    Returns:
        The key, or None for a forgery that needs none.

    Raises:
        UnknownName: there is no such forgery.
        InvalidValue: the ring's keys do not fit the forgery.
    """
    _, variant = find_forgery(name)
    publication = variant.publishes(ring.current) if variant.publishes else None
    if publication is None:
        return None
    key, members = publication
    # By id, not by identity: another process may have read the ring back from where it is kept.
    if key.kid in [each.kid for each in ring.retired]:
        ring.reinstate(key.kid)
    elif key.kid not in [each.kid for each in ring.published]:
        ring.add(key, members=members)
    return key
