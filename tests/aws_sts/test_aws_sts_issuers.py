"""The other side of AssumeRoleWithWebIdentity: what issuers publish, and the providers that are built in."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fake_idp import Issuer
from harness.aws import Aws
from harness.internet import Internet
from tests.aws_account import refused
from tests.aws_sts.party import (
    ACCOUNT,
    AUDIENCE,
    WEB_IDENTITY,
    Web,
    exchange,
    federated,
    make_role,
    register,
    trust,
)


def test_a_withdrawn_key_is_refused(aws: Aws, reader: str, issuer: Issuer) -> None:
    old = issuer.mint()
    assert exchange(aws, reader, old)
    issuer.keys.rotate(overlap=False)
    refused("InvalidIdentityToken", exchange, aws, reader, old)
    assert exchange(aws, reader, issuer.mint())


@pytest.mark.parametrize(
    "page", [(503, b""), (302, b""), (200, b"<html>"), (200, b"[]"), (200, b"{}"), (200, b'{"keys":{}}')]
)
def test_an_issuer_whose_keys_cannot_be_had_is_said_so(
    aws: Aws, reader: str, issuer: Issuer, web: Web, page: tuple[int, bytes]
) -> None:
    for url in (issuer.jwks_url, issuer.discovery_url):
        honest, web.pages[url] = web.pages[url], lambda: page
        message = refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint())
        assert message.startswith("Couldn't retrieve verification key from your identity provider,  ")
        web.pages[url] = honest


def test_a_discovery_document_of_another_issuer_is_refused(
    aws: Aws, reader: str, issuer: Issuer, web: Web
) -> None:
    other = {**issuer.discovery(), "issuer": "https://evil.example"}
    web.pages[issuer.discovery_url] = lambda: (200, json.dumps(other).encode())
    refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint())


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "RSA"},
        {"kty": "RSA", "n": 1, "e": []},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": "_" * 4000, "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "oct", "k": "AAAA"},
        "key",
        None,
    ],
)
def test_a_key_that_cannot_be_read_verifies_nothing(
    aws: Aws, reader: str, issuer: Issuer, web: Web, key: Any
) -> None:
    token = issuer.mint()
    kid = issuer.keys.current.kid
    key = {**key, "kid": kid} if isinstance(key, dict) else key
    web.pages[issuer.jwks_url] = lambda: (200, json.dumps({"keys": [key]}).encode())
    refused("InvalidIdentityToken", exchange, aws, reader, token)


def test_an_es256_token_is_accepted(aws: Aws, web: Web) -> None:
    issuer = Issuer("okta", url="https://ec.okta.com/oauth2/x", audience=AUDIENCE, algorithm="ES256")
    web.publish(issuer)
    register(aws, issuer)
    role = make_role(aws, federated(issuer))
    assert exchange(aws, role, issuer.mint())
    refused("InvalidIdentityToken", exchange, aws, role, issuer.forge("sig.wrong-key"))


def publish(web: Web, issuer: Issuer, keys: list[dict[str, Any]]) -> None:
    web.pages[issuer.jwks_url] = lambda: (200, json.dumps({"keys": keys}).encode())


@pytest.mark.parametrize(
    ("without", "members", "accepted"),
    [
        ("alg", {}, True),
        ("use", {}, True),
        ("kid", {}, False),
        ("", {"use": "enc"}, False),
        ("", {"alg": "RS512"}, False),
        ("", {"key_ops": ["verify"]}, True),
        ("", {"key_ops": ["encrypt"]}, False),
        ("", {"key_ops": "verify"}, False),
        ("", {"kid": ""}, False),
        ("", {"kid": None}, False),
    ],
)
def test_a_key_must_be_for_this_signature(
    aws: Aws, reader: str, issuer: Issuer, web: Web, without: str, members: dict[str, Any], accepted: bool
) -> None:
    token, [key, *_] = issuer.mint(), issuer.keys.jwks()["keys"]
    publish(web, issuer, [{**{name: key[name] for name in key if name != without}, **members}])
    if accepted:
        assert exchange(aws, reader, token)
    else:
        refused("InvalidIdentityToken", exchange, aws, reader, token)


def test_a_token_without_kid_is_for_an_issuer_with_one_key(
    aws: Aws, reader: str, issuer: Issuer, web: Web
) -> None:
    token, [key, *_] = issuer.forge("jwks.kid-absent[token]"), issuer.keys.jwks()["keys"]
    publish(web, issuer, [key])
    assert exchange(aws, reader, token)
    publish(web, issuer, [key, {**key, "kid": "other"}])
    refused("InvalidIdentityToken", exchange, aws, reader, token)


@pytest.mark.parametrize("kind", ["RSA", "EC"])
def test_more_than_a_hundred_keys_of_a_type_are_no_key_set(
    aws: Aws, reader: str, issuer: Issuer, web: Web, kind: str
) -> None:
    token, more = issuer.mint(), 100 if kind == "EC" else 99
    many = [{"kty": kind, "kid": f"k{number}"} for number in range(more)]
    honest = issuer.keys.jwks()["keys"][0]
    publish(web, issuer, [honest, *many])
    assert exchange(aws, reader, token)
    publish(web, issuer, [honest, *many, {"kty": kind, "kid": "last"}])
    message = refused("InvalidIdentityToken", exchange, aws, reader, token)
    assert message.startswith("Couldn't retrieve verification key")


@pytest.mark.parametrize(
    "url",
    ["http://acme.okta.com/keys", "//acme.okta.com/keys", "https://", "https://[", 7, None, ["https://a"]],
)
def test_the_keys_must_be_published_over_https(
    aws: Aws, reader: str, issuer: Issuer, web: Web, url: object
) -> None:
    changed = {**issuer.discovery(), "jwks_uri": url}
    web.pages[issuer.discovery_url] = lambda: (200, json.dumps(changed).encode())
    message = refused("InvalidIdentityToken", exchange, aws, reader, issuer.mint())
    assert message.startswith("Couldn't retrieve verification key")


class TestThumbprints:
    RIGHT = "a" * 40

    def test_they_do_not_count_while_aws_trusts_the_authority(self, aws: Aws, issuer: Issuer) -> None:
        register(aws, issuer, ThumbprintList=["b" * 40])
        assert exchange(aws, make_role(aws, federated(issuer)), issuer.mint())

    def test_one_must_be_that_of_the_host_of_the_keys_otherwise(self, aws: Aws, issuer: Issuer) -> None:
        asked: list[str] = []
        aws.thumbprint = lambda host: asked.append(host) or self.RIGHT  # type: ignore[func-returns-value]
        register(aws, issuer, ThumbprintList=["b" * 40])
        role = make_role(aws, federated(issuer))
        message = refused("InvalidIdentityToken", exchange, aws, role, issuer.mint())
        assert message == "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint"
        provider = aws.call("iam", "list_open_id_connect_providers")["OpenIDConnectProviderList"][0]["Arn"]
        thumbprints = ["b" * 40, self.RIGHT.upper()]
        aws.call(
            "iam",
            "update_open_id_connect_provider_thumbprint",
            OpenIDConnectProviderArn=provider,
            ThumbprintList=thumbprints,
        )
        assert exchange(aws, role, issuer.mint())
        assert set(asked) == {urlsplit(issuer.jwks_url).hostname}

    def test_a_provider_without_any_has_none_that_fits(self, aws: Aws, issuer: Issuer) -> None:
        aws.thumbprint = lambda host: self.RIGHT
        register(aws, issuer)
        role = make_role(aws, federated(issuer))
        assert "thumbprint" in refused("InvalidIdentityToken", exchange, aws, role, issuer.mint())

    def test_a_host_of_a_world_has_the_thumbprint_of_the_certificate_that_it_shows(self) -> None:
        internet = Internet()
        try:
            internet.serve("login.example.com", Issuer("plain").app)
            with internet.http().stream("GET", "https://login.example.com/") as answer:
                tls = answer.extensions["network_stream"].get_extra_info("ssl_object")
                shown = tls.getpeercert(True)
            assert internet.thumbprint("login.example.com") == hashlib.sha1(shown).hexdigest()
            with pytest.raises(OSError, match="not part of this world"):
                internet.thumbprint("elsewhere.example")
        finally:
            internet.close()


class TestBuiltIn:
    def test_google_needs_no_provider_and_leaves_the_audience_to_the_trust_policy(
        self, aws: Aws, web: Web
    ) -> None:
        google = Issuer("google", client_id="app")
        web.publish(google)
        wanted = {"StringEquals": {"accounts.google.com:aud": "app"}}
        role = make_role(aws, trust({"Federated": "accounts.google.com"}, WEB_IDENTITY, Condition=wanted))
        answer = exchange(aws, role, google.mint(sub="1234567890"))
        assert answer["Provider"] == "accounts.google.com"
        assert answer["Audience"] == "app"
        refused("AccessDenied", exchange, aws, role, google.mint(sub="1234567890", client_id="other"))
        refused("InvalidIdentityToken", exchange, aws, role, google.forge("sig.wrong-key"))

    def test_an_identity_pool_s_token_is_verified_by_the_account_s_own_keys(self, aws: Aws, web: Web) -> None:
        forged = Issuer("plain", url="https://cognito-identity.amazonaws.com", audience="us-east-1:pool")
        web.publish(forged)
        name = "cognito-identity.amazonaws.com"
        wanted = {"StringEquals": {f"{name}:aud": "us-east-1:pool"}}
        role = make_role(aws, trust({"Federated": name}, WEB_IDENTITY, Condition=wanted))
        message = refused("InvalidIdentityToken", exchange, aws, role, forged.mint())
        assert "signature does not verify" in message
        assert web.seen == []


def test_a_token_of_an_identity_pool_is_good_for_a_role_that_trusts_the_pool() -> None:
    """The basic flow of Cognito, whose tokens the account itself signs."""
    aws = Aws(account_id=ACCOUNT, new_issuer=Issuer)
    cognito = aws.client("cognito-identity")
    made = cognito.create_identity_pool(
        IdentityPoolName="p", AllowUnauthenticatedIdentities=True, AllowClassicFlow=True
    )
    pool = made["IdentityPoolId"]
    identity = cognito.get_id(IdentityPoolId=pool)["IdentityId"]
    token = cognito.get_open_id_token(IdentityId=identity)["Token"]
    name = "cognito-identity.amazonaws.com"
    for audience, allowed in ((pool, True), (f"{pool[:-1]}x", False)):
        wanted = {
            "StringEquals": {f"{name}:aud": audience, f"{name}:sub": identity},
            "ForAnyValue:StringLike": {f"{name}:amr": "unauthenticated"},
        }
        document = trust({"Federated": name}, WEB_IDENTITY, Condition=wanted)
        role = make_role(aws, document, f"guest-{allowed}")
        if not allowed:
            refused("AccessDenied", exchange, aws, role, token)
            continue
        answer = exchange(aws, role, token)
        assert (answer["Provider"], answer["Audience"]) == (name, pool)
        assert answer["SubjectFromWebIdentityToken"] == identity
    aws.close()


class TestOAuth:
    def tell(self, web: Web, url: str, status: int, answer: Any) -> None:
        web.pages[url] = lambda: (status, json.dumps(answer).encode())

    def test_amazon_is_asked_whose_a_token_is(self, aws: Aws, web: Web) -> None:
        url = "https://api.amazon.com/auth/o2/tokeninfo?access_token=Atza%7Cx%26y"
        self.tell(web, url, 200, {"app_id": "amzn1.application.a", "user_id": "amzn1.account.b"})
        wanted = {"StringEquals": {"www.amazon.com:user_id": "amzn1.account.b"}}
        role = make_role(aws, trust({"Federated": "www.amazon.com"}, WEB_IDENTITY, Condition=wanted))
        answer = exchange(aws, role, "Atza|x&y", ProviderId="www.amazon.com")
        assert answer["Provider"] == "www.amazon.com"
        assert answer["Audience"] == "amzn1.application.a"
        assert answer["SubjectFromWebIdentityToken"] == "amzn1.account.b"
        assert parse_qs(urlsplit(web.seen[0]).query) == {"access_token": ["Atza|x&y"]}

    def test_facebook_is_asked_for_the_person_and_the_application(self, aws: Aws, web: Web) -> None:
        for what, answer in (("me", "42"), ("app", "7")):
            url = f"https://graph.facebook.com/{what}?fields=id&access_token=token"
            self.tell(web, url, 200, {"id": answer})
        wanted = {"StringEquals": {"graph.facebook.com:app_id": "7", "graph.facebook.com:id": "42"}}
        role = make_role(aws, trust({"Federated": "graph.facebook.com"}, WEB_IDENTITY, Condition=wanted))
        assert exchange(aws, role, "token", ProviderId="graph.facebook.com")["Audience"] == "7"

    def test_a_provider_that_refuses_or_cannot_be_asked_is_said_so(self, aws: Aws, web: Web) -> None:
        role = make_role(aws, trust({"Federated": "graph.facebook.com"}, WEB_IDENTITY))
        fields = {"ProviderId": "graph.facebook.com"}
        refused("IDPCommunicationError", exchange, aws, role, "token", **fields)
        url = "https://graph.facebook.com/me?fields=id&access_token=token"
        self.tell(web, url, 400, {})
        message = refused("IDPRejectedClaim", exchange, aws, role, "token", **fields)
        assert message == "graph.facebook.com: graph.facebook.com responded with HTTP/1.1 400 Bad Request"
        for answer in ({}, [], {"id": 7}, "id"):
            self.tell(web, url, 200, answer)
            refused("IDPCommunicationError", exchange, aws, role, "token", **fields)

    @pytest.mark.parametrize(
        "provider", ["accounts.google.com", "acme.okta.com", "www.amazon.com.evil.example"]
    )
    def test_nobody_else_has_a_provider_id(
        self, aws: Aws, reader: str, issuer: Issuer, provider: str
    ) -> None:
        refused("InvalidParameterValue", exchange, aws, reader, issuer.mint(), ProviderId=provider)
