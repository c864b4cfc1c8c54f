"""Trusted identity propagation: ``CreateTokenWithIAM``, judged with PyJWT and another issuer's tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jwt
import pytest
import time_machine

from fake_idp import Issuer
from harness.aws.identity_center.contexts import IdentityContexts
from harness.aws.identity_center.records import IdentityCenter
from harness.aws.identity_center.sign_in import SignIn
from tests.aws_identity_center import Center, authorize, new_center, refused
from tests.test_aws_identity_center_applications import JWT_BEARER, trusted

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
AUDIENCE = "api://mcp"


class Propagation:
    """A Center with an application that takes the tokens of one Okta issuer."""

    def __init__(self, center: Center, okta: Issuer, documents: dict[str, Any]) -> None:
        self.center, self.okta, self.documents = center, okta, documents
        self.alice = center.user("alice", Emails=[{"Value": "alice@example.com", "Primary": True}])
        self.issuer = trusted(center, url=okta.url)
        self.application = self.new_application("mcp")
        self.put_grant(JWT_BEARER, {"JwtBearer": {"AuthorizedTokenIssuers": [self.authorized]}})
        self.assign()

    @property
    def authorized(self) -> dict[str, Any]:
        return {"TrustedTokenIssuerArn": self.issuer, "AuthorizedAudiences": [AUDIENCE]}

    def new_application(self, name: str, principal: str | None = None, **condition: Any) -> str:
        arn = self.center.application(name)
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": principal or self.center.aws.account_id},
            "Action": "sso-oauth:CreateTokenWithIAM",
            "Resource": "*",
            **({"Condition": condition} if condition else {}),
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.center.admin.put_application_authentication_method(
            ApplicationArn=arn,
            AuthenticationMethodType="IAM",
            AuthenticationMethod={"Iam": {"ActorPolicy": policy}},
        )
        return arn

    def put_grant(self, kind: str, grant: dict[str, Any], application: str | None = None) -> None:
        self.center.admin.put_application_grant(
            ApplicationArn=application or self.application, GrantType=kind, Grant=grant
        )

    def assign(self, application: str | None = None) -> None:
        self.center.admin.create_application_assignment(
            ApplicationArn=application or self.application, PrincipalId=self.alice, PrincipalType="USER"
        )

    def assertion(self, **claims: Any) -> str:
        return self.okta.mint("alice", aud=AUDIENCE, claims={"email": "alice@example.com", **claims})

    def exchange(self, assertion: str | None = None, *, oidc: Any = None, **fields: Any) -> dict[str, Any]:
        asked = {"clientId": self.application, "grantType": JWT_BEARER, **fields}
        if asked["grantType"] == JWT_BEARER:
            asked["assertion"] = assertion or self.assertion()
        answer: dict[str, Any] = (oidc or self.center.oidc).create_token_with_iam(**asked)
        return answer


@contextmanager
def new_propagation() -> Iterator[Propagation]:
    documents: dict[str, Any] = {}

    def fetch(url: str) -> tuple[int, bytes]:
        if url not in documents:
            raise OSError(url)
        return 200, json.dumps(documents[url]).encode()

    with new_center(fetch=fetch) as center:
        okta = Issuer(
            "okta", url="https://acme.okta.com/oauth2/default", audience=AUDIENCE, clock=center.clock
        )
        documents |= {okta.discovery_url: okta.discovery(), okta.jwks_url: okta.jwks()}
        yield Propagation(center, okta, documents)


@pytest.fixture
def propagation() -> Iterator[Propagation]:
    with new_propagation() as propagation:
        yield propagation


def test_a_token_of_a_trusted_issuer_becomes_tokens_of_identity_center(propagation: Propagation) -> None:
    center = propagation.center
    answer = propagation.exchange()
    assert (answer["tokenType"], answer["expiresIn"]) == ("Bearer", 3600)
    assert answer["issuedTokenType"] == ACCESS_TOKEN
    assert set(answer["scope"]) == {"openid", "aws", "sts:identity_context"}
    assert "refreshToken" not in answer

    instance = center.aws.state(IdentityCenter).instances[center.instance]
    keys = jwt.PyJWKSet.from_dict(instance.issuer(center.aws).jwks())
    token = answer["idToken"]
    key = next(key for key in keys.keys if key.key_id == jwt.get_unverified_header(token)["kid"])
    client_id = instance.applications[propagation.application].client_id
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=client_id, issuer=instance.issuer_url)
    assert claims["sub"] == propagation.alice
    assert claims["aws:identity_store_id"] == center.store_id
    assert claims["aws:identity_store_arn"] == instance.store.arn
    assert claims["aws:instance_arn"] == center.instance
    assert claims["aws:instance_account"] == center.aws.account_id
    assert claims["act"] == {"sub": propagation.issuer}
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["auth_time"].endswith("Z")
    assert "email" not in claims

    assertion = claims["sts:identity_context"]
    assert answer["awsAdditionalDetails"]["identityContext"] == assertion
    context = center.aws.state(IdentityContexts).find(assertion)
    assert context is not None
    assert (context.user_id, context.application_arn) == (propagation.alice, propagation.application)
    assert context.expires == center.now + 3600
    contexts = center.aws.state(IdentityContexts)
    assert contexts.find(f"{assertion}x") is None
    assert contexts.user_id(assertion, now=center.now + 3599) == propagation.alice
    assert contexts.user_id(assertion, now=center.now + 3600) is None
    with refused("UnauthorizedException", status=401):
        center.portal.list_accounts(accessToken=answer["accessToken"])


@pytest.mark.parametrize(
    "forgery", ["sig.none", "sig.wrong-key", "sig.corrupt", "sig.hs-confusion", "clm.iss", "time.exp-past"]
)
def test_a_forged_assertion_is_refused(propagation: Propagation, forgery: str) -> None:
    forged = propagation.okta.forge(forgery, "alice", aud=AUDIENCE, claims={"email": "alice@example.com"})
    with refused("InvalidGrantException") as refusal:
        propagation.exchange(forged)
    assert refusal.value.response["error"] == "invalid_grant"
    assert forged not in str(refusal.value)


def test_an_assertion_names_one_user_for_the_right_audience(propagation: Propagation) -> None:
    for claims in ({"email": "bob@example.com"}, {"email": None}, {"email": ["alice@example.com"]}):
        with refused("InvalidGrantException"):
            propagation.exchange(propagation.assertion(**claims))
    with refused("InvalidGrantException"):
        propagation.exchange(propagation.okta.mint("alice", aud="api://other"))
    propagation.center.user("alice2", Emails=[{"Value": "alice@example.com"}])
    with refused("InvalidGrantException"):
        propagation.exchange()


def test_an_issuer_that_cannot_be_reached_or_is_trusted_no_more_is_refused(propagation: Propagation) -> None:
    documents = dict(propagation.documents)
    propagation.documents.clear()
    with refused("InvalidGrantException"):
        propagation.exchange()
    propagation.documents |= documents
    assert propagation.exchange()["accessToken"]
    propagation.center.admin.delete_trusted_token_issuer(TrustedTokenIssuerArn=propagation.issuer)
    with refused("InvalidGrantException"):
        propagation.exchange()


def test_the_application_has_to_be_assigned_enabled_and_granted(propagation: Propagation) -> None:
    center, arn = propagation.center, {"ApplicationArn": propagation.application}
    center.admin.delete_application_assignment(**arn, PrincipalId=propagation.alice, PrincipalType="USER")
    with refused("AccessDeniedException"):
        propagation.exchange()
    center.admin.put_application_assignment_configuration(**arn, AssignmentRequired=False)
    assert propagation.exchange()["accessToken"]
    with refused("UnsupportedGrantTypeException"):
        propagation.exchange(grantType="password")
    with refused("UnauthorizedClientException"):
        propagation.exchange(grantType="refresh_token", refreshToken="x")
    with refused("InvalidRequestException"):
        center.oidc.create_token_with_iam(clientId=propagation.application, grantType=JWT_BEARER)
    center.admin.update_application(**arn, Status="DISABLED")
    with refused("UnauthorizedClientException"):
        propagation.exchange()


def test_only_an_application_with_an_actor_policy_is_a_client(propagation: Propagation) -> None:
    center = propagation.center
    unknown = propagation.application[:-4] + "0000"
    with refused("InvalidClientException", status=401):
        propagation.exchange(clientId=unknown)
    with refused("InvalidClientException", status=401):
        propagation.exchange(clientId=center.application("bare"))
    elsewhere = center.aws.client("sso-oidc", region="eu-west-1")
    with refused("InvalidRequestRegionException") as refusal:
        propagation.exchange(oidc=elsewhere)
    assert refusal.value.response["region"] == "us-east-1"


def test_the_caller_needs_the_actor_policy_and_where_it_names_the_account_its_own(
    propagation: Propagation,
) -> None:
    center = propagation.center
    action = "sso-oauth:CreateTokenWithIAM"

    def oidc(name: str, effect: str, action: str) -> Any:
        statement = {"Effect": effect, "Action": action, "Resource": propagation.application}
        key = center.aws.iam.create_user(name, {"Version": "2012-10-17", "Statement": [statement]})
        return center.aws.client("sso-oidc", credentials=key)

    assert propagation.exchange(oidc=oidc("allowed", "Allow", action))["accessToken"]
    with refused("AccessDeniedException", "not authorized to perform: sso-oauth:CreateTokenWithIAM"):
        propagation.exchange(oidc=oidc("idle", "Allow", "sts:AssumeRole"))
    named, denied = oidc("named", "Allow", "sts:AssumeRole"), oidc("denied", "Deny", action)
    propagation.application = propagation.new_application(
        "named", f"arn:aws:iam::{center.aws.account_id}:user/named"
    )
    propagation.put_grant(JWT_BEARER, {"JwtBearer": {"AuthorizedTokenIssuers": [propagation.authorized]}})
    propagation.assign()
    assert propagation.exchange(oidc=named)["accessToken"]
    for other in (denied, center.oidc):
        with refused("AccessDeniedException"):
            propagation.exchange(oidc=other)


def test_the_actor_policy_may_have_conditions(propagation: Propagation) -> None:
    grant = {"JwtBearer": {"AuthorizedTokenIssuers": [propagation.authorized]}}
    for region, is_allowed in (("us-east-1", True), ("eu-west-1", False)):
        propagation.application = propagation.new_application(
            region, StringEquals={"aws:RequestedRegion": region}
        )
        propagation.put_grant(JWT_BEARER, grant)
        propagation.assign()
        if is_allowed:
            assert propagation.exchange()["accessToken"]
        else:
            with refused("AccessDeniedException"):
                propagation.exchange()


def test_scopes_are_those_of_the_application(propagation: Propagation) -> None:
    propagation.center.admin.put_application_access_scope(
        ApplicationArn=propagation.application, Scope="mcp:read"
    )
    answer = propagation.exchange(scope=["mcp:read"])
    assert answer["scope"] == ["mcp:read"]
    assert "idToken" not in answer
    assert "awsAdditionalDetails" not in answer
    assert "mcp:read" in propagation.exchange()["scope"]
    with refused("InvalidScopeException"):
        propagation.exchange(scope=["mcp:write"])
    claims = jwt.decode(
        propagation.exchange(scope=["openid"])["idToken"], options={"verify_signature": False}
    )
    assert "sts:identity_context" not in claims


def test_a_refresh_token_goes_on_with_what_was_granted(propagation: Propagation) -> None:
    propagation.put_grant("refresh_token", {"RefreshToken": {}})
    first = propagation.exchange(scope=["openid"])
    refresh = {"grantType": "refresh_token", "refreshToken": first["refreshToken"]}
    with refused("InvalidGrantException"):
        propagation.exchange(grantType="refresh_token", refreshToken=first["accessToken"])
    propagation.center.now += 7200
    with time_machine.travel(propagation.center.now):  # boto3 signs with this process's clock
        second = propagation.exchange(**refresh)
        assert second["scope"] == ["openid"]
        assert second["accessToken"] != first["accessToken"]
        with refused("InvalidScopeException"):
            propagation.exchange(**refresh, scope=["aws"])
    propagation.center.now += 6 * 3600
    with time_machine.travel(propagation.center.now), refused("InvalidGrantException"):
        propagation.exchange(**refresh)


def test_a_person_signs_in_for_an_application_with_a_code(propagation: Propagation) -> None:
    uri, verifier = "https://app.example.com/cb", "v" * 43
    propagation.put_grant("authorization_code", {"AuthorizationCode": {"RedirectUris": [uri]}})
    propagation.center.aws.state(SignIn).automatic = "alice"
    answer = authorize(propagation.center, propagation.application, verifier, redirect_uri=uri)
    exchange = {"grantType": "authorization_code", "redirectUri": uri, "codeVerifier": verifier}
    tokens = propagation.exchange(**exchange, code=answer["code"])
    claims = jwt.decode(tokens["idToken"], options={"verify_signature": False})
    assert claims["sub"] == propagation.alice
    assert "act" not in claims
    with refused("InvalidGrantException"):
        propagation.exchange(**exchange, code=answer["code"])


def test_an_access_token_is_exchanged_by_whom_its_scope_is_authorized_for(propagation: Propagation) -> None:
    source, target = propagation.application, propagation.new_application("target")
    propagation.put_grant(TOKEN_EXCHANGE, {"TokenExchange": {}}, target)
    propagation.assign(target)
    propagation.center.admin.put_application_access_scope(
        ApplicationArn=source, Scope="mcp:read", AuthorizedTargets=[target]
    )
    meant, other = propagation.exchange(), propagation.exchange(scope=["openid"])
    exchange = {"clientId": target, "grantType": TOKEN_EXCHANGE, "subjectTokenType": ACCESS_TOKEN}
    answer = propagation.exchange(**exchange, subjectToken=meant["accessToken"])
    claims = jwt.decode(answer["idToken"], options={"verify_signature": False})
    assert claims["sub"] == propagation.alice
    for token in (other["accessToken"], answer["accessToken"], "forged"):
        with refused("InvalidGrantException"):
            propagation.exchange(**exchange, subjectToken=token)
    with refused("InvalidRequestException"):
        propagation.exchange(**{**exchange, "subjectTokenType": "x"}, subjectToken=meant["accessToken"])
