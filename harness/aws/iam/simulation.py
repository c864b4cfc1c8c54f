"""The policy simulator, answered by the evaluator that decides every call.

Source: IAM API reference, SimulateCustomPolicy, SimulatePrincipalPolicy and GetContextKeysFor...; IAM User
Guide, "IAM policy testing with the IAM policy simulator".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.aws.context import Context, Operation
from harness.aws.errors import AwsError
from harness.aws.iam.account import Source
from harness.aws.iam.errors import invalid_input, no_such_entity
from harness.aws.iam.records import by_name
from harness.aws.policy import (
    Decision,
    Document,
    Policies,
    PolicyError,
    PolicyType,
    Principal,
    Request,
    decide,
    evaluate,
    parse,
)

__all__ = ["OPERATIONS"]

_ARN = re.compile(r"arn:aws:iam::(\d{12}):(user|role|group)/(?:[\x21-\x7e]+/)?([\w+=,.@-]+)", re.ASCII)
_VARIABLE = re.compile(r"\$\{\s*([\w:/.@+=-]+)")
_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class _Simulated:
    """Whose policies are asked, and with which keys."""

    sources: Sequence[Source]
    boundary: Sequence[Document] | None
    resource: Document | None
    caller: str
    keys: Mapping[str, Sequence[str]]

    @property
    def documents(self) -> list[Document]:
        return [source.document for source in self.sources]


def simulate_custom_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """SimulateCustomPolicy: the policies are those of the call alone.

    Raises:
        AwsError: ``InvalidInput``.
    """
    return _results(call, fields, _given(fields), _boundary(fields), caller=fields.get("CallerArn", ""))


def simulate_principal_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """SimulatePrincipalPolicy: the policies are those of a user, a group or a role, and those of the call.

    Raises:
        AwsError: ``InvalidInput``, ``NoSuchEntity``.
    """
    sources, policies = _principal(call, fields)
    boundary = _boundary(fields)
    caller = fields.get(
        "CallerArn", "" if ":group/" in fields["PolicySourceArn"] else fields["PolicySourceArn"]
    )
    return _results(
        call,
        fields,
        [*sources, *_given(fields)],
        boundary if boundary is not None else policies.boundary,
        caller=caller,
    )


def get_context_keys_for_custom_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """GetContextKeysForCustomPolicy: the keys that conditions and variables of the policies name."""
    return {"ContextKeyNames": _key_names(source.document for source in _given(fields))}


def get_context_keys_for_principal_policy(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """GetContextKeysForPrincipalPolicy."""
    sources, _ = _principal(call, fields)
    return {"ContextKeyNames": _key_names(source.document for source in [*sources, *_given(fields)])}


def _results(
    call: Context,
    fields: Mapping[str, Any],
    sources: Sequence[Source],
    boundary: Sequence[Document] | None,
    *,
    caller: str,
) -> Mapping[str, Any]:
    simulated = _Simulated(
        sources=sources,
        boundary=boundary,
        resource=_parse(fields["ResourcePolicy"]) if "ResourcePolicy" in fields else None,
        caller=caller,
        keys=_keys(call, fields, caller),
    )
    asked = [
        (action, resource)
        for action in fields["ActionNames"]
        for resource in fields.get("ResourceArns") or ["*"]
    ]
    start, most = _start(fields), fields.get("MaxItems", _PAGE)
    answer: dict[str, Any] = {
        "EvaluationResults": [
            _result(simulated, action, resource, call.aws.account_id)
            for action, resource in asked[start : start + most]
        ],
        "IsTruncated": len(asked) > start + most,
    }
    return answer | ({"Marker": str(start + most)} if answer["IsTruncated"] else {})


def _start(fields: Mapping[str, Any]) -> int:
    marker = fields.get("Marker", "0")
    if not re.fullmatch(r"[0-9]{1,9}", marker, re.ASCII):
        raise invalid_input("Invalid marker.")
    return int(marker)


def _result(simulated: _Simulated, action: str, resource: str, account: str) -> dict[str, Any]:
    request = Request(action=action, resource=resource, context=simulated.keys)
    decision = decide(
        request,
        Policies(identity=simulated.documents, boundary=simulated.boundary),
        resource=simulated.resource,
        principal=Principal(aws=(simulated.caller,) if simulated.caller else (), account=account),
    )
    result: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": _word(decision),
        "MatchedStatements": [
            {"SourcePolicyId": source.id, "SourcePolicyType": source.type}
            for source in simulated.sources
            if any(
                each is statement for each in decision.statements for statement in source.document.statements
            )
        ],
        "MissingContextValues": [
            name for name in _key_names(simulated.documents) if not request.keys.get(name)
        ],
    }
    if simulated.boundary is not None:
        by_boundary = evaluate(simulated.boundary, request, kind=PolicyType.BOUNDARY)
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": by_boundary.allowed}
    return result


def _word(decision: Decision) -> str:
    if decision.allowed:
        return "allowed"
    return "explicitDeny" if decision.explicit_deny else "implicitDeny"


def _principal(call: Context, fields: Mapping[str, Any]) -> tuple[list[Source], Policies]:
    """Return the policies of ``PolicySourceArn``, each with where it is from, and its boundary."""
    arn = fields["PolicySourceArn"]
    match = _ARN.fullmatch(arn)
    if match is None or match[1] != call.aws.account_id:
        raise invalid_input(f"Invalid Entity Arn: {arn}")
    kind, name = match[2], match[3]
    record = by_name(call, kind, name)
    if record is None or record.arn != arn:
        raise no_such_entity(f"The {kind} with name {name} cannot be found.")
    return call.aws.iam.sources(record, kind)


def _given(fields: Mapping[str, Any]) -> list[Source]:
    return [
        Source(id=f"PolicyInputList.{number}", type="IAM Policy", document=_parse(text))
        for number, text in enumerate(fields.get("PolicyInputList") or [], 1)
    ]


def _boundary(fields: Mapping[str, Any]) -> list[Document] | None:
    texts = fields.get("PermissionsBoundaryPolicyInputList")
    return [_parse(text) for text in texts] if texts else None


def _parse(text: str) -> Document:
    try:
        return parse(text)
    except PolicyError as error:
        raise AwsError("InvalidInput", error.message) from None


def _keys(call: Context, fields: Mapping[str, Any], caller: str) -> dict[str, Sequence[str]]:
    """Return the keys that the call gives, and those that the caller's ARN has in it."""
    keys: dict[str, Sequence[str]] = {"aws:PrincipalArn": [caller]} if caller else {}
    match = _ARN.fullmatch(caller)
    if match is not None and match[2] == "user":
        keys["aws:username"] = [match[3]]
    for entry in fields.get("ContextEntries") or []:
        keys[entry.get("ContextKeyName", "")] = list(entry.get("ContextKeyValues") or [])
    return keys


def _key_names(documents: Iterable[Document]) -> list[str]:
    return sorted({name for document in documents for name in _names(document)}, key=str.lower)


def _names(document: Document) -> Iterator[str]:
    for statement in document.statements:
        texts = [*(statement.resources or ())]
        for condition in statement.conditions:
            yield condition.key
            texts += condition.values
        if document.has_variables:
            yield from (name for text in texts for name in _VARIABLE.findall(text))


OPERATIONS: Mapping[str, Operation] = {
    "GetContextKeysForCustomPolicy": get_context_keys_for_custom_policy,
    "GetContextKeysForPrincipalPolicy": get_context_keys_for_principal_policy,
    "SimulateCustomPolicy": simulate_custom_policy,
    "SimulatePrincipalPolicy": simulate_principal_policy,
}
