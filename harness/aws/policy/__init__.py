"""IAM policies: their grammar, their conditions, and the one evaluator of them all."""

from __future__ import annotations

from harness.aws.policy.document import Document, PolicyError, parse
from harness.aws.policy.evaluation import Decision, Principal, Request, evaluate, evaluate_trust, limit

__all__ = [
    "Decision",
    "Document",
    "PolicyError",
    "Principal",
    "Request",
    "evaluate",
    "evaluate_trust",
    "limit",
    "parse",
]
