"""The discovery document of each vendor, member for member as the vendor's own.

``vendor_metadata`` has documents as they were read from the vendors, with the names of a tenant replaced:

- okta: a trial org of September 2026, in a published log of kubelogin;
- okta_org: the fixture of httpx-oauth, 2022;
- auth0: a tenant of August 2025, in published notes about oauth.school;
- entra, entra_v1: recordings of the Azure SDK for JavaScript, and of the tenant microsoft.com;
- entra_common, google: panva/wellknown, October 2024;
- cognito: openiddict/openiddict-core#1586, 2022.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fake_idp import PRESETS, Issuer

FOLDER = Path(__file__).parent / "vendor_metadata"
VENDORS = sorted(path.stem for path in FOLDER.glob("*.json"))

#: What vendors have added since the document was read, and where they say so.
NEWER: dict[str, dict[str, str]] = {
    # https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/orgas lists these members.
    "okta_org": dict.fromkeys(
        (
            "grant_types_supported",
            "id_token_encryption_alg_values_supported",
            "id_token_encryption_enc_values_supported",
            "pushed_authorization_request_endpoint",
            "backchannel_token_delivery_modes_supported",
            "backchannel_authentication_request_signing_alg_values_supported",
            "dpop_signing_alg_values_supported",
        ),
        "https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/orgas",
    ),
    "google": dict.fromkeys(
        ("response_modes_supported", "authorization_response_iss_parameter_supported"),
        "https://developers.google.com/identity/openid-connect/reference#discovery-document",
    ),
}


def vendor(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return document


@pytest.mark.parametrize("name", VENDORS)
def test_the_document_is_the_vendor_s(name: str) -> None:
    preset, wanted, newer = PRESETS[name], vendor(name), NEWER.get(name, {})
    found = Issuer(name).discovery()
    assert set(wanted) - set(found) == set(preset.left_out)
    assert set(found) - set(wanted) <= set(newer)
    assert {key: value for key, value in found.items() if key not in newer} == {
        key: value for key, value in wanted.items() if key not in (*preset.left_out, *newer)
    }


@pytest.mark.parametrize("name", VENDORS)
def test_the_members_are_in_the_vendor_s_order(name: str) -> None:
    found = [key for key in Issuer(name).discovery() if key in vendor(name)]
    wanted = [key for key in vendor(name) if key in found]
    # Two recordings of Microsoft's document have kerberos_endpoint in different places; it is left out.
    assert found == wanted


def test_both_profiles_of_auth0_have_one_document() -> None:
    assert Issuer("auth0_rfc9068").discovery() == Issuer("auth0").discovery()


@pytest.mark.parametrize("name", ["cognito", "entra", "entra_v1", "entra_common"])
def test_who_hides_pkce_and_introspection_has_no_such_member(name: str) -> None:
    document = Issuer(name).discovery()
    for member in (
        "code_challenge_methods_supported",
        "introspection_endpoint",
        "registration_endpoint",
        "grant_types_supported",
    ):
        assert member not in document


@pytest.mark.parametrize("name", ["cognito_identity", "identity_center"])
def test_an_issuer_whose_tokens_come_from_an_aws_api_has_keys_and_nothing_else(name: str) -> None:
    issuer = Issuer(name)
    assert set(issuer.endpoints) == {"jwks"}
    assert {member for member in issuer.discovery() if member.endswith(("_endpoint", "_uri"))} == {"jwks_uri"}


def test_common_has_a_template_for_an_issuer_and_tokens_have_a_tenant() -> None:
    issuer = Issuer("entra_common")
    document = issuer.discovery()
    assert document["issuer"] == "https://login.microsoftonline.com/{tenantid}/v2.0"
    claims = issuer.draft("alice").claims
    assert claims["iss"] == document["issuer"].replace("{tenantid}", claims["tid"])
    assert [key["issuer"] for key in issuer.jwks()["keys"]] == [document["issuer"]]
    assert Issuer("entra").draft("alice").claims["iss"] == Issuer("entra").url


@pytest.mark.parametrize(
    ("url", "issuer"),
    [
        ("http://127.0.0.1:9/common/v2.0", "http://127.0.0.1:9/{tenantid}/v2.0"),
        ("http://127.0.0.1:9/commonwealth/v2.0", "http://127.0.0.1:9/commonwealth/v2.0"),
        ("http://common/v2.0", "http://common/v2.0"),
    ],
)
def test_the_template_is_in_the_place_of_common(url: str, issuer: str) -> None:
    assert Issuer("entra_common", url=url).discovery()["issuer"] == issuer


@pytest.mark.parametrize("path", ["", "/", "/pool", "/us-east-1_"])
def test_a_name_of_cognito_without_a_pool_has_everything_below_it(path: str) -> None:
    issuer = Issuer("cognito", url=f"https://cognito-idp.us-east-1.amazonaws.com{path}")
    assert issuer.hosts == {"cognito-idp.us-east-1.amazonaws.com"}


@pytest.mark.parametrize("name", PRESETS)
def test_the_document_names_the_algorithm_that_the_issuer_signs_with(name: str) -> None:
    listed = Issuer(name, algorithm="ES256").discovery()["id_token_signing_alg_values_supported"]
    assert "ES256" in listed
    assert PRESETS[name].algorithm not in listed


def test_changing_a_document_does_not_change_the_next_one() -> None:
    issuer = Issuer("okta")
    issuer.discovery()["scopes_supported"].clear()
    assert issuer.discovery()["scopes_supported"]


def test_okta_s_clients_are_the_org_s_and_by_another_name_below_the_issuer() -> None:
    assert Issuer("okta").endpoints["registration"] == "https://acme.okta.com/oauth2/v1/clients"
    here = Issuer("okta", url="http://127.0.0.1:9000/oauth2/default").endpoints
    assert here["registration"] == "http://127.0.0.1:9000/oauth2/default/v1/clients"


#: The members of a key, in the JWK Sets that the same sources have.
JWK = {
    "plain": "kty alg kid use e n",
    "cognito": "alg e kid kty n use",
    "cognito_identity": "kty alg use kid n e",
    "okta": "kty alg kid use e n",
    "okta_org": "kty alg kid use e n",
    "auth0": "kty use n e kid x5t x5c alg",
    "auth0_rfc9068": "kty use n e kid x5t x5c alg",
    "entra": "kty use kid x5t n e x5c issuer",
    "entra_common": "kty use kid x5t n e x5c issuer",
    "entra_v1": "kty use kid x5t n e x5c",
    "google": "alg use kty e n kid",
}


@pytest.mark.parametrize("name", JWK)
def test_a_key_has_the_vendor_s_members(name: str) -> None:
    for key in Issuer(name).jwks()["keys"]:
        assert set(key) == set(JWK[name].split())


def test_okta_s_org_server_publishes_the_keys_of_id_tokens_only() -> None:
    issuer = Issuer("okta_org")
    assert [key["kid"] for key in issuer.jwks()["keys"]] == [issuer.keys.signing("id").kid]
    issuer.keys.rotate()
    assert len(issuer.jwks()["keys"]) == 2
    issuer.keys.rotate(overlap=False)
    assert [key["kid"] for key in issuer.jwks()["keys"]] == [issuer.keys.signing("id").kid]


@pytest.mark.parametrize("name", ["auth0", "entra"])
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_the_certificate_is_of_the_key(name: str, algorithm: Any) -> None:
    import base64
    import hashlib

    from cryptography import x509

    issuer = Issuer(name, algorithm=algorithm)
    key = issuer.keys.current
    jwk = issuer.jwks()["keys"][0]
    der = base64.b64decode(jwk["x5c"][0], validate=True)
    certificate = x509.load_der_x509_certificate(der)
    assert certificate.public_key() == key.public
    certificate.verify_directly_issued_by(certificate)
    assert issuer.jwks()["keys"][0] == jwk
    thumbprint = base64.urlsafe_b64encode(hashlib.sha1(der).digest()).decode().rstrip("=")
    assert jwk["x5t"] == (thumbprint if name == "auth0" else key.kid)
    assert jwk.get("alg") == (None if name == "entra" and algorithm == "RS256" else algorithm)
