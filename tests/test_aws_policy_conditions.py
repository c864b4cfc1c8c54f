"""Conditions and policy variables, held to the IAM User Guide."""

from __future__ import annotations

from typing import Any

import pytest

from harness.aws.policy import Principal, Request, evaluate, evaluate_trust
from harness.aws.policy.conditions import is_operator
from tests.aws_policies import ACCOUNT, LOG_GROUP, ROLE, SESSION, allow, allowed, deny, policy, trust


@pytest.mark.parametrize(
    ("operator", "wanted", "given_values", "expected"),
    [
        ("StringEquals", "a", ["a"], True),
        ("StringEquals", "a", ["A"], False),
        ("StringEquals", ["a", "b"], ["b"], True),
        ("StringEquals", "a*", ["ab"], False),
        ("StringEquals", "a", [], False),
        ("stringequals", "a", ["a"], True),
        ("StringNotEquals", "a", ["b"], True),
        ("StringNotEquals", ["a", "b"], ["b"], False),
        ("StringNotEquals", "a", [], True),
        ("StringEqualsIgnoreCase", "a", ["A"], True),
        ("StringNotEqualsIgnoreCase", "a", ["A"], False),
        ("StringLike", "a*c?", ["abbbcd"], True),
        ("StringLike", "a.c", ["abc"], False),
        ("StringNotLike", "a*", ["abc"], False),
        ("StringEqualsIfExists", "a", [], True),
        ("StringEqualsIfExists", "a", ["b"], False),
        ("Null", "true", [], True),
        ("Null", True, ["x"], False),
        ("Null", "false", ["x"], True),
        ("Bool", True, ["true"], True),
        ("Bool", "false", ["True"], False),
        ("BoolIfExists", "true", [], True),
        ("ArnLike", "arn:aws:iam::*:role/*", [ROLE], True),
        ("ArnEquals", "arn:aws:iam::*:role/*", [ROLE], True),
        ("ArnLike", "arn:aws:*:role/*", [ROLE], False),
        ("ArnLike", "arn:aws:logs:*:*:log-group:*", [LOG_GROUP], True),
        ("ArnLike", "*", [ROLE], True),
        ("ArnNotLike", "arn:aws:iam::*:role/*", [ROLE], False),
        ("NumericEquals", "1.0", ["1"], True),
        ("NumericNotEquals", 1, ["2"], True),
        ("NumericLessThan", "900", ["900"], False),
        ("NumericLessThanEquals", 900, ["900"], True),
        ("NumericGreaterThan", "9", ["10"], True),
        ("DateLessThan", "2026-01-02T00:00:00Z", ["2026-01-01T00:00:00Z"], True),
        ("DateGreaterThanEquals", "1767225600", ["2026-01-01T00:00:00Z"], True),
        ("DateEquals", "2026-01-01", ["2026-01-01T00:00:00Z"], True),
        ("IpAddress", "203.0.113.0/24", ["203.0.113.9"], True),
        ("IpAddress", "203.0.113.0/24", ["2001:db8::1"], False),
        ("NotIpAddress", ["203.0.113.0/24", "2001:db8::/32"], ["2001:db8::1"], False),
        ("BinaryEquals", "QUJD", ["QUJD"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", "a", [], True),
        ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "b"], False),
        ("ForAllValues:StringNotEquals", "a", [], True),
        ("ForAnyValue:StringEquals", "a", ["c", "a"], True),
        ("ForAnyValue:StringEquals", "a", [], False),
        ("ForAnyValue:StringEqualsIfExists", "a", [], True),
        ("ForAnyValue:StringEqualsIfExists", "a", ["b"], False),
        ("ForAllValues:StringEquals", "a", [""], True),
        ("ForAnyValue:StringEquals", "", [""], False),
        ("StringEquals", "", [""], True),
        ("StringNotEqualsIfExists", "a", [], True),
        ("StringLike", "*", [], False),
        ("ArnNotEquals", "arn:aws:iam::*:role/*", [], True),
        ("ArnLike", "arn:aws:iam::*:role/*", ["nonsense"], False),
        ("ArnNotLike", "arn:aws:iam::*:role/*", ["nonsense"], True),
        ("ArnLike", "arn:aws:iam::12345678901?:role/Rea*", [ROLE], True),
        ("ArnLike", ROLE.upper(), [ROLE], False),
        ("ForAllValues:ArnLike", ["arn:aws:iam::*:role/*"], [ROLE, "arn:aws:iam::1:user/x"], False),
        ("ForAnyValue:ArnNotLike", ["arn:aws:iam::*:role/*"], [ROLE, "arn:aws:iam::1:user/x"], True),
        ("Null", "TRUE", [], True),
        ("Null", ["true", "false"], [], True),
        ("Null", "false", [""], True),
        ("Bool", "true", [], False),
        ("Bool", "true", ["yes"], False),
        ("ForAllValues:Bool", "true", ["true", "false"], False),
        ("ForAnyValue:Bool", "true", ["true", "false"], True),
        ("NumericNotEquals", 1, [], True),
        ("NumericLessThan", 1, [], False),
        ("NumericEquals", "-1.50", ["-1.5"], True),
        ("NumericGreaterThanEquals", "10000000000000000000000", ["10000000000000000000001"], True),
        ("NumericLessThanIfExists", 1, [], True),
        ("DateEquals", "2026-01", ["2026-01-01T00:00:00Z"], True),
        ("DateEquals", "2026-01-01T01:00:00+01:00", ["1767225600"], True),
        ("DateLessThan", "2026-01-01T00:00:00.500Z", ["2026-01-01T00:00:00.499Z"], True),
        ("DateNotEquals", "2026-01-01", [], True),
        ("DateGreaterThan", "2026-01-01", [], False),
        ("DateLessThanEquals", "1767225600", ["1767225600"], True),
        ("DateGreaterThan", "1767225600", ["1767225600.5"], True),
        ("IpAddress", "203.0.113.9", ["203.0.113.9"], True),
        ("IpAddress", "2001:DB8:1234:5678::/64", ["2001:db8:1234:5678::9"], True),
        ("IpAddress", "2001:db8::1", ["2001:db8::2"], False),
        ("IpAddress", "203.0.113.9/24", ["203.0.113.1"], True),
        ("IpAddress", "203.0.113.0/24", [], False),
        ("NotIpAddress", "203.0.113.0/24", [], True),
        ("NotIpAddress", "203.0.113.0/24", ["198.51.100.1"], True),
        ("BinaryEquals", "QUJD", ["QUJE"], False),
        ("BinaryEquals", "QUJD", ["not base64"], False),
        ("BinaryEquals", "QUJD", [], False),
        ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "c"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"], False),
        ("ForAnyValue:StringNotEquals", "a", [], False),
    ],
)
def test_a_condition_holds_as_documented(
    operator: str, wanted: Any, given_values: list[str], expected: bool
) -> None:
    statement = allow(Condition={operator: {"Test:Key": wanted}})
    context = {"test:key": given_values}
    assert evaluate([policy(statement)], Request(action="sts:X", context=context)).allowed is expected
    assert is_operator(operator)


