"""The Security Token Service: who may become which role, decided as AWS decides it.

Sources: STS API reference, IAM User Guide ("OIDC federation", "Passing session tags", "Monitor and control
actions taken with assumed roles"), and the public reports named where a rule is used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from harness.aws.context import Caller, Context, Operation
from harness.aws.errors import AwsError
from harness.aws.iam.account import Provider, Role
from harness.aws.identity_token import Reason, TokenRejected, audiences, unverified_claims, verify
from harness.aws.permissions import denied, global_keys, identity_decision
from harness.aws.policy import (
    Decision,
    Document,
    PolicyError,
    Principal,
    Request,
    evaluate,
    evaluate_trust,
    parse,
)
from harness.aws.sessions import Session

__all__ = ["OPERATIONS", "condition_keys", "resources"]

_ROLE_ARN = re.compile(r"arn:aws:iam::(\d{12}):role/[\w+=,.@/-]+", re.ASCII)
_CHAINED = 3600  # seconds; IAM User Guide, "Role chaining"
_TAGS_CLAIM = "https://aws.amazon.com/tags"
_SOURCE_IDENTITY_CLAIM = "https://aws.amazon.com/source_identity"

_Keys = dict[str, str | Sequence[str]]


def get_caller_identity(call: Context, _fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Tell the caller who it is. No permission is needed, and no policy can forbid it."""
    caller = _signed(call)
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}


