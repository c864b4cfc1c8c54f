"""Claims with placeholders, as a preset's file has them: ``{sub}`` stands for what the token is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fake_idp import random_ids
from fake_idp.presets.base import TokenRequest, standard_claims

__all__ = ["PLACEHOLDERS", "Template", "applied", "placeholders_in"]

PLACEHOLDERS: dict[str, Callable[[TokenRequest], Any]] = {
    "sub": lambda request: request.sub,
    "issuer": lambda request: request.issuer,
    "client_id": lambda request: request.client_id,
    "audience": lambda request: _listed(request.audience),
    "scope": lambda request: " ".join(request.scope),
    "scopes": lambda request: list(request.scope),
    "name": lambda request: None if request.machine else request.person.name,
    "email": lambda request: None if request.machine else request.person.email,
    "groups": lambda request: list(request.user.groups) or None,
    "roles": lambda request: list(request.user.roles) or None,
    "now": lambda request: request.issued_at,
    "exp": lambda request: request.expires_at,
    "auth_time": lambda request: None if request.machine else request.auth_time,
    "session": lambda request: request.session,
    "grant": lambda request: request.grant,
    "uuid": lambda _: random_ids.uuid4(),
    "none": lambda _: None,
    "nonce": lambda request: standard_claims(request).get("nonce"),
    "at_hash": lambda request: standard_claims(request).get("at_hash"),
}
"""What each placeholder stands for; None leaves out whatever it is a part of."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Template:
    """What a kind of token says otherwise than the base's.

    Attributes:
        only: whether nothing of the base's is kept.
        header: header members.
        claims: claims.
    """

    only: bool = False
    header: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)


def placeholders_in(value: Any) -> list[str]:
    """The names of the placeholders in a value, however deep."""
    if isinstance(value, str):
        return _PLACEHOLDER.findall(value)
    if isinstance(value, dict):
        value = list(value.values())
    return [found for each in value for found in placeholders_in(each)] if isinstance(value, list) else []


def applied(
    members: Mapping[str, Any], said: dict[str, Any], request: TokenRequest, own: Mapping[str, str]
) -> dict[str, Any]:
    """Return ``said`` with the members filled in; ``own`` are placeholders of this place alone."""
    said = dict(said)
    for name, template in members.items():
        value = _filled(template, request, own)
        if value is None:
            said.pop(name, None)
        else:
            said[name] = value
    return said


def _filled(template: Any, request: TokenRequest, own: Mapping[str, str]) -> Any:
    def of(name: str) -> Any:
        return own[name] if name in own else PLACEHOLDERS[name](request)

    if isinstance(template, str):
        if alone := _PLACEHOLDER.fullmatch(template):
            return of(alone[1])
        values = {name: of(name) for name in _PLACEHOLDER.findall(template)}
        if None in values.values():
            return None
        return _PLACEHOLDER.sub(lambda match: _text(values[match[1]]), template)
    if isinstance(template, list):
        return [filled for each in template if (filled := _filled(each, request, own)) is not None]
    if isinstance(template, dict):
        return applied(template, {}, request, own)
    return template


def _text(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def _listed(audience: str | tuple[str, ...]) -> str | list[str]:
    return audience if isinstance(audience, str) else list(audience)
