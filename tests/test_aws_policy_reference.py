"""More of the IAM User Guide, "IAM JSON policy elements" and the condition operators, case by case.

Each case is a statement of an identity policy, a call, and whether the guide lets it pass.
"""

from __future__ import annotations

from typing import Any

import pytest

from harness.aws.policy import Policies, Request, decide, parse

BUCKET = "arn:aws:s3:::amzn-s3-demo-bucket"
Keys = dict[str, Any]


def allowed(
    *statements: dict[str, Any],
    action: str = "s3:GetObject",
    resource: str = f"{BUCKET}/a",
    keys: Keys | None = None,
    version: str | None = "2012-10-17",
) -> bool:
    full = [{"Effect": "Allow", "Action": "*", "Resource": "*", **each} for each in statements]
    for each in full:
        for name in ("Action", "Resource"):
            if f"Not{name}" in each:
                del each[name]
    document = {"Statement": full} | ({"Version": version} if version else {})
    request = Request(action=action, resource=resource, context=keys or {})
    return decide(request, Policies(identity=(parse(document),))).allowed


def condition(operator: str, key: str, *values: str) -> dict[str, Any]:
    return {"Condition": {operator: {key: list(values)}}}


# "Condition operators": a key that the request does not have makes a condition false, but for negated
# operators and IfExists.
MISSING = [
    ("StringEquals", False), ("StringNotEquals", True), ("StringEqualsIgnoreCase", False),
    ("StringNotEqualsIgnoreCase", True), ("StringLike", False), ("StringNotLike", True),
    ("StringEqualsIfExists", True), ("StringNotEqualsIfExists", True), ("StringLikeIfExists", True),
    ("ForAllValues:StringEquals", True), ("ForAnyValue:StringEquals", False),
    ("ForAllValues:StringLike", True), ("ForAnyValue:StringLike", False),
    ("ForAnyValue:StringEqualsIfExists", True),
]  # fmt: skip


@pytest.mark.parametrize(("operator", "expected"), MISSING)
def test_a_key_that_the_request_does_not_have(operator: str, expected: bool) -> None:
    assert allowed(condition(operator, "aws:PrincipalTag/team", "a")) is expected


@pytest.mark.parametrize(
    ("operator", "value", "held", "expected"),
    [
        # "String condition operators": letter case counts but with IgnoreCase; * and ? but in StringLike not.
        ("StringEquals", "Team", "team", False),
        ("StringEqualsIgnoreCase", "Team", "tEAM", True),
        ("StringEquals", "t*", "team", False),
        ("StringEquals", "t*", "t*", True),
        ("StringLike", "t??m", "team", True),
        ("StringLike", "t?m", "team", False),
        ("StringLike", "*", "", True),
        ("StringLike", "T*", "team", False),
        ("StringNotLike", "t*", "team", False),
        # "Numeric condition operators"
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericLessThan", "10", "9.5", True),
        ("NumericEquals", "10", "10.0", True),
        ("NumericEquals", "10", "ten", False),
        ("NumericGreaterThan", "9", "10", True),  # as numbers, not as text
        # "Boolean condition operators": the key must have that value
        ("Bool", "true", "TRUE", True),
        ("Bool", "true", "false", False),
        # "IP address condition operators"
        ("IpAddress", "203.0.113.0/24", "203.0.113.255", True),
        ("IpAddress", "203.0.113.0/24", "203.0.114.0", False),
        ("IpAddress", "203.0.113.5", "203.0.113.5", True),
        ("IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5678::1", True),
        ("IpAddress", "203.0.113.0/24", "2001:db8::1", False),
        ("NotIpAddress", "203.0.113.0/24", "2001:db8::1", True),
        # "Date condition operators": ISO 8601 and seconds since the epoch
        ("DateGreaterThan", "2020-01-01T00:00:00Z", "2020-01-01T00:00:01Z", True),
        ("DateLessThan", "1577836800", "2019-12-31T23:59:59Z", True),
        ("DateEquals", "2020-01-01T00:00:00Z", "1577836800", True),
        # "ARN condition operators": each of the six parts by itself, and ArnEquals is as ArnLike
        ("ArnEquals", "arn:aws:iam::*:role/*", "arn:aws:iam::123456789012:role/a/b", True),
        ("ArnLike", "arn:aws:iam::123456789012:role/?", "arn:aws:iam::123456789012:role/ab", False),
        ("ArnLike", "arn:*:role/a", "arn:aws:iam::123456789012:role/a", False),
        ("ArnNotLike", "arn:aws:iam::*:role/*", "arn:aws:iam::123456789012:user/a", True),
    ],
)
def test_operators(operator: str, value: str, held: str, expected: bool) -> None:
    assert allowed(condition(operator, "aws:X", value), keys={"aws:X": held}) is expected


@pytest.mark.parametrize(
    ("operator", "held", "expected"),
    [
        # "Set operators for multivalued context keys"
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "c"], False),
        ("ForAllValues:StringEquals", [], True),
        ("ForAnyValue:StringEquals", ["a", "c"], True),
        ("ForAnyValue:StringEquals", ["c"], False),
        ("ForAnyValue:StringEquals", [], False),
        ("ForAllValues:StringNotEquals", ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["a", "c"], False),
        ("ForAnyValue:StringNotEquals", ["a", "c"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], False),
    ],
)
def test_set_operators(operator: str, held: list[str], expected: bool) -> None:
    assert allowed(condition(operator, "aws:TagKeys", "a", "b"), keys={"aws:TagKeys": held}) is expected


