"""Who signed a call: the key is looked up, its token and its life are checked, then the signature."""

from __future__ import annotations

import hmac

from harness.aws.access import signature
from harness.aws.access.sessions import Session, Sessions
from harness.aws.access.signature import Claim
from harness.aws.context import Caller
from harness.aws.errors import AwsError
from harness.aws.iam.account import Iam
from harness.aws.services import Service
from harness.aws.wire import Request

__all__ = ["authenticate"]


def authenticate(
    request: Request,
    claim: Claim | None,
    *,
    service: Service,
    region: str,
    iam: Iam,
    sessions: Sessions,
    now: float,
) -> Caller:
    """Return the principal that signed ``request``.

    Args:
        request: as it arrived.
        claim: who it says has signed; None for an unsigned request.
        service: which the request is for.
        region: which the request is for.
        iam: where the users' keys are.
        sessions: where the temporary keys are.
        now: seconds since the epoch.

    Raises:
        AwsError: ``MissingAuthenticationToken``, ``InvalidClientTokenId``, ``ExpiredToken``,
            ``SignatureDoesNotMatch`` or ``IncompleteSignature``.
    """
    if claim is None:
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", status=403)
    session = sessions.find(claim.access_key_id)
    if session is not None:
        _check_session(session, claim, service=service, iam=iam, now=now)
        caller = Caller(
            arn=session.arn,
            user_id=session.user_id,
            account=iam.account_id,
            access_key_id=claim.access_key_id,
            user_name=session.user.name if session.user is not None else "",
            session=session,
        )
        secret = session.credentials.secret_access_key
    else:
        key = iam.access_key(claim.access_key_id)
        if key is None or not key.active or claim.session_token is not None:
            raise _unknown()
        caller = Caller(
            arn=key.user_arn,
            user_id=key.user_id,
            account=iam.account_id,
            access_key_id=claim.access_key_id,
            user_name=key.user_name,
        )
        secret = key.secret
    _check_scope(claim, service, region)
    signature.check(request, claim, secret=secret, now=now, skew=service.skew)
    return caller


def _check_session(session: Session, claim: Claim, *, service: Service, iam: Iam, now: float) -> None:
    """Check the token, the life and the principal of a temporary key, and whether it is good for a service.

    IAM takes the key of a federated user never, and that of a user's session only with MFA (API reference of
    GetFederationToken and GetSessionToken, "Permissions"). It says InvalidClientTokenId: aws-sdk-js#460.
    """
    expected, sent = session.credentials.session_token or "", claim.session_token or ""
    if not hmac.compare_digest(expected.encode(), sent.encode("utf-8", "surrogatepass")):
        raise _unknown()
    if now >= session.expires:
        raise AwsError("ExpiredToken", "The security token included in the request is expired", status=403)
    if session.role is not None and not iam.has_role(session.role):
        raise _unknown()
    user = session.user
    if user is None:
        return
    is_unfit = session.is_federated_user or not session.has_mfa
    if not iam.has_user(user.name, user.id) or (service.name == "iam" and is_unfit):
        raise _unknown()


def _check_scope(claim: Claim, service: Service, region: str) -> None:
    if claim.service != service.signing_name:
        message = f"Credential should be scoped to correct service: '{service.signing_name}'."
        raise AwsError("SignatureDoesNotMatch", message, status=403)
    if claim.region != region:
        message = "Credential should be scoped to a valid region."
        raise AwsError("SignatureDoesNotMatch", message, status=403)


def _unknown() -> AwsError:
    return AwsError(
        "InvalidClientTokenId", "The security token included in the request is invalid.", status=403
    )
