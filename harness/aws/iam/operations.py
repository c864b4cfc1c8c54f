"""The operations of IAM: moto's, but for those here."""

from __future__ import annotations

from collections.abc import Mapping

from harness.aws.context import Operation
from harness.aws.iam import names, policies, providers, roles, simulation, users
from harness.aws.iam.protected import protected
from harness.aws.iam.resources import condition_keys, resources

__all__ = ["OPERATIONS", "condition_keys", "resources"]

_OWN: Mapping[str, Operation] = {
    **names.OPERATIONS,
    **policies.OPERATIONS,
    **providers.OPERATIONS,
    **roles.OPERATIONS,
    **simulation.OPERATIONS,
    **users.OPERATIONS,
}

OPERATIONS: Mapping[str, Operation] = {**_OWN, **protected(_OWN)}
