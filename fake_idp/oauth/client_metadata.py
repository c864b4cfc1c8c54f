"""Client metadata (RFC 7591 section 2), checked member by member.

They come from a registration or from the document of a client whose id is a URL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from fake_idp.oauth.authenticate import METHODS
from fake_idp.oauth.messages import OAuthError
from fake_idp.oauth.redirects import unregistrable
from fake_idp.oauth.scopes import parsed_scope

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["checked_metadata"]

_MANY, _LONG = 50, 2000


def checked_metadata(issuer: Issuer, given: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata that the issuer understands, with the defaults of RFC 7591 section 2 filled in.

    What it does not understand is left out, as the section says. So is ``scope``, once it is known to be
    well-formed: what a client says of itself would limit nobody, and would keep an MCP client from
    asking for more when it is told that it needs more.

    Raises:
        OAuthError: invalid_redirect_uri or invalid_client_metadata (RFC 7591 section 3.2.2).
    """
    if "software_statement" in given:
        raise OAuthError("unapproved_software_statement", "software statements are not taken here")
    said = {name: given[name] for name in _CHECKS if given.get(name) is not None}
    for name, value in said.items():
        _CHECKS[name](name, value)
    said.setdefault("token_endpoint_auth_method", "client_secret_basic")
    said.setdefault("grant_types", ["authorization_code"])
    code = "authorization_code" in said["grant_types"]
    said.setdefault("response_types", ["code"] if code else [])
    _check_against(issuer, said)
    if said["response_types"] != (["code"] if code else []):
        _refuse("response_types must be code with authorization_code, and empty without")
    if code and not said.get("redirect_uris"):
        raise OAuthError("invalid_redirect_uri", "authorization_code needs at least one of redirect_uris")
    if said["token_endpoint_auth_method"].startswith("private_key") and "jwks" not in said:
        _refuse("private_key_jwt needs jwks: the keys themselves, for jwks_uri is not fetched here")
    if "scope" in said:
        parsed_scope(said.pop("scope"), error="invalid_client_metadata")
    return said


def _check_against(issuer: Issuer, said: Mapping[str, Any]) -> None:
    """What depends on the issuer: its grant types, methods and algorithm."""
    for grant in said["grant_types"]:
        if grant not in issuer.preset.grants:
            _refuse(f"grant_types must be of: {', '.join(issuer.preset.grants)}")
    document = issuer.discovery()
    methods = [
        each for each in METHODS if each in document.get("token_endpoint_auth_methods_supported", METHODS)
    ]
    if said["token_endpoint_auth_method"] not in methods:
        _refuse(f"token_endpoint_auth_method must be one of: {', '.join(methods)}")
    algorithms = document.get("id_token_signing_alg_values_supported", [issuer.keys.algorithm])
    if said.get("id_token_signed_response_alg", algorithms[0]) not in algorithms:
        _refuse(f"id_token_signed_response_alg must be {' or '.join(algorithms)}")


def _text(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value.isprintable() or len(value) > _LONG:
        _refuse(f"{name} must be a string of at most {_LONG} printable characters")


def _texts(name: str, value: Any) -> None:
    if not isinstance(value, list) or len(value) > _MANY:
        _refuse(f"{name} must be a list of at most {_MANY}")
    for each in value:
        _text(name, each)


def _redirect_uris(name: str, value: Any) -> None:
    if not isinstance(value, list) or len(value) > _MANY:
        raise OAuthError("invalid_redirect_uri", f"{name} must be a list of at most {_MANY}")
    for each in value:
        wrong = unregistrable(each) if isinstance(each, str) else "must be a string"
        if wrong is not None:
            raise OAuthError("invalid_redirect_uri", f"one of {name} {wrong}")


def _web_page(name: str, value: Any) -> None:
    _text(name, value)
    try:
        good = urlsplit(value).scheme in ("http", "https") and urlsplit(value).hostname
    except ValueError:
        good = False
    if not good:
        _refuse(f"{name} must be the URL of a web page")


def _jwks(name: str, value: Any) -> None:
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= _MANY or not all(isinstance(k, dict) for k in keys):
        _refuse(f"{name} must be a JWK Set of 1 to {_MANY} keys (RFC 7517 section 5)")
    if any("d" in key or key.get("kty") == "oct" for key in keys):
        _refuse(f"{name} must have public keys only")


def _one_of(*known: str) -> Callable[[str, Any], None]:
    def check(name: str, value: Any) -> None:
        if value not in known:
            _refuse(f"{name} must be {' or '.join(known)}")

    return check


_CHECKS: dict[str, Callable[[str, Any], None]] = {
    "redirect_uris": _redirect_uris,
    "token_endpoint_auth_method": _text,
    "grant_types": _texts,
    "response_types": _texts,
    "client_name": _text,
    "client_uri": _web_page,
    "logo_uri": _web_page,
    "scope": _text,
    "contacts": _texts,
    "tos_uri": _web_page,
    "policy_uri": _web_page,
    "jwks": _jwks,
    "software_id": _text,
    "software_version": _text,
    # OpenID Connect Dynamic Client Registration 1.0 section 2, RP-Initiated Logout 1.0 section 3.1
    "application_type": _one_of("web", "native"),
    "subject_type": _one_of("public", "pairwise"),
    "id_token_signed_response_alg": _text,
    "post_logout_redirect_uris": _redirect_uris,
}


def _refuse(description: str) -> NoReturn:
    raise OAuthError("invalid_client_metadata", description)