def test_every_condition_must_hold() -> None:
    statement = allow(Condition={"StringEquals": {"k": "a", "l": "b"}, "Bool": {"m": "true"}})
    assert allowed([statement], "sts:X", k="a", l="b", m="true")
    assert not allowed([statement], "sts:X", k="a", l="b", m="false")
    assert not allowed([statement], "sts:X", k="a", m="true")


@pytest.mark.parametrize(
    "condition",
    [
        {"StringResembles": {"k": "a"}},
        {"ForSomeValues:StringEquals": {"k": "a"}},
        {"NullIfExists": {"k": "true"}},
        {"NumericLessThan": {"k": "many"}},
        {"NumericNotEquals": {"k": "many"}},
        {"NumericNotEquals": {"k": "nan"}},
        {"DateLessThan": {"k": "tomorrow"}},
        {"IpAddress": {"k": "everywhere"}},
        {"NotIpAddress": {"k": "everywhere"}},
        {"NotIpAddress": {"k": "10.0.0.0/255.0.0.0"}},
        {"NotIpAddress": {"k": "fe80::1%eth0"}},
        {"NumericLessThan": {"k": "1_000"}},
        {"NumericLessThan": {"k": "1e3"}},
        {"NumericLessThan": {"k": "${aws:username}"}},
        {"NumericLessThan": {"k": ["5", "many"]}},
        {"DateLessThan": {"k": "2026-W01"}},
        {"DateLessThan": {"k": "2026-01-01T00:00"}, "Bool": {"l": "perhaps"}},
        {"DateLessThan": {"k": "2026-13-01"}},
        {"Null": {"k": "perhaps"}},
        {"BinaryEquals": {"k": "not base64"}},
        {"ForAllValues:Null": {"k": "true"}},
    ],
)
@pytest.mark.parametrize("value", ["a", "1"])
def test_what_cannot_be_read_never_passes(
    condition: dict[str, Any], value: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert not allowed([allow(Condition=condition)], "sts:X", k=value, l=value)
    assert not allowed([allow(), deny(Condition=condition)], "sts:X", k=value, l=value)
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]


