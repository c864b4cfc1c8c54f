"""What CloudFormation makes of a template: its form, its functions, its conditions, its references."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

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


def refusal(account: Account, template: Any) -> str:
    code, message = refused(account.cfn.validate_template, TemplateBody=text(template))
    assert code == "ValidationError"
    return message


def test_the_short_forms_of_yaml_are_the_long_forms_of_json(account: Account) -> None:
    short = """
    Parameters:
      Names: {Type: CommaDelimitedList, Default: "a, b"}
    Mappings:
      Days: {us-east-1: {keep: 7}}
    Conditions:
      IsHere: !Equals [!Ref AWS::Region, us-east-1]
      IsThere: !Not [!Condition IsHere]
    Resources:
      Group:
        Type: AWS::Logs::LogGroup
        Properties:
          LogGroupName: !Join ["-", [!Select [1, !Ref Names], !Sub "${AWS::StackName}-x"]]
          RetentionInDays: !FindInMap [Days, !Ref AWS::Region, keep]
          LogGroupClass: !If [IsThere, INFREQUENT_ACCESS, !Ref AWS::NoValue]
    Outputs:
      Arn: {Value: !GetAtt Group.Arn}
      Text: {Value: !Base64 "text"}
    """
    long = {
        "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "a, b"}},
        "Mappings": {"Days": {"us-east-1": {"keep": 7}}},
        "Conditions": {
            "IsHere": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]},
            "IsThere": {"Fn::Not": [{"Condition": "IsHere"}]},
        },
        "Resources": {
            "Group": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {
                    "LogGroupName": {
                        "Fn::Join": [
                            "-",
                            [{"Fn::Select": [1, {"Ref": "Names"}]}, {"Fn::Sub": "${AWS::StackName}-x"}],
                        ]
                    },
                    "RetentionInDays": {"Fn::FindInMap": ["Days", {"Ref": "AWS::Region"}, "keep"]},
                    "LogGroupClass": {"Fn::If": ["IsThere", "INFREQUENT_ACCESS", {"Ref": "AWS::NoValue"}]},
                },
            }
        },
        "Outputs": {
            "Arn": {"Value": {"Fn::GetAtt": ["Group", "Arn"]}},
            "Text": {"Value": {"Fn::Base64": "text"}},
        },
    }
    for template in (short, long):
        account.create(template)
        arn = "arn:aws:logs:us-east-1:111122223333:log-group:b-stack-x:*"
        assert account.outputs() == {"Arn": arn, "Text": base64.b64encode(b"text").decode()}
        [group] = account.aws.call("logs", "describe_log_groups")["logGroups"]
        assert group["retentionInDays"] == 7
        account.cfn.delete_stack(StackName="stack")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Fn::Sub": "${!Literal} ${AWS::Partition}"}, "${Literal} aws"),
        ({"Fn::Sub": ["${a}/${AWS::AccountId}", {"a": {"Ref": "Group"}}]}, "{Group}/111122223333"),
        ({"Fn::Sub": "${Group.Arn}"}, "arn:aws:logs:us-east-1:111122223333:log-group:{Group}:*"),
        ({"Fn::Select": ["0", {"Fn::Split": ["|", "a|b"]}]}, "a"),
        ({"Fn::Join": [",", {"Fn::Cidr": ["10.0.0.0/24", 2, 5]}]}, "10.0.0.0/27,10.0.0.32/27"),
        ({"Fn::Join": ["", ["a", {"Ref": "AWS::NoValue"}, "b"]]}, "ab"),
        ({"Fn::Join": ["", [1, True]]}, "1true"),
        ({"Ref": "AWS::URLSuffix"}, "amazonaws.com"),
        (7, "7"),
    ],
)
def test_functions_come_to_what_the_reference_says(account: Account, value: Any, expected: str) -> None:
    template = {"Resources": {"Group": GROUP}, "Outputs": {"Value": {"Value": value}}}
    account.create(template)
    assert account.outputs()["Value"] == expected.replace("{Group}", account.physical("Group"))
    account.cfn.delete_stack(StackName="stack")


def test_conditions_decide_on_resources_and_outputs(account: Account) -> None:
    template = {
        "Parameters": {"Stage": {"Type": "String"}},
        "Conditions": {
            "IsProduction": {"Fn::Equals": [{"Ref": "Stage"}, "production"]},
            "IsTest": {"Fn::And": [{"Fn::Not": [{"Condition": "IsProduction"}]}, {"Fn::Equals": ["a", "a"]}]},
            "IsAny": {"Fn::Or": [{"Condition": "IsTest"}, {"Condition": "IsProduction"}]},
        },
        "Resources": {
            "Always": {**GROUP, "Condition": "IsAny"},
            "Production": {**GROUP, "Condition": "IsProduction"},
        },
        "Outputs": {"Name": {"Condition": "IsProduction", "Value": {"Ref": "Production"}}},
    }
    for stage, names in (("production", {"Always", "Production"}), ("test", {"Always"})):
        stack = account.create(template, Parameters=[{"ParameterKey": "Stage", "ParameterValue": stage}])
        found = account.cfn.describe_stack_resources(StackName="stack")["StackResources"]
        assert {one["LogicalResourceId"] for one in found} == names
        assert ("Outputs" in stack) is (stage == "production")  # absent, not empty
        account.cfn.delete_stack(StackName="stack")


def test_yaml_keeps_dates_and_numbers_with_zeros_as_text(account: Account) -> None:
    template = """
    Parameters:
      Account: {Type: String, Default: 012345678901}
    Mappings:
      Names: {012345678901: {on: 2012-10-17}}
    Resources: {Group: {Type: AWS::Logs::LogGroup}}
    Outputs: {Value: {Value: !FindInMap [Names, !Ref Account, "on"]}}
    """
    account.create(template)
    assert account.outputs() == {"Value": "2012-10-17"}
    account.cfn.delete_stack(StackName="stack")


RESOURCES = {"Group": GROUP}
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nResources: {Group: {Type: 'AWS::Logs::LogGroup'}}"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({}, "Template format error: At least one Resources member must be defined."),
        ('{"Resources": ', "Template format error: JSON not well-formed. (line 1, column 15)"),
        ("Resources: [", "Template format error: YAML not well-formed. (line 1, column 13)"),
        ("text", "Template format error: unsupported structure."),
        (BOMB, "Template error: YAML aliases are not allowed in CloudFormation templates"),
        ({"Resources": RESOURCES, "Foo": {}}, "Invalid template property or properties [Foo]"),
        ({"Resources": RESOURCES, "Transform": "AWS::Serverless-2016-10-31"}, "Transform"),
        ({"Resources": RESOURCES, "Rules": {}}, "Rules"),
        ("Resources: {A: {Type: 'AWS::Logs::LogGroup'}, A: {Type: 'AWS::Logs::LogGroup'}}", "[A]"),
        ('{"Resources": {}, "Resources": {}}', "[Resources]"),
        ({"Resources": {"Group": None}}, "'null' values are not allowed in templates"),
        (
            {"Resources": {"Group": {}}},
            "[/Resources/Group] Every Resources object must contain a Type member.",
        ),
        ({"Resources": {"a-b": GROUP}}, "Template format error: Resource name a-b is non alphanumeric."),
        (
            {"Resources": {"A": {"Type": "What"}}},
            "Template format error: Unrecognized resource types: [What]",
        ),
        ({"Resources": {"A": {**GROUP, "Foo": 1}}}, "Invalid template resource property 'Foo'"),
        ({"Resources": {"A": {**GROUP, "CreationPolicy": {}}}}, "CreationPolicy"),
        ("Resources: {A: {Type: !!python/name:os.system x}}", "YAML not well-formed"),
        ("Resources: {A: {Type: !!int x}}", "YAML not well-formed"),
        ("[" * 5000, "Template format error"),
        ('{"Resources":' * 3000, "Template format error"),
        ({"Resources": RESOURCES, "Metadata": {"a": "\ud800"}}, "not Unicode"),
    ],
)
def test_what_is_no_template_is_refused(account: Account, template: Any, message: str) -> None:
    assert message in refusal(account, template)


def with_output(value: Any) -> dict[str, Any]:
    return {"Resources": RESOURCES, "Outputs": {"Value": {"Value": value}}}


def with_property(value: Any, **more: Any) -> dict[str, Any]:
    return {"Resources": {"Group": {**GROUP, "Properties": {"LogGroupName": value}}, **more}}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (
            with_property({"Ref": "Nobody"}),
            "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the "
            "template",
        ),
        (
            with_output({"Fn::Sub": "${Nobody}"}),
            "Template format error: Unresolved resource dependencies [Nobody] in the Outputs block of the "
            "template",
        ),
        (
            with_output({"Fn::GetAtt": ["Nobody", "Arn"]}),
            "Template error: instance of Fn::GetAtt references undefined resource Nobody",
        ),
        (
            with_output({"Fn::GetAtt": "Group.Foo"}),
            "Template error: resource Group does not support attribute type Foo in Fn::GetAtt",
        ),
        (
            with_property({"Ref": "Other"}, Other={**GROUP, "DependsOn": "Group"}),
            "Circular dependency between resources: [Group, Other]",
        ),
        (with_property({"Ref": "Group"}), "Circular dependency between resources: [Group]"),
        (
            {"Resources": {"Group": {**GROUP, "DependsOn": ["Nobody"]}}},
            "Template format error: Unresolved resource dependencies [Nobody] in the Resources block of the "
            "template",
        ),
        (
            {"Resources": RESOURCES, "Conditions": {"Is": {"Fn::Equals": [{"Ref": "Group"}, "a"]}}},
            "Template format error: Unresolved dependencies [Group]. Cannot reference resources in the "
            "Conditions block of the template",
        ),
    ],
)
def test_references_to_what_is_not_there_are_refused(account: Account, template: Any, message: str) -> None:
    assert refusal(account, template) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Fn::Select": [5, ["a"]]}, "Template error: Fn::Select cannot select nonexistent value at index 5"),
        ({"Fn::FindInMap": ["A", "B", "C"]}, "Template error: Unable to get mapping for A::B::C"),
        ({"Fn::Join": ["a"]}, "Template error: every Fn::Join object requires two parameters"),
        (
            {"Fn::Transform": {"Name": "x"}},
            "Template error: this AWS does not support the function Fn::Transform.",
        ),
        ({"Fn::GetAZs": ""}, "Template error: this AWS does not support the function Fn::GetAZs."),
        ({"Fn::Cidr": ["10.0.0.0/24", 9**9, 9**9]}, "Template error: Fn::Cidr"),
        ({"Fn::ImportValue": "nothing"}, "No export named nothing found."),
        ({"Fn::If": ["Nobody", 1, 2]}, "Template error: unresolved condition dependency Nobody in Fn::If"),
        ("{{resolve:ssm:name}}", "dynamic references"),
    ],
)
def test_functions_that_come_to_nothing_make_no_stack(account: Account, value: Any, message: str) -> None:
    template = text(with_output(value))
    code, said = refused(account.cfn.create_stack, StackName="never", TemplateBody=template)
    assert code == "ValidationError"
    assert message in said
    assert refused(account.cfn.describe_stacks, StackName="never")[1] == "Stack with id never does not exist"


def test_functions_that_multiply_a_text_are_refused(account: Account) -> None:
    value: Any = "x" * 1000
    for _ in range(6):
        value = {"Fn::Join": [value, ["x"] * 200]}
    assert (
        "characters"
        in refused(account.cfn.create_stack, StackName="never", TemplateBody=text(with_output(value)))[1]
    )


def test_a_template_has_at_most_51200_bytes(account: Account) -> None:
    template = text({"Resources": RESOURCES, "Metadata": {"a": "x" * 51_200}})
    assert "Member must have length less than or equal to 51200" in refusal(account, template)


def test_template_url_is_refused(account: Account) -> None:
    url = "https://bucket.s3.amazonaws.com/template"
    assert refused(account.cfn.validate_template, TemplateURL=url)[0] == "NotImplemented"
    assert refused(account.cfn.validate_template)[0] == "ValidationError"


def test_a_template_is_summarised(account: Account) -> None:
    template = {
        "Description": "text",
        "Parameters": {"Secret": {"Type": "String", "NoEcho": True, "Default": "x", "AllowedValues": ["x"]}},
        "Resources": {"User": {"Type": "AWS::IAM::User", "Properties": {"UserName": "name"}}, **RESOURCES},
        "Metadata": {"a": 1},
    }
    found = account.cfn.validate_template(TemplateBody=text(template))
    assert found["Description"] == "text"
    assert found["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert found["CapabilitiesReason"] == "The following resource(s) require capabilities: [AWS::IAM::User]"
    assert found["Parameters"] == [{"ParameterKey": "Secret", "DefaultValue": "x", "NoEcho": True}]
    summary = account.cfn.get_template_summary(TemplateBody=text(template))
    assert summary["ResourceTypes"] == ["AWS::IAM::User", "AWS::Logs::LogGroup"]
    assert summary["Parameters"][0]["ParameterConstraints"] == {"AllowedValues": ["x"]}
    assert json.loads(summary["Metadata"]) == {"a": 1}
    account.create(template)
    assert account.cfn.get_template(StackName="stack")["TemplateBody"] == template
    assert account.cfn.get_template_summary(StackName="stack")["Description"] == "text"
    account.cfn.delete_stack(StackName="stack")
