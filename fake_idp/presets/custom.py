"""Presets that somebody wrote: a class, or a TOML file over one of the vendors.

A class is found as ``package.module:Class`` or ``./file.py:Class``; it is a ``Preset``, or a subclass of
a vendor's. A file is found by its path, which ends in ``.toml``::

    base = "okta"                       # what is not said here is as with this preset
    name = "acme"                       # the file's name when left out
    url = "https://id.acme.example/oauth2/main"
    audience = "https://mcp.acme.example"
    scope = ["mcp:read"]
    lifetime = 900
    grants = ["authorization_code", "refresh_token"]
    pkce = "all"
    omit = ["claims_supported"]         # members of the discovery document to leave out

    [paths]                             # endpoints, below the issuer; false for none
    token = "/token"
    registration = false

    [metadata]                          # members to add to the document, or to say otherwise
    service_documentation = "https://acme.example/docs"

    [access.header]
    typ = "at+jwt"

    [access.claims]                     # claims to add, or to say otherwise
    "https://acme.example/team" = "{groups}"
    who = "{name} <{email}>"
    uid = "{none}"                      # not there at all

    [machine.claims]                    # of a client's own tokens, besides those of [access]
    acting = "{client_id}"

    [id]
    only = true                         # nothing of the base's tokens

    [id.header]
    alg = "{alg}"
    kid = "{kid}"

    [id.claims]
    iss = "{issuer}"
    sub = "{sub}"
    aud = ["{client_id}"]
    iat = "{now}"
    exp = "{exp}"
    nonce = "{nonce}"

A value may be anything that JSON has. A string that is one placeholder takes over the placeholder's
type (``"{now}"`` is a number, ``"{groups}"`` a list). A member is left out when there is nothing for a
placeholder in it, as for ``{nonce}`` when the client sent none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

from fake_idp.algorithms import ALGORITHMS
from fake_idp.errors import InvalidValue, UnknownName
from fake_idp.jws import json_bytes
from fake_idp.presets.base import ENDPOINTS, GRANTS, Preset, TokenRequest, TokenUse
from fake_idp.presets.templates import PLACEHOLDERS, Template, applied, placeholders_in

__all__ = ["load"]

_OF_HEADERS = ("kid", "alg")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class _FromFile(Preset):
    """What a file changes about its base, whose class is the next one in line."""

    templates: Mapping[str, Template] = {}
    omit: tuple[str, ...] = ()
    grants_are_own: bool = False

    def discovery(self, url: str, *, algorithm: str) -> dict[str, Any]:
        """Its own grants, and less what the file omits."""
        document = super().discovery(url, algorithm=algorithm)
        if self.grants_are_own and "grant_types_supported" in document:
            document["grant_types_supported"] = list(self.grants)
        return {name: value for name, value in document.items() if name not in self.omit}

    def header(self, request: TokenRequest, *, kid: str, algorithm: str) -> dict[str, Any]:
        """The base's header with the file's members."""
        said = super().header(request, kid=kid, algorithm=algorithm)
        own = {"kid": kid, "alg": algorithm}
        for template in self._templates(request):
            said = applied(template.header, {} if template.only else said, request, own)
        return said

    def claims(self, request: TokenRequest) -> dict[str, Any]:
        """The base's claims with the file's."""
        said = super().claims(request)
        for template in self._templates(request):
            said = applied(template.claims, {} if template.only else said, request, {})
        return said

    def _templates(self, request: TokenRequest) -> list[Template]:
        kinds = (request.use, "machine") if request.machine else (request.use,)
        return [self.templates[kind] for kind in kinds if kind in self.templates]


def load(name: str) -> Preset:
    """Load a preset that somebody wrote, by the forms that this module's description lists.

    Raises:
        UnknownName: something in the file has no such name; the error names file, key and nearest name.
        InvalidValue: the class or the file cannot be used; the error says why.
    """
    if name.endswith(".toml"):
        return _from_file(Path(name))
    return _from_class(name)


def _from_class(name: str) -> Preset:
    place, _, attribute = name.rpartition(":")
    what = f"preset {name!r}"
    try:
        module = _module(place)
    except (ImportError, OSError, ValueError, SyntaxError) as error:
        raise InvalidValue(what, f"{place} cannot be imported ({type(error).__name__})") from None
    try:
        found = getattr(module, attribute)
    except AttributeError:
        raise UnknownName(f"preset in {place}", attribute, _presets_of(module)) from None
    try:
        preset = found() if isinstance(found, type) else found
    except TypeError:
        raise InvalidValue(what, "cannot be made without arguments") from None
    if not isinstance(preset, Preset):
        raise InvalidValue(what, "is no Preset")
    for attribute in ("name", "title", "url", "client_id"):
        if not isinstance(getattr(preset, attribute, None), str):
            raise InvalidValue(what, f"has no {attribute}")
    return preset


def _module(place: str) -> ModuleType:
    import importlib.util

    if not place.endswith(".py"):
        return importlib.import_module(place)
    spec = importlib.util.spec_from_file_location(Path(place).stem, place)
    if spec is None or spec.loader is None:
        raise ImportError
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _presets_of(module: ModuleType) -> list[str]:
    return [
        name for name, value in vars(module).items() if isinstance(value, type) and issubclass(value, Preset)
    ]


def _from_file(path: Path) -> Preset:
    import tomllib

    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidValue(str(path), f"cannot be read ({error.strerror})") from None
    except ValueError as error:  # UnicodeDecodeError and TOMLDecodeError are such
        reason = "UTF-8" if isinstance(error, UnicodeDecodeError) else f"TOML: {error}"
        raise InvalidValue(str(path), f"is not {reason}") from None

    from fake_idp.presets import PRESETS

    base_name = given.pop("base", "plain")
    if not isinstance(base_name, str) or base_name not in PRESETS:
        raise UnknownName(f"base in {path}", str(base_name), PRESETS)
    base = PRESETS[base_name]
    name = given.pop("name", path.stem.lower())
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidValue(f"name in {path}", "must be small letters, digits, _ and -")
    if name in PRESETS:
        raise InvalidValue(f"name in {path}", f"{name!r} is the name of a vendor's preset")
    attributes = _attributes(given, path, base)
    made: Preset = type(f"FromFile_{name}", (_FromFile, type(base)), attributes | {"name": name})()
    return made


def _attributes(given: Mapping[str, Any], path: Path, base: Preset) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "templates": {},
        "sources": dict(base.sources),
        "grants_are_own": "grants" in given,
    }
    for key, value in given.items():
        where = f"{key} in {path}"
        if key in _CHECKS:
            attributes[key] = _CHECKS[key](value, where)
        elif key == "paths":
            attributes["paths"] = _paths(value, where, base)
        elif key == "metadata":
            attributes["metadata"] = {**base.metadata, **_json(value, where)}
        elif key in _KINDS:
            attributes["templates"][key] = template = _template(key, value, path)
            named = [f"header.{name}" for name in template.header] + list(template.claims)
            attributes["sources"] |= dict.fromkeys(named, str(path))
        else:
            raise UnknownName(f"key in {path}", key, ("base", "name", *_CHECKS, "paths", "metadata", *_KINDS))
    attributes.setdefault("title", f"{path.name}, over {base.title}")
    return attributes


def _paths(value: Any, where: str, base: Preset) -> dict[str, str]:
    if not isinstance(value, dict):
        raise InvalidValue(where, "must be a table")
    paths: dict[str, Any] = {str(endpoint): path for endpoint, path in base.paths.items()} | value
    for endpoint, path in value.items():
        if endpoint not in ENDPOINTS or endpoint == "discovery":
            raise UnknownName(f"endpoint in {where}", endpoint, [n for n in ENDPOINTS if n != "discovery"])
        if path is not False and not (isinstance(path, str) and re.fullmatch(r"/[\w./~-]+", path)):
            raise InvalidValue(f"{endpoint} in {where}", "must be a path that begins with /, or false")
    if paths.get("jwks") is False:
        raise InvalidValue(f"jwks in {where}", "cannot be left out: nobody could verify a token")
    return {endpoint: path for endpoint, path in paths.items() if path is not False}


_KINDS = ("access", "id", "machine")


def _template(kind: str, value: Any, path: Path) -> Template:
    if not isinstance(value, dict):
        raise InvalidValue(f"{kind} in {path}", "must be a table")
    for part in value:
        if part not in ("only", "header", "claims"):
            raise UnknownName(f"key of {kind} in {path}", part, ("only", "header", "claims"))
    only = _flag(value.get("only", False), f"{kind}.only in {path}")
    for part, extra in (("header", _OF_HEADERS), ("claims", ())):
        members = _json(value.get(part, {}), f"{kind}.{part} in {path}")
        for member, content in members.items():
            for found in placeholders_in(content):
                if found not in PLACEHOLDERS and found not in extra:
                    known = (*PLACEHOLDERS, *extra)
                    raise UnknownName(f"placeholder of {kind}.{part}.{member} in {path}", found, known)
    return Template(only=only, header=value.get("header", {}), claims=value.get("claims", {}))


def _json(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidValue(where, "must be a table")
    json_bytes(value, what=f"{where}:")
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue(where, "must be true or false")
    return value


def _string(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise InvalidValue(where, "must be a string, not empty")
    return value


def _url(value: Any, where: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
        raise InvalidValue(where, "must be an http(s) URL with a host, without query or fragment")
    return value


def _seconds(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10 * 366 * 86_400:
        raise InvalidValue(where, "must be a number of seconds, at most ten years")
    return value


def _strings(value: Any, where: str) -> tuple[str, ...]:
    found = value.split() if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(each, str) and each for each in found):
        raise InvalidValue(where, "must be a list of strings")
    return tuple(found)


def _one_of(*allowed: str) -> Callable[[Any, str], str]:
    def check(value: Any, where: str) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise UnknownName(f"value of {where}", str(value), allowed)
        return value

    return check


def _grants(value: Any, where: str) -> tuple[str, ...]:
    return tuple(_one_of(*GRANTS)(each, where) for each in _strings(value, where))


#: The attributes of ``Preset`` that a file may set, and how each is checked.
_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "title": _string,
    "url": _url,
    "client_id": _string,
    "audience": _string,
    "scope": _strings,
    "machine_scope": _strings,
    "default_use": _one_of(*get_args(TokenUse)),
    "algorithm": _one_of(*ALGORITHMS),
    "lifetime": _seconds,
    "id_lifetime": _seconds,
    "cache_control": _string,
    "grants": _grants,
    "access_tokens": _one_of("jwt", "opaque"),
    "pkce": _one_of("all", "public", "never"),
    "resource": _one_of("audience", "ignored", "refused"),
    "omit": _strings,
    **dict.fromkeys(
        (
            "opaque_without_audience",
            "audience_parameter",
            "iss_parameter",
            "rotates_refresh_tokens",
            "renews_refresh_tokens",
            "dpop",
            "client_id_documents",
            "manages_registrations",
            "oauth_metadata",
        ),
        _flag,
    ),
}
