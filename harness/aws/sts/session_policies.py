"""Session policies, and how much room they and the session tags take.

Source: API reference of AssumeRole (``Policy``, ``PolicyArns``, ``PackedPolicySize``).
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.policy import Document, parse
from harness.aws.sts.tags import NO_TAGS, SessionTags

__all__ = ["packed_size", "session_policies"]

_MOST_ARNS = 10
_MOST_CHARACTERS = 2048  # of the inline policy and the ARNs together
_ARN = re.compile(r"arn:aws:iam::(\d{12}|aws):policy/[\w+=,.@/-]+", re.ASCII)
# How AWS packs is not public. A policy of one statement was seen to take 16 per cent (LocalStack's published
# snapshots), and so it does with DEFLATE and this many bytes.
_SPACE = 700


def session_policies(call: Context, fields: Mapping[str, Any]) -> tuple[Document, ...] | None:
    """Return the session policies of a call; None if it passes none.

    Raises:
        AwsError: ``MalformedPolicyDocument``; ``ValidationError`` for too many or too long ones, and for an
            ARN that is no managed policy of this account (of the latter the text is ours).
    """
    arns = _arns(fields)
    if "Policy" not in fields and not arns:
        return None
    if len(arns) > _MOST_ARNS:
        raise _too_large("policyArns", f"[{', '.join(arns)}]", _MOST_ARNS)
    if len(fields.get("Policy", "")) + sum(map(len, arns)) > _MOST_CHARACTERS:
        raise _too_large("policy", fields.get("Policy", ""), _MOST_CHARACTERS)
    for arn in arns:
        found = _ARN.fullmatch(arn)
        is_ours = found is not None and found[1] in {"aws", call.aws.account_id}
        if not is_ours or not call.aws.iam.managed_documents([arn]):
            raise AwsError("ValidationError", f"{arn} is not a managed policy of this account")
    inline = [parse(fields["Policy"], kind="identity")] if "Policy" in fields else []
    return (*inline, *call.aws.iam.managed_documents(arns))


def packed_size(fields: Mapping[str, Any], tags: SessionTags = NO_TAGS) -> int | None:
    """Return how much of the room for policies and tags a call takes, in per cent; None if it passes neither.

    Args:
        fields: of the call; their policies have been checked.
        tags: of the session; those that are inherited count too.

    Raises:
        AwsError: ``PackedPolicyTooLarge``; both texts are AWS's (re:Post knowledge center, under that name).
    """
    arns = _arns(fields)
    inline = json.dumps(json.loads(fields["Policy"]), separators=(",", ":")) if "Policy" in fields else ""
    policies = "\n".join([inline, *arns]) if inline or arns else ""
    pairs = "".join(f"{key}\n{value}\n" for key, value in tags.all.items())
    if not policies and not pairs:
        return None
    if (of_tags := _percent(pairs)) > 100:
        message = f"Packed size of session tags consumes {of_tags}% of allotted space."
        raise AwsError("PackedPolicyTooLarge", message)
    if (together := _percent(policies + pairs)) > 100:
        message = f"Packed policy consumes {together}% of allotted space, please use smaller policy."
        raise AwsError("PackedPolicyTooLarge", message)
    return together


def _percent(text: str) -> int:
    packed = len(zlib.compress(text.encode("utf-8", "surrogatepass"), level=9, wbits=-15)) if text else 0
    return -(-100 * packed // _SPACE)


def _arns(fields: Mapping[str, Any]) -> list[str]:
    return [each["arn"] for each in fields.get("PolicyArns", ()) if "arn" in each]


def _too_large(name: str, value: str, most: int) -> AwsError:
    """Word it as AWS words what breaks its model, which has no bound of these two itself."""
    constraint = f"failed to satisfy constraint: Member must have length less than or equal to {most}"
    shown = value[:_MOST_CHARACTERS]
    message = f"1 validation error detected: Value '{shown}' at '{name}' {constraint}"
    return AwsError("ValidationError", message)
