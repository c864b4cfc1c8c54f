"""Roles of identity pools: their trust, role mappings by token and by rules, and who may set them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.aws import Credentials
from tests.aws_identity_pool import HOST, MISCONFIGURED, Cloud, refusal, role_arn

# --- the pool's own two ----------------------------------------------------------------------------------


def test_a_pool_without_roles_gives_no_credentials(cloud: Cloud) -> None:
    cloud.set_roles()
    with pytest.raises(ClientError) as raised:
        cloud.log_in(cloud.users.mint())
    assert refusal(raised) == MISCONFIGURED


def test_a_deleted_role_gives_no_credentials(cloud: Cloud) -> None:
    cloud.log_in(cloud.users.mint())
    cloud.iam.detach_role_policy(
        RoleName="Reader", PolicyArn="arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
    )
    cloud.iam.delete_role(RoleName="Reader")
    with pytest.raises(ClientError) as raised:
        cloud.log_in(cloud.users.mint())
    assert refusal(raised) == MISCONFIGURED


@pytest.mark.parametrize(
    ("amr", "pool"),
    [("unauthenticated", None), ("authenticated", "us-east-1:00000000-0000-0000-0000-000000000000")],
)
def test_a_role_that_does_not_trust_the_pool_gives_no_credentials(
    cloud: Cloud, amr: str, pool: str | None
) -> None:
    cloud.role("Distrustful", amr, pool=pool)
    cloud.set_roles(authenticated="Distrustful")
    with pytest.raises(ClientError) as raised:
        cloud.log_in(cloud.users.mint())
    assert refusal(raised) == MISCONFIGURED


@pytest.mark.parametrize("name", ["{provider}", "{provider}:CognitoSignIn:alice"])
def test_a_role_may_trust_one_user_pool_or_one_person(cloud: Cloud, name: str) -> None:
    cloud.role("Narrow", name.format(provider=cloud.provider))
    cloud.set_roles(authenticated="Narrow")
    assert cloud.role_of(cloud.log_in(cloud.users.mint(sub="alice"))) == "Narrow"
    if name.endswith("alice"):
        with pytest.raises(ClientError) as raised:
            cloud.log_in(cloud.users.mint(sub="bob"))
        assert refusal(raised) == MISCONFIGURED


def test_a_role_for_identity_pools_must_have_a_condition(cloud: Cloud) -> None:
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Federated": HOST},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    for attempt in (
        lambda: cloud.iam.create_role(RoleName="Open", AssumeRolePolicyDocument=document),
        lambda: cloud.iam.update_assume_role_policy(RoleName="Reader", PolicyDocument=document),
    ):
        with pytest.raises(ClientError) as raised:
            attempt()
        assert refusal(raised)[0] == "MalformedPolicyDocument"


# --- by the claims of a user pool's token ----------------------------------------------------------------


def mapped(cloud: Cloud, mapping: dict[str, Any]) -> None:
    """Give the pool a mapping of its user pool, and roles that may be mapped to."""
    for name in ("Admin", "Sales"):
        cloud.role(name, "authenticated")
    client = f"{cloud.provider}:{cloud.users.client_id}"
    cloud.set_roles(authenticated="Reader", mappings={client: mapping})


def from_token(resolution: str) -> dict[str, Any]:
    return {"Type": "Token", "AmbiguousRoleResolution": resolution}


def claims(preferred: str | None = None, *names: str) -> dict[str, Any]:
    found: dict[str, Any] = {"cognito:roles": [role_arn(name) for name in names]} if names else {}
    return found | ({"cognito:preferred_role": role_arn(preferred)} if preferred else {})


@pytest.mark.parametrize(
    ("said", "role"),
    [
        (claims("Admin", "Admin", "Sales"), "Admin"),
        (claims(None, "Sales"), "Sales"),
        (claims(None, "Admin", "Sales"), "Reader"),
        ({"cognito:roles": f"{role_arn('Sales')}"}, "Sales"),
        ({}, "Reader"),
    ],
)
def test_a_token_says_the_role_and_the_default_role_is_for_the_rest(
    cloud: Cloud, said: dict[str, Any], role: str
) -> None:
    mapped(cloud, from_token("AuthenticatedRole"))
    assert cloud.role_of(cloud.log_in(cloud.users.mint(sub="alice", claims=said))) == role


@pytest.mark.parametrize("said", [{}, claims(None, "Admin", "Sales"), {"cognito:roles": 1}])
def test_who_has_no_clear_role_is_denied_where_the_mapping_says_so(
    cloud: Cloud, said: dict[str, Any]
) -> None:
    mapped(cloud, from_token("Deny"))
    with pytest.raises(ClientError) as raised:
        cloud.log_in(cloud.users.mint(claims=said))
    provider = f"{cloud.provider}:{cloud.users.client_id}"
    message = f"The ambiguous role mapping rules for: {provider} denied this request."
    assert refusal(raised) == ("NotAuthorizedException", message)


def test_one_of_the_roles_in_the_token_may_be_asked_for_and_no_other(cloud: Cloud) -> None:
    mapped(cloud, from_token("Deny"))
    token = cloud.users.mint(claims=claims("Admin", "Admin", "Sales"))
    assert cloud.role_of(cloud.log_in(token, CustomRoleArn=role_arn("Sales"))) == "Sales"
    with pytest.raises(ClientError) as raised:
        cloud.log_in(token, CustomRoleArn=role_arn("Reader"))
    assert refusal(raised)[0] == "NotAuthorizedException"


def test_no_role_may_be_asked_for_where_there_is_no_mapping(cloud: Cloud) -> None:
    token = cloud.users.mint(claims=claims("Reader", "Reader"))
    with pytest.raises(ClientError) as raised:
        cloud.log_in(token, CustomRoleArn=role_arn("Reader"))
    assert refusal(raised)[0] == "NotAuthorizedException"


def test_a_role_that_a_token_names_must_trust_the_pool(cloud: Cloud) -> None:
    mapped(cloud, from_token("Deny"))
    cloud.role("Foreign", "authenticated", pool="us-east-1:00000000-0000-0000-0000-000000000000")
    for name in ("Foreign", "Absent"):
        with pytest.raises(ClientError) as raised:
            cloud.log_in(cloud.users.mint(claims=claims(name, name)))
        assert refusal(raised) == MISCONFIGURED


# --- by rules --------------------------------------------------------------------------------------------


def by_rules(*rules: tuple[str, str, str, str], resolution: str = "AuthenticatedRole") -> dict[str, Any]:
    return {
        "Type": "Rules",
        "AmbiguousRoleResolution": resolution,
        "RulesConfiguration": {
            "Rules": [
                {"Claim": claim, "MatchType": match, "Value": value, "RoleARN": role_arn(role)}
                for claim, match, value, role in rules
            ]
        },
    }


@pytest.mark.parametrize(
    ("match", "value", "said", "matches"),
    [
        ("Equals", "sales", "sales", True),
        ("Equals", "sales", "Sales", False),
        ("Equals", "sales", "presales", False),
        ("Contains", "sale", "presales", True),
        ("Contains", "sale", "SALE", False),
        ("StartsWith", "pre", "presales", True),
        ("StartsWith", "sales", "presales", False),
        ("NotEqual", "sales", "admin", True),
        ("NotEqual", "sales", "sales", False),
        ("NotEqual", "sales", None, False),
        ("Equals", "sales", None, False),
        ("Equals", "sales", ["admin", "sales"], True),
        ("NotEqual", "sales", ["admin", "sales"], False),
        ("Equals", "true", True, True),
        ("Equals", "5", 5, True),
        ("Equals", "sales", {"sales": "sales"}, False),
    ],
)
def test_a_rule_compares_a_claim(cloud: Cloud, match: str, value: str, said: Any, matches: bool) -> None:
    mapped(cloud, by_rules(("custom:dept", match, value, "Sales")))
    token = cloud.users.mint(claims={} if said is None else {"custom:dept": said})
    assert cloud.role_of(cloud.log_in(token)) == ("Sales" if matches else "Reader")


def test_the_first_rule_that_matches_decides_unless_another_one_is_asked_for(cloud: Cloud) -> None:
    mapped(
        cloud,
        by_rules(
            ("dept", "Equals", "hr", "Reader"),
            ("dept", "StartsWith", "s", "Sales"),
            ("dept", "Contains", "a", "Admin"),
        ),
    )
    token = cloud.users.mint(claims={"dept": "sales"})
    assert cloud.role_of(cloud.log_in(token)) == "Sales"
    assert cloud.role_of(cloud.log_in(token, CustomRoleArn=role_arn("Admin"))) == "Admin"
    with pytest.raises(ClientError) as raised:
        cloud.log_in(token, CustomRoleArn=role_arn("Reader"))
    assert refusal(raised)[0] == "NotAuthorizedException"


def test_who_matches_no_rule_is_denied_where_the_mapping_says_so(cloud: Cloud) -> None:
    mapped(cloud, by_rules(("dept", "Equals", "sales", "Sales"), resolution="Deny"))
    with pytest.raises(ClientError, match=r"The ambiguous role mapping rules for: .* denied this request"):
        cloud.log_in(cloud.users.mint())


def test_mappings_are_given_back_as_they_were_set(cloud: Cloud) -> None:
    mapping = by_rules(("dept", "Equals", "sales", "Sales"))
    mapped(cloud, mapping)
    answer = cloud.pools.get_identity_pool_roles(IdentityPoolId=cloud.pool)
    assert answer["Roles"] == {"authenticated": role_arn("Reader")}
    assert answer["RoleMappings"] == {f"{cloud.provider}:{cloud.users.client_id}": mapping}


@pytest.mark.parametrize(
    "mapping",
    [
        {"Type": "Token"},
        {"Type": "Rules", "AmbiguousRoleResolution": "Deny"},
        by_rules(*[("dept", "Equals", str(number), "Sales") for number in range(26)]),
    ],
)
def test_a_mapping_that_decides_nothing_is_refused(cloud: Cloud, mapping: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as raised:
        mapped(cloud, mapping)
    assert refusal(raised)[0] == "InvalidParameterException"


@pytest.mark.parametrize(
    "name", ["https://cognito-idp.us-east-1.amazonaws.com/us-east-1_FakePool1", "{bare}"]
)
def test_a_mapping_names_a_user_pool_with_its_client(cloud: Cloud, name: str) -> None:
    name = name.format(bare=cloud.provider)
    with pytest.raises(ClientError) as raised:
        cloud.set_roles(authenticated="Reader", mappings={name: from_token("Deny")})
    message = f"({name}) is not a valid RoleMapping ProviderName or is not a configured provider."
    assert refusal(raised) == ("InvalidParameterException", message)


# --- who may set them ------------------------------------------------------------------------------------


def setter(cloud: Cloud, *statements: dict[str, Any]) -> Any:
    """Return a client of somebody who may set the roles of pools, and what ``statements`` say."""
    allowed = {"Effect": "Allow", "Action": "cognito-identity:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [allowed, *statements]}
    cloud.iam.create_user(UserName="setter")
    cloud.iam.put_user_policy(UserName="setter", PolicyName="p", PolicyDocument=json.dumps(document))
    key = cloud.iam.create_access_key(UserName="setter")["AccessKey"]
    credentials = Credentials(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])
    return cloud.aws.client("cognito-identity", credentials=credentials)


def test_who_sets_a_role_must_be_allowed_to_pass_it_to_cognito(cloud: Cloud) -> None:
    passing = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": role_arn("Reader"),
        "Condition": {"StringEquals": {"iam:PassedToService": HOST}},
    }
    pools = setter(cloud, passing)
    pools.set_identity_pool_roles(IdentityPoolId=cloud.pool, Roles={"authenticated": role_arn("Reader")})
    rule = by_rules(("dept", "Equals", "sales", "Sales"))
    mappings = {f"{cloud.provider}:{cloud.users.client_id}": rule}
    for fields in (
        {"Roles": {"authenticated": role_arn("Sales")}},
        {"Roles": {"authenticated": role_arn("Reader")}, "RoleMappings": mappings},
    ):
        with pytest.raises(ClientError) as raised:
            pools.set_identity_pool_roles(IdentityPoolId=cloud.pool, **fields)
        code, message = refusal(raised)
        assert code == "AccessDeniedException"
        assert message == (
            "User: arn:aws:iam::123456789012:user/setter is not authorized to perform: iam:PassRole on "
            f"resource: {role_arn('Sales')} because no identity-based policy allows the iam:PassRole action"
        )


@pytest.mark.parametrize("arn", ["Reader-is-not-an-arn-at-all", "arn:aws:iam::999999999999:role/Reader"])
def test_what_is_no_role_of_the_account_is_forbidden(cloud: Cloud, arn: str) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.pools.set_identity_pool_roles(IdentityPoolId=cloud.pool, Roles={"authenticated": arn})
    assert refusal(raised) == ("NotAuthorizedException", f"Access to Role '{arn}' is forbidden.")


def test_a_role_is_for_those_who_are_logged_in_or_for_guests(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.pools.set_identity_pool_roles(IdentityPoolId=cloud.pool, Roles={"guest": role_arn("Reader")})
    code, message = refusal(raised)
    assert code == "ValidationException"
    assert "Map keys must satisfy constraint" in message
