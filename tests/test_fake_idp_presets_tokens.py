"""The tokens of each vendor: exactly these members, with exactly these JSON types.

The members are written down here from what the vendors document and from tokens of theirs that were
published; where each comes from is in ``Preset.sources``, and another test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fake_idp import Clock, InvalidValue, Issuer
from fake_idp.users import User

NOW = 1_800_000_000
TYPES = {str: "str", int: "int", bool: "bool", dict: "dict", type(None): "null"}

_OKTA_ID = (
    "sub:str name:str email:str ver:int iss:str aud:str iat:int exp:int jti:str amr:[str] idp:str nonce:str "
    "preferred_username:str auth_time:int at_hash:str"
)
_OKTA_ACCESS = (
    "ver:int jti:str iss:str aud:str iat:int exp:int cid:str uid:str scp:[str] auth_time:int sub:str"
)
_OKTA_MACHINE = "ver:int jti:str iss:str aud:str iat:int exp:int cid:str scp:[str] sub:str"
_AUTH0_ID = (
    "nickname:str name:str picture:str updated_at:str email:str email_verified:bool iss:str aud:str sub:str "
    "iat:int exp:int sid:str nonce:str"
)
_ENTRA_ACCESS = (
    "aud:str iss:str iat:int nbf:int exp:int aio:str azp:str azpacr:str name:str oid:str "
    "preferred_username:str rh:str scp:str sub:str tid:str uti:str ver:str"
)
_ENTRA_ID = (
    "aud:str iss:str iat:int nbf:int exp:int aio:str email:str name:str oid:str preferred_username:str "
    "rh:str sub:str tid:str uti:str ver:str nonce:str"
)
_ENTRA_MACHINE = (
    "aud:str iss:str iat:int nbf:int exp:int aio:str azp:str azpacr:str idtyp:str oid:str rh:str sub:str "
    "tid:str uti:str ver:str roles:[str]"
)
_IDENTITY_CENTER = (
    "aws:identity_store_id:str sub:str aws:instance_account:str iss:str sts:identity_context:str "
    "sts:audit_context:str aws:identity_store_arn:str aud:str aws:instance_arn:str aws:credential_id:str "
    "auth_time:str exp:int iat:int email:str"
)
_POOL = (
    "sub:str aud:str amr:[str] iss:str https://cognito-identity.amazonaws.com/identity-pool-arn:str "
    "exp:int iat:int"
)

#: Per preset and kind of token: the header, and the claims of a person without anything special.
SHAPES: dict[tuple[str, str], tuple[str, str]] = {
    ("plain", "access"): (
        "alg typ=at+jwt kid",
        "iss:str sub:str aud:str iat:int exp:int auth_time:int jti:str client_id:str scope:str",
    ),
    ("plain", "id"): (
        "alg typ=JWT kid",
        "iss:str sub:str aud:str iat:int exp:int auth_time:int name:str given_name:str "
        "preferred_username:str email:str email_verified:bool nonce:str at_hash:str",
    ),
    ("plain", "machine"): (
        "alg typ=at+jwt kid",
        "iss:str sub:str aud:str iat:int exp:int jti:str client_id:str",
    ),
    ("identity_center", "access"): ("kid typ=JWT alg", _IDENTITY_CENTER),
    ("identity_center", "id"): ("kid typ=JWT alg", _IDENTITY_CENTER + " nonce:str at_hash:str"),
    ("cognito", "access"): (
        "kid alg",
        "sub:str iss:str version:int client_id:str origin_jti:str event_id:str token_use:str scope:str "
        "auth_time:int exp:int iat:int jti:str username:str",
    ),
    ("cognito", "id"): (
        "kid alg",
        "sub:str email_verified:bool iss:str cognito:username:str origin_jti:str aud:str event_id:str "
        "token_use:str auth_time:int exp:int iat:int jti:str email:str nonce:str at_hash:str",
    ),
    ("cognito", "machine"): (
        "kid alg",
        "sub:str token_use:str scope:str auth_time:int iss:str exp:int iat:int version:int jti:str "
        "client_id:str",
    ),
    ("cognito_identity", "access"): ("kid typ=JWS alg=RS512", _POOL),
    ("cognito_identity", "id"): ("kid typ=JWS alg=RS512", _POOL + " nonce:str at_hash:str"),
    ("okta", "access"): ("kid alg", _OKTA_ACCESS),
    ("okta", "id"): ("kid alg", _OKTA_ID),
    ("okta", "machine"): ("kid alg", _OKTA_MACHINE),
    ("okta_org", "access"): ("kid alg", _OKTA_ACCESS),
    ("okta_org", "id"): ("kid alg", _OKTA_ID),
    ("okta_org", "machine"): ("kid alg", _OKTA_MACHINE),
    ("auth0", "access"): (
        "alg typ=JWT kid",
        "iss:str sub:str aud:[str] iat:int exp:int scope:str azp:str",
    ),
    ("auth0", "id"): ("alg typ=JWT kid", _AUTH0_ID),
    ("auth0", "machine"): (
        "alg typ=JWT kid",
        "iss:str sub:str aud:str iat:int exp:int scope:str azp:str gty:str",
    ),
    ("auth0_rfc9068", "access"): (
        "alg typ=at+jwt kid",
        "iss:str sub:str aud:[str] iat:int exp:int scope:str jti:str client_id:str",
    ),
    ("auth0_rfc9068", "id"): ("alg typ=JWT kid", _AUTH0_ID),
    ("auth0_rfc9068", "machine"): (
        "alg typ=at+jwt kid",
        "iss:str sub:str aud:str iat:int exp:int scope:str jti:str client_id:str",
    ),
    ("entra", "access"): ("typ=JWT alg kid", _ENTRA_ACCESS),
    ("entra", "id"): ("typ=JWT alg kid", _ENTRA_ID),
    ("entra", "machine"): ("typ=JWT alg kid", _ENTRA_MACHINE),
    ("entra_common", "access"): ("typ=JWT alg kid", _ENTRA_ACCESS),
    ("entra_common", "id"): ("typ=JWT alg kid", _ENTRA_ID),
    ("entra_common", "machine"): ("typ=JWT alg kid", _ENTRA_MACHINE),
    ("entra_v1", "access"): (
        "typ=JWT alg x5t kid",
        "aud:str iss:str iat:int nbf:int exp:int acr:str aio:str amr:[str] appid:str appidacr:str "
        "family_name:str given_name:str ipaddr:str name:str oid:str rh:str scp:str sub:str tid:str "
        "unique_name:str upn:str uti:str ver:str",
    ),
    ("entra_v1", "id"): (
        "typ=JWT alg x5t kid",
        "aud:str iss:str iat:int nbf:int exp:int amr:[str] email:str family_name:str given_name:str "
        "ipaddr:str name:str oid:str rh:str sub:str tid:str unique_name:str upn:str uti:str ver:str "
        "nonce:str",
    ),
    ("entra_v1", "machine"): (
        "typ=JWT alg x5t kid",
        "aud:str iss:str iat:int nbf:int exp:int aio:str appid:str appidacr:str idp:str idtyp:str oid:str "
        "rh:str sub:str tid:str uti:str ver:str roles:[str]",
    ),
    ("google", "id"): (
        "alg kid typ=JWT",
        "iss:str azp:str aud:str sub:str hd:str email:str email_verified:bool name:str picture:str "
        "given_name:str iat:int exp:int nonce:str at_hash:str",
    ),
    ("google", "access"): (
        "alg kid typ=JWT",
        "iss:str azp:str aud:str sub:str scope:str access_type:str iat:int exp:int",
    ),
}
LIFETIMES = {
    ("plain", "access"): 3600,
    ("identity_center", "id"): 3600,
    ("cognito", "access"): 3600,
    ("cognito", "id"): 3600,
    ("cognito_identity", "id"): 600,
    ("okta", "access"): 3600,
    ("okta", "id"): 3600,
    ("auth0", "access"): 86_400,
    ("auth0", "id"): 36_000,
    ("entra", "access"): 4500,
    ("entra", "id"): 3600,
    ("google", "access"): 3599,
    ("google", "id"): 3600,
}


def issuer_of(preset: str) -> Issuer:
    clock = Clock()
    clock.freeze(NOW)
    return Issuer(preset, clock=clock)


def shape(claims: Mapping[str, Any]) -> list[str]:
    return [f"{name}:{kind(value)}" for name, value in claims.items()]


def kind(value: Any) -> str:
    if isinstance(value, list):
        (inner,) = {kind(each) for each in value}
        return f"[{inner}]"
    return TYPES[type(value)]


def options(kind_of_token: str) -> dict[str, Any]:
    if kind_of_token == "machine":
        return {"grant": "client_credentials"}
    more = {"nonce": "n", "access_token": "t"} if kind_of_token == "id" else {}
    return {"sub": "alice", "token_use": kind_of_token, **more}


@pytest.mark.parametrize(("preset", "token"), SHAPES)
def test_a_token_has_the_vendor_s_members_and_types(preset: str, token: str) -> None:
    header, claims = SHAPES[preset, token]
    draft = issuer_of(preset).draft(**options(token))
    assert list(draft.header) == [member.partition("=")[0] for member in header.split()]
    for member in header.split():
        name, says, value = member.partition("=")
        assert not says or draft.header[name] == value
    assert sorted(shape(draft.claims)) == sorted(claims.split())
    assert draft.claims["iat"] == NOW


@pytest.mark.parametrize(("preset", "use"), LIFETIMES)
def test_a_token_is_good_for_as_long_as_the_vendor_s(preset: str, use: Any) -> None:
    claims = issuer_of(preset).draft("alice", token_use=use).claims
    assert claims["exp"] - claims["iat"] == LIFETIMES[preset, use]


def claims_of(preset: str, **given: Any) -> Mapping[str, Any]:
    return issuer_of(preset).draft(**given).claims


@pytest.mark.parametrize(
    ("preset", "sub"),
    [
        ("plain", "c"),
        ("cognito", "c"),
        ("okta", "c"),
        ("auth0", "c@clients"),
        ("auth0_rfc9068", "c@clients"),
    ],
)
def test_a_machine_is_its_own_subject(preset: str, sub: str) -> None:
    assert claims_of(preset, grant="client_credentials", client_id="c")["sub"] == sub


def test_an_application_of_entra_has_its_object_id_as_subject_and_roles_in_place_of_scopes() -> None:
    claims = claims_of("entra", grant="client_credentials")
    assert claims["sub"] == claims["oid"]
    assert claims["idtyp"] == "app"
    assert claims["azpacr"] == "1"
    assert claims["roles"] == ["Metrics.Read.All"]
    assert "scp" not in claims
    chosen = claims_of("entra", grant="client_credentials", scope="api://x/Read Write")
    assert chosen["roles"] == ["Read", "Write"]


def test_a_machine_has_no_scopes_that_speak_of_a_person() -> None:
    assert claims_of("cognito", grant="client_credentials")["scope"] == "cloudwatch-mcp/read"
    own = Issuer("auth0", scope="openid read:x").draft(grant="client_credentials").claims
    assert own["scope"] == "read:x"


@pytest.mark.parametrize("preset", ["plain", "cognito", "okta", "entra"])
def test_a_machine_has_no_id_token(preset: str) -> None:
    with pytest.raises(InvalidValue, match="token_use"):
        issuer_of(preset).mint(grant="client_credentials", token_use="id")


@pytest.mark.parametrize(
    ("preset", "use", "name"),
    [
        ("plain", "access", "groups"),
        ("plain", "id", "groups"),
        ("cognito", "access", "cognito:groups"),
        ("cognito", "id", "cognito:groups"),
        ("okta", "access", "groups"),
        ("okta", "id", "groups"),
        ("okta_org", "id", "groups"),
    ],
)
def test_groups_are_in_the_vendor_s_claim(preset: str, use: Any, name: str) -> None:
    user = User("alice", groups=("ops", "dev"))
    assert claims_of(preset, user=user, token_use=use)[name] == ["ops", "dev"]
    assert name not in claims_of(preset, user=User("alice"), token_use=use)


def test_okta_s_org_server_has_no_groups_in_access_tokens() -> None:
    assert "groups" not in claims_of("okta_org", user=User("alice", groups=("ops",)), token_use="access")


@pytest.mark.parametrize(
    ("preset", "use", "name", "value"),
    [
        ("plain", "access", "roles", ["a", "b"]),
        ("cognito", "id", "cognito:roles", ["a", "b"]),
        ("cognito", "id", "cognito:preferred_role", "a"),
        ("identity_center", "id", "custom:role_arn", "a"),
        ("auth0", "access", "permissions", ["a", "b"]),
        ("entra", "access", "roles", ["a", "b"]),
        ("entra", "id", "roles", ["a", "b"]),
        ("entra_v1", "access", "roles", ["a", "b"]),
    ],
)
def test_roles_are_in_the_vendor_s_claim(preset: str, use: Any, name: str, value: Any) -> None:
    user = User("alice", roles=("a", "b"))
    assert claims_of(preset, user=user, token_use=use)[name] == value
    assert name not in claims_of(preset, user=User("alice"), token_use=use)


@pytest.mark.parametrize("preset", ["entra", "entra_v1", "entra_common"])
@pytest.mark.parametrize("use", ["access", "id"])
def test_more_than_200_groups_of_entra_are_a_link(preset: str, use: Any) -> None:
    most = User("alice", groups=tuple(map(str, range(200))))
    claims = claims_of(preset, user=most, token_use=use)
    assert len(set(claims["groups"])) == 200
    assert "_claim_names" not in claims
    too_many = User("alice", groups=tuple(map(str, range(201))))
    claims = claims_of(preset, user=too_many, token_use=use)
    assert "groups" not in claims
    assert claims["_claim_names"] == {"groups": "src1"}
    link = f"https://graph.microsoft.com/v1.0/users/{claims['oid']}/getMemberObjects"
    assert claims["_claim_sources"] == {"src1": {"endpoint": link}}


def test_a_group_of_entra_that_is_a_guid_stays_what_it_is() -> None:
    guid = "0a53b3b2-9d2f-4c1a-8d7f-3f1f5f0c9f11"
    assert claims_of("entra", user=User("alice", groups=(guid,)))["groups"] == [guid]


def test_auth0_s_audience_is_a_list_only_with_openid() -> None:
    api = "https://api.example.com"
    assert claims_of("auth0", scope="read:x")["aud"] == api
    assert claims_of("auth0", scope="openid")["aud"] == [api, "https://fake-idp.us.auth0.com/userinfo"]
    assert claims_of("auth0", scope="openid", audience=("a", "b"))["aud"] == [
        "a",
        "b",
        "https://fake-idp.us.auth0.com/userinfo",
    ]


@pytest.mark.parametrize(
    ("grant", "gty"),
    [
        ("authorization_code", None),
        ("password", "password"),
        ("refresh_token", "refresh_token"),
        ("client_credentials", "client-credentials"),
    ],
)
def test_auth0_says_the_grant_type_of_some_grants(grant: str, gty: str | None) -> None:
    assert claims_of("auth0", grant=grant, token_use="access").get("gty") == gty
    assert "gty" not in claims_of("auth0_rfc9068", grant=grant, token_use="access")


def test_cognito_binds_an_access_token_to_the_api_that_was_asked_for() -> None:
    bound = claims_of("cognito", token_use="access", audience="https://mcp.example.com")
    assert bound["aud"] == "https://mcp.example.com"
    assert "aud" not in claims_of("cognito", token_use="access")
    assert "aud" not in claims_of("cognito", grant="client_credentials", audience="https://mcp.example.com")


def test_the_tokens_of_one_sign_in_have_what_they_share() -> None:
    issuer = issuer_of("cognito")
    one, two = (issuer.draft("alice", token_use=use, session="s").claims for use in ("access", "id"))
    assert one["origin_jti"] == two["origin_jti"]
    assert one["jti"] != two["jti"]
    sids = {issuer_of("auth0").draft("alice", token_use="id", session="s").claims["sid"] for _ in range(2)}
    assert len(sids) == 1


def test_an_identity_pool_says_where_a_person_signed_in_and_that_a_guest_did_not() -> None:
    pool = "cognito-idp.us-east-1.amazonaws.com/us-east-1_FakePool1"
    amr = claims_of("cognito_identity", sub="alice")["amr"]
    assert amr[:2] == ["authenticated", pool]
    assert amr[2].startswith(f"{pool}:CognitoSignIn:")
    google = claims_of("cognito_identity", user=User("carol", provider="Google"))["amr"]
    assert google[1] == "accounts.google.com"
    assert claims_of("cognito_identity", grant="client_credentials")["amr"] == ["unauthenticated"]


def test_entra_s_scp_has_the_api_s_scopes_without_its_name() -> None:
    given = "openid profile api://fa4e1d90/access_as_user api://fa4e1d90/Metrics.Read"
    assert claims_of("entra", scope=given)["scp"] == "access_as_user Metrics.Read"
    assert claims_of("entra", scope="openid profile")["scp"] == "openid profile"


@pytest.mark.parametrize("preset", ["okta", "auth0", "entra", "google", "plain"])
def test_an_id_token_says_of_a_person_what_the_scopes_allow(preset: str) -> None:
    only = claims_of(preset, token_use="id", scope="openid")
    assert not {"name", "email", "preferred_username", "picture"} & set(only)
    assert "email" in claims_of(preset, token_use="id", scope="openid email")
    assert "name" in claims_of(preset, token_use="id", scope="openid profile")


@pytest.mark.parametrize("preset", ["okta", "entra", "google"])
def test_somebody_the_issuer_has_no_user_for_goes_by_the_subject(preset: str) -> None:
    claims = claims_of(preset, sub="stranger", user=User(""), token_use="id")
    assert claims["email"] == "stranger@example.com"


def test_at_hash_is_that_of_the_standard_s_example_and_follows_the_algorithm() -> None:
    # The access token and hash of OpenID Connect Core 1.0 appendix A.3.
    token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    claims = claims_of("plain", token_use="id", access_token=token)
    assert claims["at_hash"] == "77QmUPtjPfzWtF2AnpK9RQ"
    longer = Issuer("plain", algorithm="RS512").draft(token_use="id", access_token=token).claims
    assert len(longer["at_hash"]) == 43


@pytest.mark.parametrize("preset", ["plain", "okta", "entra", "auth0", "cognito"])
def test_a_token_says_what_it_is_bound_to_and_who_acts(preset: str) -> None:
    claims = claims_of(preset, token_use="access", confirmation={"jkt": "k"}, actor={"sub": "agent"})
    assert claims["cnf"] == {"jkt": "k"}
    assert claims["act"] == {"sub": "agent"}


def test_a_user_s_own_claims_are_added_last() -> None:
    user = User("alice", claims={"team": 1, "ver": 2}, id_claims={"only": "id"})
    assert claims_of("okta", user=user)["team"] == 1
    assert claims_of("okta", user=user)["ver"] == 2
    assert "only" not in claims_of("okta", user=user)
    assert claims_of("okta", user=user, token_use="id")["only"] == "id"
