"""Whatever comes as a template or as a field of a call, CloudFormation answers as CloudFormation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.cloudformation.functions import Evaluation
from harness.aws.cloudformation.types import TYPES
from harness.aws.errors import AwsError
from tests.aws_cloudformation import Account, refused

WORDS = [
    "Resources",
    "Parameters",
    "Conditions",
    "Mappings",
    "Outputs",
    "Metadata",
    "Type",
    "Properties",
    "Default",
    "Value",
    "Export",
    "Name",
    "Ref",
    "Fn::GetAtt",
    "Fn::Sub",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::If",
    "Fn::FindInMap",
    "Fn::Equals",
    "Fn::Not",
    "Fn::And",
    "Fn::Or",
    "Fn::Cidr",
    "Fn::Base64",
    "Fn::ImportValue",
    "Condition",
    "DependsOn",
    "AWS::NoValue",
    "AWS::Region",
    "A",
    "B",
    "A.Arn",
    "${A}",
    "${A.Arn}",
    "${!A}",
    "${",
    "{{resolve:ssm:a}}",
    "String",
    "Number",
    "RoleName",
    "Path",
    "Tags",
    "Key",
    "Policies",
    "PolicyName",
    "0",
    "-1",
    "99999999999",
]
SCALARS = st.text(max_size=5) | st.integers() | st.booleans() | st.none() | st.floats()
LEAVES = st.sampled_from(WORDS) | SCALARS
KEYS = st.sampled_from(WORDS) | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["A", "B", "C"])
PROPERTIES = st.sampled_from(sorted({name for kind in TYPES.values() for name in kind.properties}))
RESOURCE = st.fixed_dictionaries(
    {"Type": st.sampled_from(sorted(TYPES))},
    optional={
        "Properties": st.dictionaries(PROPERTIES, VALUES, max_size=5),
        "DependsOn": NAMES | VALUES,
        "Condition": NAMES,
        "Metadata": VALUES,
    },
)
TEMPLATES = st.fixed_dictionaries(
    {"Resources": st.dictionaries(NAMES, RESOURCE, min_size=1, max_size=3)},
    optional={
        "Parameters": st.dictionaries(NAMES, VALUES, max_size=2),
        "Conditions": st.dictionaries(NAMES, VALUES, max_size=2),
        "Mappings": VALUES,
        "Outputs": st.dictionaries(
            NAMES,
            st.fixed_dictionaries(
                {"Value": VALUES},
                optional={"Condition": VALUES, "Export": st.fixed_dictionaries({"Name": VALUES})},
            ),
            max_size=2,
        ),
    },
)


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    account = Account()
    yield account
    account.aws.close()


def error_of(call: Callable[..., Any], **fields: Any) -> Any:
    """Return the refusal of a call; None if it is not refused."""
    try:
        call(**fields)
    except ClientError as error:
        return error.response
    return None


def answered(account: Account, **fields: Any) -> None:
    """Create a stack and take it away again; every refusal is one of CloudFormation's."""
    error = error_of(
        account.cfn.create_stack, StackName="stack", Capabilities=["CAPABILITY_NAMED_IAM"], **fields
    )
    if error is not None:
        assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
        assert error["Error"]["Code"] in {"ValidationError", "NotImplemented"}
    else:
        assert account.describe()["StackStatus"] in {"CREATE_COMPLETE", "ROLLBACK_COMPLETE"}, account.events()
        account.cfn.delete_stack(StackName="stack")
        assert refused(account.describe)[1] == "Stack with id stack does not exist"


@settings(max_examples=50, deadline=None)
@given(template=TEMPLATES)
def test_a_template_of_any_content_is_answered(account: Account, template: Any) -> None:
    answered(account, TemplateBody=json.dumps(template), Tags=[{"Key": "a", "Value": "b"}])


@settings(max_examples=50, deadline=None)
@given(body=st.text(alphabet="{}[]&*!<>|-?:,'\"\\#%@`ab: \n\tRef1", min_size=1, max_size=60))
def test_a_text_of_any_form_is_answered(account: Account, body: str) -> None:
    answered(account, TemplateBody=body)
    answered(account, TemplateBody=f"Resources:\n  A:\n    Type: AWS::Logs::LogGroup\n    Metadata: {body}\n")


@settings(max_examples=100, deadline=None)
@given(value=VALUES)
def test_a_function_comes_to_something_or_is_refused(value: Any) -> None:
    evaluation = Evaluation(reference=lambda one: one.name, taken={"A": True, "B": False})
    with suppress(AwsError):  # anything else is a defect
        evaluation.value(value)


@settings(max_examples=60, deadline=None)
@given(name=st.text(min_size=1, max_size=20), token=st.text(min_size=1, max_size=10))
def test_names_and_tokens_of_any_form_are_answered(account: Account, name: str, token: str) -> None:
    cfn = account.cfn
    for call, fields in (
        (cfn.describe_stacks, {"StackName": name, "NextToken": token}),
        (cfn.describe_change_set, {"ChangeSetName": name}),
        (cfn.delete_stack, {"StackName": name}),
        (cfn.describe_stack_resources, {"PhysicalResourceId": name}),
        (cfn.list_stack_resources, {"StackName": name, "NextToken": token}),
        (cfn.list_imports, {"ExportName": name}),
    ):
        error = error_of(call, **fields)
        assert error is None or error["ResponseMetadata"]["HTTPStatusCode"] in {400, 404}