def assume_role(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Become a role, by the trust of its policy and, where that names only the account, by permission.

    Raises:
        AwsError: ``ValidationError``, ``MalformedPolicyDocument``, or ``AccessDenied``, which is also the
            answer for a role that does not exist.
    """
    caller = _signed(call)
    name, duration, policies = _checked(call, fields)
    source = fields.get("SourceIdentity") or (caller.session.source_identity if caller.session else None)
    tags = {str(tag.get("Key")): str(tag.get("Value", "")) for tag in _dicts(fields.get("Tags"))}
    keys: _Keys = {**global_keys(call), "sts:RoleSessionName": name}
    if "ExternalId" in fields:
        keys["sts:ExternalId"] = str(fields["ExternalId"])
    keys |= _request_keys(tags, source)

    arn = str(fields["RoleArn"])
    role = call.aws.iam.role(arn)
    if role is None:
        raise denied(call, "sts:AssumeRole", arn)
    wanted = ["sts:AssumeRole", *(["sts:TagSession"] if tags else [])]
    wanted += ["sts:SetSourceIdentity"] if source else []
    for action in wanted:
        if not _may_assume(call, caller, role, Request(action=action, resource=arn, context=keys)):
            raise denied(call, action, arn)
    if caller.session is not None and duration > _CHAINED:
        # The message is quoted in eks-anywhere#9485.
        limit = "the 1 hour session limit for roles assumed by role chaining."
        raise AwsError("ValidationError", f"The requested DurationSeconds exceeds {limit}")
    _check_duration(role, duration)
    session = call.aws.sessions.issue(
        role,
        name=name,
        now=call.now,
        duration=duration,
        policies=policies,
        context={f"aws:PrincipalTag/{key}": value for key, value in tags.items()},
        source_identity=source,
    )
    return _answer(session, source=source)


def assume_role_with_web_identity(call: Context, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Become a role by a token of an OpenID Connect provider that is registered in the account.

    Raises:
        AwsError: ``InvalidIdentityToken``, ``ExpiredTokenException``, ``AccessDenied``, ``ValidationError``,
            ``MalformedPolicyDocument``.
    """
    name, duration, policies = _checked(call, fields)
    claims, provider = _verified(call, str(fields["WebIdentityToken"]))
    role = call.aws.iam.role(str(fields["RoleArn"]))
    tags, source = _token_tags(claims), claims.get(_SOURCE_IDENTITY_CLAIM)
    if source is not None and not isinstance(source, str):
        raise AwsError("InvalidIdentityToken", "The source identity in the ID Token is not a string")
    keys: _Keys = {**global_keys(call), **_token_keys(claims, provider.url)}
    keys |= {"sts:RoleSessionName": name, **_request_keys(tags, source)}
    wanted = ["sts:AssumeRoleWithWebIdentity", *(["sts:TagSession"] if tags else [])]
    wanted += ["sts:SetSourceIdentity"] if source else []
    principal = Principal(federated=provider.arn)
    for action in wanted:
        request = Request(action=action, resource=str(fields["RoleArn"]), context=keys)
        # A role that does not exist answers as one that does not trust.
        if role is None or not _trust(role, request, principal).allowed:
            raise AwsError("AccessDenied", f"Not authorized to perform {action}", status=403)
    assert role is not None  # noqa: S101 - the loop above has run at least once
    _check_duration(role, duration)
    session = call.aws.sessions.issue(
        role,
        name=name,
        now=call.now,
        duration=duration,
        policies=policies,
        context={
            **_token_keys(claims, provider.url),
            "aws:FederatedProvider": provider.arn,
            **{f"aws:PrincipalTag/{key}": value for key, value in tags.items()},
        },
        source_identity=source,
    )
    return {
        **_answer(session, source=source),
        "SubjectFromWebIdentityToken": claims["sub"],
        "Provider": provider.arn,
        "Audience": next(each for each in audiences(claims) if each in provider.client_ids),
    }


OPERATIONS: Mapping[str, Operation] = {
    "AssumeRole": assume_role,
    "AssumeRoleWithWebIdentity": assume_role_with_web_identity,
    "GetCallerIdentity": get_caller_identity,
}


def resources(call: Context, fields: Mapping[str, Any]) -> list[str]:
    """The role of a call that names one. AssumeRole judges for itself; GetCallerIdentity is open to all."""
    return [] if call.operation in {"AssumeRole", "GetCallerIdentity"} else ["*"]


def condition_keys(call: Context, fields: Mapping[str, Any]) -> Mapping[str, str | Sequence[str]]:
    """None beside the global ones."""
    return {}


def _signed(call: Context) -> Caller:
    if call.caller is None:
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", status=403)
    return call.caller


def _may_assume(call: Context, caller: Caller, role: Role, request: Request) -> bool:
    """Decide within one account (IAM User Guide, "How AWS evaluates requests in a single account").

    A trust policy that names the caller's session, user, role or everybody is enough by itself; one that
    names the account leaves it to the caller's own policies. An explicit deny always counts. A grant to the
    role is a grant to its sessions, and so cut by a session policy.
    """
    trust = _trust(role, request, Principal(aws=caller.arns, account=caller.account))
    identity = identity_decision(call, request.action, request.resource, request.context)
    if not trust.allowed or identity.explicit_deny:
        return False
    matched = trust.matched_principal or ""
    if matched == caller.account or matched.endswith(":root"):
        return identity.allowed
    session = caller.session
    if session is not None and session.policies is not None and matched == session.role.arn:
        return evaluate(session.policies, request).allowed
    return True


def _trust(role: Role, request: Request, principal: Principal) -> Decision:
    try:
        return evaluate_trust(parse(role.trust), request, principal)
    except PolicyError:
        return Decision(allowed=False, reason="")


def _verified(call: Context, token: str) -> tuple[dict[str, Any], Provider]:
    """Return the claims of an honest token and the provider that they come from."""
    try:
        issuer = unverified_claims(token).get("iss")
        provider = call.aws.iam.provider(issuer) if isinstance(issuer, str) else None
        if provider is None:
            raise AwsError("InvalidIdentityToken", _no_provider(issuer))
        claims = verify(
            token,
            issuer=f"https://{provider.url}",
            jwks_url=None,
            fetch=call.aws.fetch,
            now=call.now,
            tolerance=call.aws.token_tolerance,
        )
    except TokenRejected as rejected:
        raise _refusal(rejected, call.now) from None
    audience = audiences(claims)
    if not audience:  # text: aws-sdk-ruby#2698
        raise AwsError("InvalidIdentityToken", "Missing a required claim: aud")
    if not set(audience) & set(provider.client_ids):  # text: amazon-eks-irsa-cfn#18
        raise AwsError("InvalidIdentityToken", "Incorrect token audience")
    return claims, provider


def _no_provider(issuer: Any) -> str:
    """Word it as in mozilla-aws-cli#127, with the whole issuer."""
    if not isinstance(issuer, str) or not issuer:
        return "Missing a required claim: iss"
    return f"No OpenIDConnect provider found in your account for {issuer[:255]}"


def _refusal(rejected: TokenRejected, now: float) -> AwsError:
    """Word a refusal as STS does; its codes are those of the API reference."""
    match rejected.reason:
        case Reason.EXPIRED:  # text: aws-sdk-java-v2#5709
            message = (
                f"Token expired: current date/time {int(now)} must be before the expiration date/time"
                f" {rejected.expires}"
            )
            return AwsError("ExpiredTokenException", message)
        case Reason.UNREACHABLE:  # text, its two spaces included: aws-sdk-rust#827
            message = (
                "Couldn't retrieve verification key from your identity provider,  please reference"
                " AssumeRoleWithWebIdentity documentation for requirements"
            )
        case Reason.MISSING_CLAIM:  # text: aws-sdk-ruby#2698
            message = f"Missing a required claim: {rejected.detail}"
        case Reason.MALFORMED:
            hint = "(You may see this error if you sent an Access Token)"
            message = f"The ID Token provided is not a valid JWT. {hint}"
        case reason:  # no public text was found: clients have the code alone
            message = f"The ID Token provided is refused: {reason.value}"
    return AwsError("InvalidIdentityToken", message)


def _token_keys(claims: Mapping[str, Any], url: str) -> _Keys:
    """Return the condition keys of a token; no other claim is one.

    With ``azp``, ``:aud`` is the ``azp`` and the token's own ``aud`` becomes ``:oaud`` (IAM User Guide,
    "Available keys for AWS OIDC federation").
    """
    keys: _Keys = {f"{url}:aud": audiences(claims), f"{url}:sub": claims["sub"]}
    if claims.get("azp"):
        keys[f"{url}:oaud"] = audiences({"aud": claims.get("aud")})
    amr = claims.get("amr")
    if isinstance(amr, list):
        keys[f"{url}:amr"] = [item for item in amr if isinstance(item, str)]
    return keys


def _token_tags(claims: Mapping[str, Any]) -> dict[str, str]:
    """Return the session tags in a token (IAM User Guide, "Passing session tags using OIDC")."""
    claim = claims.get(_TAGS_CLAIM)
    tags = claim.get("principal_tags") if isinstance(claim, dict) else None
    if not isinstance(tags, dict):
        return {}
    return {
        key: "".join(map(str, value[:1])) if isinstance(value, list) else str(value)
        for key, value in tags.items()
    }


def _request_keys(tags: Mapping[str, str], source: Any) -> _Keys:
    keys: _Keys = {f"aws:RequestTag/{key}": value for key, value in tags.items()}
    if tags:
        keys["aws:TagKeys"] = list(tags)
    if source:
        keys["sts:SourceIdentity"] = str(source)
    return keys


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _checked(call: Context, fields: Mapping[str, Any]) -> tuple[str, int, tuple[Document, ...] | None]:
    """Check what the API reference bounds; return session name, duration in seconds and session policies."""
    name = str(fields["RoleSessionName"])
    if not _ROLE_ARN.fullmatch(str(fields["RoleArn"])):
        raise AwsError("ValidationError", f"{fields['RoleArn']} is invalid")
    return name, int(fields.get("DurationSeconds", 3600)), _session_policies(call, fields)


def _session_policies(call: Context, fields: Mapping[str, Any]) -> tuple[Document, ...] | None:
    arns = [str(item.get("arn", "")) for item in _dicts(fields.get("PolicyArns"))]
    if "Policy" not in fields and not arns:
        return None
    inline = [parse(fields["Policy"], kind="identity")] if "Policy" in fields else []
    return (*inline, *call.aws.iam.managed_documents(arns))


def _check_duration(role: Role, duration: int) -> None:
    if duration > role.max_session_duration:  # text: awsu#27
        raise AwsError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )


def _answer(session: Session, *, source: Any) -> dict[str, Any]:
    credentials = session.credentials
    return {
        "Credentials": {
            "AccessKeyId": credentials.access_key_id,
            "SecretAccessKey": credentials.secret_access_key,
            "SessionToken": credentials.session_token,
            "Expiration": credentials.expiration,
        },
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
        "SourceIdentity": source,
    }