@pytest.mark.parametrize("element", ["Conditions", "Unless"])
def test_an_unknown_element_never_passes(element: str, caplog: pytest.LogCaptureFixture) -> None:
    more: Any = {element: {"AWS": ROLE}}
    assert not allowed([allow(**more)], "sts:X")
    assert not allowed([allow(), deny(**more)], "sts:X")
    statement = {"Effect": "Deny", "Action": "*", **more}
    caller = Principal(aws=(SESSION, ROLE), account=ACCOUNT)
    assert not evaluate_trust(policy(trust("*"), statement), Request(action="sts:AssumeRole"), caller).allowed
    assert element in caplog.text


def test_a_policy_variable_takes_the_value_of_its_key() -> None:
    statement = allow("logs:*", "arn:aws:logs:::${aws:PrincipalTag/team}/*")
    tag = {"aws:principaltag/Team": "blue"}
    assert allowed([statement], "logs:X", "arn:aws:logs:::blue/1", **tag)
    assert not allowed([statement], "logs:X", "arn:aws:logs:::red/1", **tag)
    assert not allowed([statement], "logs:X", "arn:aws:logs:::${aws:PrincipalTag/team}/1")


def test_a_wildcard_in_the_value_of_a_variable_is_only_itself() -> None:
    statement = allow("logs:*", "arn:aws:logs:::${aws:PrincipalTag/team}")
    assert not allowed([statement], "logs:X", "arn:aws:logs:::red", **{"aws:PrincipalTag/team": "*"})
    like = allow(Condition={"StringLike": {"k": "${aws:PrincipalTag/team}*"}})
    assert not allowed([like], "logs:X", k="red", **{"aws:PrincipalTag/team": "?"})
    assert allowed([like], "logs:X", k="?red", **{"aws:PrincipalTag/team": "?"})


def test_a_variable_without_a_value_leaves_its_statement_out_or_takes_the_default() -> None:
    negative = allow(Condition={"StringNotEquals": {"k": "${aws:PrincipalTag/team}"}})
    assert not allowed([negative], "logs:X", k="red")
    default = allow(Condition={"StringEquals": {"k": "${aws:PrincipalTag/team, 'red'}"}})
    assert allowed([default], "logs:X", k="red")
    assert not allowed([default], "logs:X", k="red", **{"aws:PrincipalTag/team": "blue"})
    assert allowed([allow("*", "a${*}")], "logs:X", "a*")
    assert not allowed([allow("*", "a${*}")], "logs:X", "ab")


def test_a_variable_may_stand_in_an_arn_of_a_condition() -> None:
    statement = allow(Condition={"ArnLike": {"k": "arn:aws:iam::${aws:PrincipalAccount}:role/*"}})
    assert allowed([statement], "sts:X", k=ROLE, **{"aws:PrincipalAccount": ACCOUNT})
    assert not allowed([statement], "sts:X", k=ROLE, **{"aws:PrincipalAccount": "210987654321"})


def test_the_old_policy_version_has_no_variables() -> None:
    document = policy(allow("*", "${aws:username}"), version="2008-10-17")
    context = {"aws:username": "alice"}
    assert not evaluate([document], Request(action="a:B", resource="alice", context=context)).allowed
    assert evaluate([document], Request(action="a:B", resource="${aws:username}", context=context)).allowed


def test_a_condition_key_is_found_whatever_its_case() -> None:
    statement = allow(Condition={"StringEquals": {"AWS:principaltag/Team": "blue"}})
    assert allowed([statement], "logs:X", **{"aws:PrincipalTag/team": "blue"})


def test_a_variable_with_several_values_has_none() -> None:
    statement = allow(Condition={"StringEquals": {"k": "${aws:TagKeys}"}})
    assert not allowed([statement], "logs:X", k="a", **{"aws:TagKeys": ["a", "b"]})
    assert allowed([statement], "logs:X", k="a", **{"aws:TagKeys": ["a"]})


def test_the_characters_of_variables_can_be_meant_themselves() -> None:
    for character in "*?$":
        statement = allow(Condition={"StringLike": {"k": f"a${{{character}}}b"}})
        assert allowed([statement], "logs:X", k=f"a{character}b")
        assert not allowed([statement], "logs:X", k="axb")


def test_a_boolean_may_be_a_variable() -> None:
    statement = allow(Condition={"Bool": {"aws:SecureTransport": "${aws:ViaAWSService}"}})
    keys = {"aws:SecureTransport": "true", "aws:ViaAWSService": "true"}
    assert allowed([statement], "logs:X", **keys)
    assert not allowed([statement], "logs:X", **{**keys, "aws:ViaAWSService": "false"})


def test_actions_have_no_variables() -> None:
    assert not allowed([allow("logs:${aws:username}")], "logs:alice", **{"aws:username": "alice"})
