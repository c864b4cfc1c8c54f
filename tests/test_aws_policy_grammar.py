"""The grammar of policies: what is read, and what is refused when it is saved."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.aws.policy import PolicyError, parse
from tests.aws_policies import PROVIDER, ROOT, allow, trust


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        '{"Statement": ' + "9" * 5000 + "}",
        '{"Version": "2030-01-01", "Statement": []}',
        '{"Version": "2012-10-17", "Statement": []}',
        '{"Version": ["2012-10-17"], "Statement": []}',
        json.dumps({"Statement": "Allow"}),
        json.dumps({"Statement": [[]]}),
        json.dumps({"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}),
        json.dumps({"Statement": {"Effect": ["Allow"], "Action": "*", "Resource": "*"}}),
        json.dumps({"Statement": {"Effect": "Allow", "Resource": "*"}}),
        json.dumps({"Statement": {"Effect": "Allow", "Action": 1, "Resource": "*"}}),
        json.dumps({"Statement": {"Effect": "Allow", "Action": [], "Resource": "*"}}),
        json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "NotAction": "*", "Resource": "*"}}),
        json.dumps({"Statement": allow(Condition="always")}),
        json.dumps({"Statement": allow(Condition={"StringEquals": "a"})}),
        json.dumps({"Statement": allow(Condition={"StringEquals": {"k": {}}})}),
        json.dumps({"Statement": trust("everybody")}),
        json.dumps({"Statement": trust({"AWS": "*"}, NotPrincipal={"AWS": "*"})}),
        json.dumps({"Statement": {"Effect": "Deny", "Action": "*", "NotPrincipal": None}}),
        json.dumps({"Statement": trust({"AWS": []})}),
        json.dumps({"Statement": trust({"Anybody": "*"})}),
        '{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}',
    ],
)
def test_a_document_that_breaks_the_grammar_is_malformed(text: str) -> None:
    with pytest.raises(PolicyError) as refusal:
        parse(text)
    assert (refusal.value.code, refusal.value.status) == ("MalformedPolicyDocument", 400)


@pytest.mark.parametrize(
    ("kind", "statement", "message"),
    [
        ("identity", allow(Principal="*"), "Policy document should not specify a principal."),
        ("identity", {"Effect": "Allow", "Action": "*"}, "Policy statement must contain resources."),
        (
            "identity",
            allow("GetRole"),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        ("identity", allow("iam:a:b"), "Actions/Condition can contain only one colon."),
        ("identity", allow("i_m:Get"), "Vendor i_m is not valid"),
        ("identity", allow("iam:Get", "role/x"), 'Resource role/x must be in ARN format or "*".'),
        ("trust", trust({"AWS": "*"}, Resource="*"), "Has prohibited field Resource"),
        ("trust", trust("*"), 'AssumeRolepolicy contained an invalid principal: "STAR":"*".'),
        (
            "trust",
            {"Effect": "Deny", "Action": "sts:*", "NotPrincipal": {"AWS": "*"}},
            "Has prohibited field NotPrincipal",
        ),
        ("trust", {"Effect": "Allow", "Action": "sts:*"}, "Missing required field Principal"),
        (
            "trust",
            {**trust({"AWS": "*"}), "Action": "*"},
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        ("identity", allow(Condition={"X": {"k": "v"}}), "Syntax errors in policy: X is not supported."),
    ],
)
def test_what_iam_refuses_to_save_is_refused(kind: Any, statement: dict[str, Any], message: str) -> None:
    with pytest.raises(PolicyError) as refusal:
        parse({"Version": "2012-10-17", "Statement": statement}, kind=kind)
    assert refusal.value.message == message


def test_the_honest_documents_are_saved() -> None:
    parse({"Version": "2012-10-17", "Statement": allow()}, kind="identity")
    parse({"Version": "2012-10-17", "Statement": trust({"AWS": ROOT, "Federated": PROVIDER})}, kind="trust")
