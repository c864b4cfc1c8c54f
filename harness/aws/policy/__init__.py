"""IAM policies: their grammar, their conditions, and the one evaluator of them all."""

from __future__ import annotations

from harness.aws.policy.document import Document, PolicyError, Statement, parse
from harness.aws.policy.evaluation import (
    Decision,
    PolicyType,
    Request,
    evaluate,
    evaluate_trust,
    limit,
)
from harness.aws.policy.principal import Principal
from harness.aws.policy.single_account import Policies, decide

__all__ = [
    "Decision",
    "Document",
    "Policies",
    "PolicyError",
    "PolicyType",
    "Principal",
    "Request",
    "Statement",
    "decide",
    "evaluate",
    "evaluate_trust",
    "limit",
    "parse",
]
