"""What credentials of the enhanced flow are cut to when nobody is logged in, whatever the role allows.

Source: Amazon Cognito Developer Guide, "IAM roles", "Access policies for unauthenticated identities": an
inline session policy, and AWS's managed policy, of which either must allow. Nothing is cut for those who are
logged in, nor in the basic flow.
"""

from __future__ import annotations

from harness.aws.iam.account import Iam
from harness.aws.policy import Document, parse

__all__ = ["guest_policies"]

_MANAGED = "arn:aws:iam::aws:policy/AmazonCognitoUnAuthedIdentitiesSessionPolicy"
_WHOLE_SERVICES = (
    "appsync",
    "cloudwatch",
    "codewhisperer",
    "cognito-identity",
    "cognito-idp",
    "cognito-sync",
    "comprehend",
    "dynamodb",
    "execute-api",
    "firehose",
    "gamelift",
    "iot",
    "kinesis",
    "lambda",
    "lex",
    "logs",
    "machinelearning",
    "mobileanalytics",
    "mobiletargeting",
    "personalize",
    "polly",
    "rekognition",
    "s3",
    "sdb",
    "ses",
    "sns",
    "sqs",
    "transcribe",
    "translate",
)
_SINGLE_ACTIONS = ("sagemaker:InvokeEndpoint", "textract:DetectDocumentText", "textract:AnalyzeDocument")
_INLINE = parse(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": [*(f"{service}:*" for service in _WHOLE_SERVICES), *_SINGLE_ACTIONS],
            "Resource": "*",
        },
    },
    kind="identity",
)


def guest_policies(iam: Iam) -> tuple[Document, ...]:
    """Return the session policies of a guest; the managed one is AWS's own text."""
    return (_INLINE, *iam.managed_documents([_MANAGED]))
