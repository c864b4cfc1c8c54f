"""Claims: another issuer, another audience, nobody, or not enough."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from fake_idp.errors import InvalidValue
from fake_idp.forgeries import outsiders
from fake_idp.forgeries.registry import Parameter, Variant, forgery
from fake_idp.tokens import Draft

_CLIENT_CLAIMS = ("client_id", "cid", "azp", "appid")
"""Where vendors put the client of an access token: RFC 9068 and Cognito, Okta, Auth0 and Entra, Entra v1."""

_LOOKALIKES = str.maketrans("aeopcxi0123456789", "аеорсхі０１２３４５６７８９")  # noqa: RUF001
_ACCESS = {"token_use": "access"}


# Issuer


@forgery(
    "clm.iss",
    title="another issuer, or none",
    source="RFC 8725 section 3.8; OpenID Connect Core 1.0 section 3.1.3.7",
    fails="iss",
    changes="claims.iss",
    variants=("other", "missing", "null", "list", "int"),
    other=Parameter("the other issuer", "https://attacker.example", kind="text"),
)
def _iss(draft: Draft, variant: str, *, other: str) -> str:
    return _wrong_claim(draft, "iss", variant, {"other": other, "list": [draft.claims.get("iss")]})


@forgery(
    "clm.iss-near",
    title="an issuer that looks like the right one",
    source="RFC 8414 section 3.3; OpenID Connect Core 1.0 section 3.1.3.7: compared exactly; CVE-2024-53861",
    fails="iss",
    changes="claims.iss",
    variants=("slash", "case", "port", "scheme", "space", "prefix", "userinfo", "homoglyph"),
)
def _iss_near(draft: Draft, variant: str) -> str:
    url = _text(draft, "iss")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InvalidValue("iss", "the honest token's is no URL") from None
    host = parts.netloc
    near = {
        "slash": url.removesuffix("/") if url.endswith("/") else f"{url}/",
        "case": urlunsplit(parts._replace(netloc=host.upper())) if host.upper() != host else url.upper(),
        "port": urlunsplit(parts._replace(netloc=_other_port(parts.scheme, host))),
        "scheme": urlunsplit(parts._replace(scheme="http" if parts.scheme == "https" else "https")),
        "space": f"{url} ",
        "prefix": urlunsplit(parts._replace(netloc=f"{host}.attacker.example")),
        "userinfo": urlunsplit(parts._replace(netloc=f"{host}@attacker.example")),
        "homoglyph": urlunsplit(parts._replace(netloc=_lookalike(host))),
    }
    return draft.with_claims({"iss": near[variant]}).sign()


def _other_port(scheme: str, host: str) -> str:
    """The same place with the default port written out; without its port where it has one."""
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit():
        return name
    return f"{host}:{443 if scheme == 'https' else 80}"


def _lookalike(host: str) -> str:
    """The host with one character that only looks the same, or nearly (RFC 5890 section 4.4)."""
    for at, character in enumerate(host):
        if (other := character.translate(_LOOKALIKES)) != character:
            return host[:at] + other + host[at + 1 :]
    return f"{host}\u200b"  # with a zero width space behind it


@forgery(
    "clm.iss-mixup",
    title="a genuine token of another issuer, whose key happens to have the same id",
    source="RFC 8725 section 3.8; RFC 9700 section 4.4",
    fails="iss",
    changes="claims.iss signature",
    other=Parameter("the other issuer", "https://other-issuer.example", kind="text"),
)
def _iss_mixup(draft: Draft, _: str, *, other: str) -> str:
    _text(draft, "iss")
    return draft.with_claims({"iss": other}).write(sign=outsiders.other_issuer(draft.key.algorithm).sign)


# Audience


@forgery(
    "clm.aud",
    title="for another audience, or for none",
    source="RFC 8725 section 3.9; RFC 9068 section 4",
    fails="aud",
    changes="claims.aud",
    variants=("other", "missing", "null", "empty", "int", "dict"),
    other=Parameter("the other audience", "https://other.example", kind="text"),
)
def _aud(draft: Draft, variant: str, *, other: str) -> str:
    values = {"other": other, "empty": [], "dict": {"aud": draft.claims.get("aud")}}
    return _wrong_claim(draft, "aud", variant, values)


@forgery(
    "clm.aud-list",
    title="several audiences, the right one among them",
    source="RFC 7519 section 4.1.3; OpenID conformance suite, valid-aud-as-array and invalid-secondary-aud",
    fails="aud",
    changes="claims.aud",
    variants=("mixed", Variant("one", expect="accept"), Variant("several", expect="accept")),
    other=Parameter("the other audience", "https://other.example", kind="text"),
)
def _aud_list(draft: Draft, variant: str, *, other: str) -> str:
    honest = draft.claims.get("aud")
    if not honest:
        raise InvalidValue("aud", "the honest token does not carry it")
    right = list(honest) if isinstance(honest, list | tuple) else [honest]
    values = {"one": right, "several": [other, *right], "mixed": [*right, 1]}
    return draft.with_claims({"aud": values[variant]}).sign()


@forgery(
    "clm.resource",
    title="for another resource of the same owner",
    source="RFC 8707 section 2; MCP authorization, token audience binding",
    fails="aud",
    changes="claims.aud",
    resource=Parameter("the other resource; a path below the right one when left out", kind="text"),
)
def _resource(draft: Draft, _: str, *, resource: str | None) -> str:
    honest = draft.claims.get("aud")
    right = honest[0] if isinstance(honest, list | tuple) and honest else honest
    if not isinstance(right, str):
        raise InvalidValue("aud", "the honest token does not carry it")
    return draft.with_claims({"aud": f"{right.rstrip('/')}/other" if resource is None else resource}).sign()


@forgery(
    "clm.client-id",
    title="for another client, or for no audience but a client",
    source="Amazon Cognito developer guide, verifying a JSON web token; OpenID Connect Core 1.0 section 2",
    fails="client",
    changes="",
    variants=(
        Variant("other", changes=("claims.*",), options=_ACCESS),
        Variant("azp-other", changes=("claims.azp",)),
        # What Cognito makes anyway; any other issuer's token has to say whom it is for.
        Variant("no-aud", expect="either", fails="aud", changes=("claims.aud",), options=_ACCESS),
    ),
    other=Parameter("the other client", "another-client", kind="text"),
)
def _client_id(draft: Draft, variant: str, *, other: str) -> str:
    if variant == "no-aud":
        return draft.without("aud").sign()
    if variant == "azp-other":
        return draft.with_claims({"azp": other}).sign()
    name = next((name for name in _CLIENT_CLAIMS if name in draft.claims), None)
    if name is None:
        raise InvalidValue("clm.client-id", f"the honest token names no client: {', '.join(_CLIENT_CLAIMS)}")
    return draft.with_claims({name: other}).sign()


@forgery(
    "clm.token-use",
    title="the wrong token_use, or none",
    source="Amazon Cognito developer guide, verifying a JSON web token",
    fails="token_use",
    changes="claims.token_use",
    variants=[Variant(name, options=_ACCESS) for name in ("id", "refresh", "missing")],
)
def _token_use(draft: Draft, variant: str) -> str:
    if "token_use" not in draft.claims:
        raise InvalidValue("token_use", 'only Cognito has this claim: use Issuer("cognito")')
    return _wrong_claim(draft, "token_use", variant, {"id": "id", "refresh": "refresh"})


# Subject


@forgery(
    "clm.sub",
    title="nobody, or no name of anybody",
    source="RFC 9068 section 2.2; RFC 7519 section 4.1.2; OpenID conformance suite, missing-sub",
    fails="sub",
    changes="claims.sub",
    variants=("missing", "empty", "null", "int", "list"),
)
def _sub(draft: Draft, variant: str) -> str:
    return _wrong_claim(draft, "sub", variant, {"empty": "", "list": [draft.claims.get("sub")]})


@forgery(
    "clm.sub-session-name",
    title="a good subject that cannot be the name of an AWS session as it is",
    source="AWS STS API reference, RoleSessionName; OpenID Connect Core 1.0 section 2, sub",
    fails="",
    changes="claims.sub",
    variants=[
        Variant(name, expect="accept") for name in ("one-character", "long", "spaces", "slash", "non-ascii")
    ],
)
def _sub_session_name(draft: Draft, variant: str) -> str:
    values = {
        "one-character": "a",
        "long": "a" * 65,
        "spaces": "alice in wonderland",
        "slash": "acme/alice",
        "non-ascii": "\u00e4lice",
    }
    return draft.with_claims({"sub": values[variant]}).sign()


# Scope


@forgery(
    "clm.scope",
    title="without the scope that is needed, or with one that only looks like it",
    source="RFC 6750 section 3.1, insufficient_scope; RFC 6749 section 3.3: case-sensitive",
    fails="scope",
    changes="claims.*",
    variants=[Variant(name, options=_ACCESS) for name in ("missing", "empty", "prefix", "case")],
)
def _scope(draft: Draft, variant: str) -> str:
    name, scopes = _scopes(draft)
    if variant == "missing":
        return draft.dropping(name).sign()
    other = {
        "empty": [],
        "prefix": [f"{scope}er" for scope in scopes],
        "case": [scope.swapcase() for scope in scopes],
    }[variant]
    return draft.with_claims(
        {name: other if isinstance(draft.claims[name], list) else " ".join(other)}
    ).sign()


@forgery(
    "clm.scope-type",
    title="the scope as something else, or under another name",
    source="RFC 8693 section 4.2; RFC 9068 section 2.2.3; Okta and Entra have scp",
    fails="scope",
    changes="claims.scope claims.scp",
    variants=[
        Variant(name, expect="either", options=_ACCESS)
        for name in ("other-type", "other-name", "nested", "int")
    ],
)
def _scope_type(draft: Draft, variant: str) -> str:
    name, scopes = _scopes(draft)
    honest = draft.claims[name]
    if variant == "other-name":
        return draft.without(name).with_claims({"scp" if name == "scope" else "scope": honest}).sign()
    other_type = " ".join(scopes) if isinstance(honest, list) else scopes
    return draft.with_claims(
        {name: {"other-type": other_type, "nested": {name: honest}, "int": 1}[variant]}
    ).sign()


def _scopes(draft: Draft) -> tuple[str, list[str]]:
    """The name of the claim that the scopes are in, and the scopes."""
    for name in ("scope", "scp"):
        scopes = draft.claims.get(name)
        if isinstance(scopes, str) and scopes.split():
            return name, scopes.split()
        if isinstance(scopes, list) and scopes and all(isinstance(each, str) for each in scopes):
            return name, list(scopes)
    raise InvalidValue("scope", "the honest token carries none, so there is nothing to change")


# Helpers


def _wrong_claim(draft: Draft, name: str, variant: str, values: dict[str, Any]) -> str:
    if variant == "missing":
        return draft.dropping(name).sign()
    return draft.with_claims({name: ({"null": None, "int": 1} | values)[variant]}).sign()


def _text(draft: Draft, name: str) -> str:
    value = draft.claims.get(name)
    if not isinstance(value, str):
        raise InvalidValue(name, "the honest token does not carry it as a text")
    return value