# "Conditions with multiple context keys or values": AND between operators and keys, OR between the values of
# a key, NOR between those of a negated operator.
@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"StringEquals": {"aws:A": ["x", "a"]}}, True),
        ({"StringEquals": {"aws:A": "a", "aws:B": "b"}}, True),
        ({"StringEquals": {"aws:A": "a", "aws:B": "x"}}, False),
        ({"StringEquals": {"aws:A": "a"}, "StringLike": {"aws:B": "x*"}}, False),
        ({"StringNotEquals": {"aws:A": ["x", "a"]}}, False),
        ({"StringNotEquals": {"aws:A": ["x", "y"]}}, True),
        ({"StringNotEquals": {"aws:A": "x", "aws:B": "b"}}, False),
        ({"Null": {"aws:A": "false", "aws:C": "true"}}, True),
        ({"Null": {"aws:A": "true"}}, False),
        ({"Null": {"aws:C": "false"}}, False),
        ({"StringEquals": {"AWS:a": "a"}}, True),  # names of keys have no case
        ({}, True),
    ],
)
def test_blocks(block: dict[str, Any], expected: bool) -> None:
    assert allowed({"Condition": block}, keys={"aws:A": "a", "aws:B": "b"}) is expected


# "Resource" and "Action"
@pytest.mark.parametrize(
    ("statement", "action", "resource", "expected"),
    [
        ({"Action": "S3:getobject"}, "s3:GetObject", f"{BUCKET}/a", True),
        ({"Action": "s3:Get*"}, "s3:GetBucketAcl", BUCKET, True),
        ({"Action": "s3:?etObject"}, "s3:GetObject", BUCKET, True),
        ({"Action": "iam:*AccessKey*"}, "iam:UpdateAccessKey", "*", True),
        ({"Action": "s3:Get"}, "s3:GetObject", BUCKET, False),
        ({"NotAction": "iam:*"}, "s3:GetObject", BUCKET, True),
        ({"NotAction": ["iam:*", "s3:*"]}, "s3:GetObject", BUCKET, False),
        ({"Resource": f"{BUCKET}/*"}, "s3:GetObject", BUCKET, False),
        ({"Resource": f"{BUCKET}/*"}, "s3:GetObject", f"{BUCKET}/a/b", True),
        ({"Resource": f"{BUCKET}/*/test/*"}, "s3:GetObject", f"{BUCKET}/1/2/test/3/object.jpg", True),
        ({"Resource": f"{BUCKET}/*/test/*"}, "s3:GetObject", f"{BUCKET}/1-test/object.jpg", False),
        ({"Resource": f"{BUCKET}?"}, "s3:ListBucket", f"{BUCKET}1", True),
        ({"Resource": f"{BUCKET}/A"}, "s3:GetObject", f"{BUCKET}/a", False),  # case counts
        ({"NotResource": f"{BUCKET}/*"}, "s3:GetObject", "arn:aws:s3:::other/a", True),
        ({"NotResource": [f"{BUCKET}/*", "arn:aws:s3:::other/*"]}, "s3:GetObject", f"{BUCKET}/a", False),
    ],
)
def test_actions_and_resources(statement: dict[str, Any], action: str, resource: str, expected: bool) -> None:
    assert allowed(statement, action=action, resource=resource) is expected


def test_deny_with_not_action_denies_all_but_it_and_allows_nothing() -> None:
    deny = {"Effect": "Deny", "NotAction": "s3:*"}
    assert not allowed(deny)
    assert allowed({}, deny)
    assert not allowed({}, deny, action="iam:ListUsers")


def test_deny_with_not_resource_denies_all_else() -> None:
    deny = {"Effect": "Deny", "NotResource": [BUCKET, f"{BUCKET}/*"]}
    assert allowed({}, deny)
    assert not allowed({}, deny, resource="arn:aws:s3:::other/a")


# "IAM policy elements: Variables and tags"
@pytest.mark.parametrize(
    ("resource", "asked", "keys", "expected"),
    [
        ("${aws:username}", "alice", {"aws:username": "alice"}, True),
        ("${AWS:UserName}", "alice", {"aws:username": "alice"}, True),
        ("${aws:username}", "${aws:username}", {}, False),  # no value: it matches nothing
        ("${aws:username, 'guest'}", "guest", {}, True),  # a default value
        ("${aws:username, 'guest'}", "guest", {"aws:username": "alice"}, False),
        ("${*}", "*", {}, True),  # special characters stand for themselves
        ("${*}", "a", {}, False),
        ("${?}", "?", {}, True),
        ("${$}", "$", {}, True),
        ("${aws:username}", "alice", {"aws:username": "*"}, False),  # a wildcard in a value is none
        ("${aws:username}", "*", {"aws:username": "*"}, True),
        ("${aws:PrincipalTag/a b}", "x", {"aws:PrincipalTag/a b": "x"}, True),
    ],
)
def test_variables(resource: str, asked: str, keys: Keys, expected: bool) -> None:
    statement = {"Resource": f"{BUCKET}/{resource}"}
    assert allowed(statement, resource=f"{BUCKET}/{asked}", keys=keys) is expected


@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_variables_are_text_in_the_older_version_which_is_the_default(version: str | None) -> None:
    statement = {"Resource": f"{BUCKET}/${{aws:username}}"}
    keys = {"aws:username": "alice"}
    assert not allowed(statement, resource=f"{BUCKET}/alice", keys=keys, version=version)
    assert allowed(statement, resource=f"{BUCKET}/${{aws:username}}", keys=keys, version=version)
