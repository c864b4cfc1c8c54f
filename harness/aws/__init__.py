"""The AWS that says no: moto keeps the state, and every identity decision is taken as AWS takes it."""

from __future__ import annotations

from harness.aws.credentials import Credentials
from harness.aws.errors import AwsError
from harness.aws.front import Aws
from harness.aws.journal import Call

__all__ = ["Aws", "AwsError", "Call", "Credentials"]
