"""The resource types of CloudFormation that this AWS creates, each as data."""

from __future__ import annotations

from collections.abc import Mapping

from harness.aws.cloudformation.types.cloudwatch import CLOUDWATCH
from harness.aws.cloudformation.types.cognito import COGNITO
from harness.aws.cloudformation.types.iam import IAM
from harness.aws.cloudformation.types.identity_center import IDENTITY_CENTER
from harness.aws.cloudformation.types.resource_type import Do, Part, ResourceType

__all__ = ["TYPES", "Do", "Part", "ResourceType"]

TYPES: Mapping[str, ResourceType] = {
    one.name: one for table in (CLOUDWATCH, COGNITO, IAM, IDENTITY_CENTER) for one in table
}
"""By name."""
