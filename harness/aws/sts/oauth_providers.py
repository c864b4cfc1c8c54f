"""Login with Amazon and Facebook: their access tokens are no JWTs, so AWS asks them whose a token is.

Source: API reference of AssumeRoleWithWebIdentity, ``ProviderId``; IAM User Guide, "Available keys for AWS
OIDC federation"; the two providers' own documentation of the questions asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from harness.aws.context import Context
from harness.aws.errors import AwsError
from harness.aws.sts.web_person import WebPerson

__all__ = ["identify"]

_AMAZON = "www.amazon.com"
_FACEBOOK = "graph.facebook.com"
_QUESTIONS: Mapping[str, tuple[str, ...]] = {
    _AMAZON: ("https://api.amazon.com/auth/o2/tokeninfo?access_token={}",),
    _FACEBOOK: (
        "https://graph.facebook.com/me?fields=id&access_token={}",
        "https://graph.facebook.com/app?fields=id&access_token={}",
    ),
}
_MAX_DOCUMENT = 64 * 1024  # bytes


def identify(call: Context, provider: str, token: str) -> WebPerson:
    """Return whose an access token is, as its provider says.

    Raises:
        AwsError: ``InvalidParameterValue``, for a provider that is neither (API reference: OpenID Connect
            providers have no ``ProviderId``; code and text are ours); ``IDPCommunicationError``;
            ``IDPRejectedClaim``.
    """
    questions = _QUESTIONS.get(provider)
    if questions is None:
        raise AwsError("InvalidParameterValue", f"ProviderId must be {_AMAZON} or {_FACEBOOK}")
    answers = [_ask(call, provider, question.format(quote(token, safe=""))) for question in questions]
    if provider == _AMAZON:
        application, subject = answers[0].get("app_id"), answers[0].get("user_id")
        name = "user_id"
    else:
        subject, application = (answer.get("id") for answer in answers)
        name = "id"
    if not (isinstance(subject, str) and subject and isinstance(application, str) and application):
        raise _unintelligible(provider)
    return WebPerson(
        principal=provider,
        subject=subject,
        audience=application,
        keys={f"{provider}:app_id": application, f"{provider}:{name}": subject},
    )


def _ask(call: Context, provider: str, url: str) -> Mapping[str, Any]:
    try:
        status, body = call.aws.fetch(url)
    except OSError:
        raise AwsError("IDPCommunicationError", f"{provider} could not be reached") from None  # text ours
    if status != HTTPStatus.OK:  # text: aws-sdk-js#198
        reason = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
        message = f"{provider}: {provider} responded with HTTP/1.1 {status} {reason}".rstrip()
        raise AwsError("IDPRejectedClaim", message, status=403)
    try:
        answer = json.loads(body.decode("utf-8")) if len(body) <= _MAX_DOCUMENT else None
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise _unintelligible(provider)
    return answer


def _unintelligible(provider: str) -> AwsError:
    return AwsError("IDPCommunicationError", f"{provider} gave an answer that cannot be read")  # text ours
