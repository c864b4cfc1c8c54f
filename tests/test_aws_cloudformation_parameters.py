"""Parameters of stacks: types, defaults, constraints, secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.aws.cloudformation import parameters
from tests.aws_cloudformation import GROUP, Account, refused, text


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    account = Account()
    yield account
    account.aws.close()


@pytest.fixture(autouse=True)
def _gone(account: Account) -> Iterator[None]:
    yield
    account.cfn.delete_stack(StackName="stack")


def template(**declared: Any) -> dict[str, Any]:
    return {"Parameters": {"It": {"Type": "String", **declared}}, "Resources": {"Group": GROUP}}


def given(value: str) -> list[dict[str, str]]:
    return [{"ParameterKey": "It", "ParameterValue": value}]


@pytest.mark.parametrize(
    ("declared", "value", "message"),
    [
        ({"AllowedValues": ["a", "b"]}, "c", "Parameter 'It' must be one of AllowedValues"),
        ({"AllowedPattern": "[a-z]+"}, "A", "Parameter 'It' must match pattern [a-z]+"),
        ({"AllowedPattern": "[a-z]+-[0-9]+"}, "a-b", "Parameter 'It' must match pattern [a-z]+-[0-9]+"),
        ({"AllowedPattern": "(", "ConstraintDescription": "what it is"}, "a", "what it is"),
        ({"AllowedPattern": "(a|a)*$"}, "a" * 60 + "b", "takes too long to match"),
        ({"AllowedPattern": "(?:a{60000}){60000}"}, "a", "must match pattern"),
        ({"MinLength": 2}, "a", "Parameter 'It' must contain at least 2 characters"),
        ({"MaxLength": "2"}, "abc", "Parameter 'It' must contain at most 2 characters"),
        ({"Type": "Number"}, "a", "Parameter 'It' must be a number"),
        ({"Type": "List<Number>"}, "1,a", "Parameter 'It' must be a number"),
        ({"Type": "Number", "MinValue": 2}, "1", "Parameter 'It' must be a number not less than 2"),
        ({"Type": "Number", "MaxValue": 2}, "3.5", "Parameter 'It' must be a number not greater than 2"),
        ({}, "x" * 4097, "Parameter 'It' must be at most 4096 bytes"),
    ],
)
def test_a_value_that_breaks_its_constraints_is_refused(
    account: Account, monkeypatch: pytest.MonkeyPatch, declared: Any, value: str, message: str
) -> None:
    monkeypatch.setattr(parameters, "_MATCHING_SECONDS", 0.2)
    code, said = refused(
        account.cfn.create_stack,
        StackName="stack",
        TemplateBody=text(template(**declared)),
        Parameters=given(value),
    )
    assert code == "ValidationError"
    assert message in said


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ({"AllowedValues": ["a", "b"]}, "b"),
        ({"AllowedPattern": "[a-z]+-[0-9]+"}, "a-1"),
        ({"Type": "Number", "MinValue": 1, "MaxValue": 2}, "1.5"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a", "b"]}, "a, b"),
        ({"MinLength": 1, "MaxLength": 1}, "a"),
    ],
)
def test_a_value_that_keeps_its_constraints_is_taken(account: Account, declared: Any, value: str) -> None:
    stack = account.create(template(**declared), Parameters=given(value))
    assert stack["Parameters"] == given(value)


def test_parameters_must_be_declared_and_have_values(account: Account) -> None:
    def said(**more: Any) -> str:
        return refused(account.cfn.create_stack, StackName="stack", TemplateBody=text(template()), **more)[1]

    assert said() == "Parameters: [It] must have values"
    other = {"ParameterKey": "Other", "ParameterValue": "a"}
    assert said(Parameters=[other]) == "Parameters: [Other] do not exist in the template"
    previous = {"ParameterKey": "It", "UsePreviousValue": True}
    assert "usePreviousValue" in said(Parameters=[previous])


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, "Unrecognized parameter type"),
        ({"Type": 1}, "Every Parameters object must contain a Type member."),
        ({"Type": "String", "Foo": 1}, "Invalid template parameter property 'Foo'"),
        ({"Type": "String", "Default": ["a"]}, "Every Default member must be a string."),
    ],
)
def test_a_declaration_that_is_none_is_refused(account: Account, declared: Any, message: str) -> None:
    body = text({"Parameters": {"It": declared}, "Resources": {"Group": GROUP}})
    assert message in refused(account.cfn.validate_template, TemplateBody=body)[1]


def test_a_secret_parameter_is_never_shown(account: Account) -> None:
    user = {
        "Type": "AWS::IAM::User",
        "Properties": {"LoginProfile": {"Password": {"Ref": "It"}}, "UserName": "person"},
    }
    body = template(NoEcho="true")
    body["Resources"]["User"] = user
    secret = "not-to-be-shown-1A!"
    stack = account.create(body, Parameters=given(secret))
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Parameters"] == given("****")
    assert account.aws.call("iam", "get_login_profile", UserName="person")["LoginProfile"]
    assert secret not in str(account.cfn.describe_stack_events(StackName="stack"))
    assert secret not in str(account.aws.journal)


def test_previous_values_stay_in_an_update(account: Account) -> None:
    body = template(Default="default")
    body["Outputs"] = {"It": {"Value": {"Ref": "It"}}}
    account.create(body, Parameters=given("first"))
    body["Resources"]["More"] = GROUP
    account.update(body, Parameters=[{"ParameterKey": "It", "UsePreviousValue": True}])
    assert account.outputs() == {"It": "first"}
    account.update(body)  # what is not given has its default again
    assert account.outputs() == {"It": "default"}
