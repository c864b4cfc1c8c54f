"""Signatures of version 4, as botocore makes them, and everything that is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Signer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.aws import Aws, Credentials
from harness.aws.wire import Request, Response

HOST = "sts.us-east-1.amazonaws.com"
FORM = b"Action=GetCallerIdentity&Version=2011-06-15"
STAMP = "%Y%m%dT%H%M%SZ"


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    aws = Aws(account_id="345678901234")
    yield aws
    aws.close()


def signer(credentials: Credentials) -> Signer:
    return Signer(credentials.access_key_id, credentials.secret_access_key, credentials.session_token)


def signed(
    aws: Aws, *, headers: Mapping[str, str] | None = None, credentials: Credentials | None = None
) -> Request:
    """Return GetCallerIdentity as botocore signs it in the header."""
    made = AWSRequest("POST", f"https://{HOST}/", data=FORM, headers=dict(headers or {}))
    SigV4Auth(signer(credentials or aws.administrator), "sts", "us-east-1").add_auth(made)
    found = {name.lower(): str(value) for name, value in made.headers.items()}
    return Request(host=HOST, headers=found, body=FORM)


def presigned(
    aws: Aws,
    *,
    headers: Mapping[str, str] | None = None,
    expires: int = 60,
    credentials: Credentials | None = None,
) -> Request:
    """Return GetCallerIdentity as botocore signs it in the query string, sent by GET."""
    made = AWSRequest("GET", f"https://{HOST}/?{FORM.decode()}", headers=dict(headers or {}))
    SigV4QueryAuth(signer(credentials or aws.administrator), "sts", "us-east-1", expires).add_auth(made)
    found = {name.lower(): str(value) for name, value in made.headers.items()}
    return Request(method="GET", host=HOST, query=urlsplit(made.url).query, headers=found)


def outcome(response: Response) -> tuple[int, str, str]:
    """Return status, code and message of an answer; the last two are empty where it is no refusal."""
    text = response.body.decode()
    code, message = (re.search(f"<{name}>(.*)</{name}>", text, re.DOTALL) for name in ("Code", "Message"))
    return response.status, code[1] if code else "", message[1] if message else ""


def changed(request: Request, **parameters: str | None) -> Request:
    """Return a request with other parameters in its query string; None takes one away."""
    pairs = {**pairs_of(request), **parameters}
    kept = {name: value for name, value in pairs.items() if value is not None}
    return replace(request, query=urlencode(kept, quote_via=quote))


def pairs_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.query, keep_blank_values=True))


def with_header(request: Request, **headers: str | None) -> Request:
    found = {**request.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return replace(request, headers={name: value for name, value in found.items() if value is not None})


class TestPresigned:
    def test_a_url_tells_who_signed_it(self, aws: Aws) -> None:
        response = aws.handle(presigned(aws))
        assert response.status == 200
        assert b":user/administrator</Arn>" in response.body
        assert aws.journal[-1].principal == "arn:aws:iam::345678901234:user/administrator"

    def test_boto3_makes_such_a_url(self, aws: Aws) -> None:
        url = urlsplit(aws.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET"))
        assert url.hostname
        response = aws.handle(Request(method="GET", host=url.hostname, query=url.query))
        assert response.status == 200

    def test_a_signed_header_must_be_sent_as_it_was_signed(self, aws: Aws) -> None:
        cluster = presigned(aws, headers={"x-k8s-aws-id": "cluster"})  # what EKS and Vault check
        assert aws.handle(cluster).status == 200
        for other in ("another", None):
            refusal = outcome(aws.handle(with_header(cluster, x_k8s_aws_id=other)))
            assert refusal[:2] == (403, "SignatureDoesNotMatch")

    def test_a_session_signs_with_its_token(self, aws: Aws) -> None:
        answer = aws.client("sts").get_session_token()["Credentials"]
        session = Credentials(
            access_key_id=answer["AccessKeyId"],
            secret_access_key=answer["SecretAccessKey"],
            session_token=answer["SessionToken"],
        )
        request = presigned(aws, credentials=session)
        assert aws.handle(request).status == 200
        for token in ("other", None):
            refusal = outcome(aws.handle(changed(request, **{"X-Amz-Security-Token": token})))
            assert refusal[:2] == (403, "InvalidClientTokenId")

    @pytest.mark.parametrize("expires", [1, 60, 604_800])
    def test_it_lives_for_a_quarter_of_an_hour_whatever_it_says(self, aws: Aws, expires: int) -> None:
        request, true = presigned(aws, expires=expires), aws.now
        now = aws.now()
        try:
            for later, accepted in ((890, True), (910, False)):
                aws.now = lambda later=later: now + later  # type: ignore[misc]
                status, code, message = outcome(aws.handle(request))
                assert (status == 200) is accepted
                assert accepted or code == "SignatureDoesNotMatch"
                assert accepted or message.startswith("Signature expired: ")
        finally:
            aws.now = true

    def test_any_service_takes_one(self, aws: Aws) -> None:
        url = urlsplit(aws.client("iam").generate_presigned_url("list_users", HttpMethod="GET"))
        assert aws.handle(Request(method="GET", host=str(url.hostname), query=url.query)).status == 200

    def test_it_finds_its_service_under_any_host(self, aws: Aws) -> None:
        made = AWSRequest("GET", f"http://127.0.0.1:1/?{FORM.decode()}")
        SigV4QueryAuth(signer(aws.administrator), "sts", "eu-west-1").add_auth(made)
        request = Request(method="GET", host="127.0.0.1:1", query=urlsplit(made.url).query)
        assert aws.handle(request).status == 200

    @pytest.mark.parametrize(
        ("parameters", "code", "message"),
        [
            ({"X-Amz-Signature": None}, "IncompleteSignature", "'X-Amz-Signature'"),
            ({"X-Amz-Date": None}, "IncompleteSignature", "'X-Amz-Date'"),
            ({"X-Amz-SignedHeaders": ""}, "IncompleteSignature", "'X-Amz-SignedHeaders'"),
            ({"X-Amz-Algorithm": "AWS4-ECDSA-P256-SHA256"}, "IncompleteSignature", "Unsupported AWS"),
            ({"X-Amz-Credential": "a/b"}, "IncompleteSignature", "exactly 5 slash-delimited"),
            ({"X-Amz-Date": "2026-11-24T10:00:00Z"}, "IncompleteSignature", "ISO-8601 'basic format'"),
            ({"X-Amz-Signature": "0" * 64}, "SignatureDoesNotMatch", "The request signature we calculated"),
            ({"X-Amz-SignedHeaders": "x-k8s-aws-id"}, "SignatureDoesNotMatch", "'Host' or ':authority'"),
            ({"Version": "2011-06-16"}, "SignatureDoesNotMatch", "The request signature we calculated"),
            ({"X-Amz-Expires": "604800"}, "SignatureDoesNotMatch", "The request signature we calculated"),
        ],
    )
    def test_what_is_changed_or_missing_is_refused(
        self, aws: Aws, parameters: dict[str, Any], code: str, message: str
    ) -> None:
        refusal = outcome(aws.handle(changed(presigned(aws), **parameters)))
        assert refusal[:2] == (403, code)
        assert message in refusal[2]


class TestHeader:
    def test_an_authorization_header_that_lacks_parts_names_them(self, aws: Aws) -> None:
        request = with_header(signed(aws), authorization="AWS4-HMAC-SHA256 Signature=0", x_amz_date=None)
        status, code, message = outcome(aws.handle(request))
        assert (status, code) == (403, "IncompleteSignature")
        assert "requires 'Credential' parameter." in message
        assert "requires 'SignedHeaders' parameter." in message
        assert "requires existence of either a 'X-Amz-Date' or a 'Date' header." in message
        assert "'Signature'" not in message

    @pytest.mark.parametrize(
        "header",
        [
            "Bearer eyJhbGciOiJub25lIn0.e30.",
            "Basic dXNlcjpwYXNz",
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, Credential=a/b/c/d/e, SignedHeaders=host, Signature=0",
            "AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=",
            "",
        ],
    )
    def test_any_other_authorization_is_incomplete(self, aws: Aws, header: str) -> None:
        status, code, message = outcome(aws.handle(with_header(signed(aws), authorization=header)))
        assert (status, code) == (403, "IncompleteSignature")
        assert "eyJ" not in message

    def test_two_authorization_headers_are_none(self, aws: Aws) -> None:
        request = signed(aws)
        twice = f"{request.headers['authorization']},{request.headers['authorization']}"  # as HTTP joins them
        assert outcome(aws.handle(with_header(request, authorization=twice)))[1] == "IncompleteSignature"

    def test_version_4a_is_refused_by_its_name(self, aws: Aws) -> None:
        request = signed(aws)
        header = request.headers["authorization"].replace("HMAC-SHA256", "ECDSA-P256-SHA256")
        _, code, message = outcome(aws.handle(with_header(request, authorization=header)))
        assert code == "IncompleteSignature"
        assert "AWS4-ECDSA-P256-SHA256" in message

    @pytest.mark.parametrize("digest", ["UNSIGNED-PAYLOAD", "0" * 64, ""])
    def test_a_body_is_always_signed(self, aws: Aws, digest: str) -> None:
        request = signed(aws, headers={"X-Amz-Content-SHA256": digest})
        assert outcome(aws.handle(request))[:2] == (403, "SignatureDoesNotMatch")
        right = "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843"
        assert aws.handle(signed(aws, headers={"X-Amz-Content-SHA256": right})).status == 200

    @pytest.mark.parametrize(
        "stamp", ["2026-11-24T10:00:00Z", "20261124", "20261324T000000Z", "", "now", "2026112\u0664T000000Z"]
    )
    def test_a_date_of_another_form_is_refused(self, aws: Aws, stamp: str) -> None:
        status, code, message = outcome(aws.handle(with_header(signed(aws), x_amz_date=stamp)))
        assert (status, code) == (403, "IncompleteSignature")
        assert "ISO-8601 'basic format'" in message or "'X-Amz-Date'" in message

    def test_the_date_header_counts_where_there_is_no_x_amz_date(self, aws: Aws) -> None:
        """botocore signs Date in the form of HTTP when it is there."""
        request = signed(aws, headers={"Date": datetime.fromtimestamp(aws.now(), UTC).strftime(STAMP)})
        assert "x-amz-date" not in request.headers
        assert aws.handle(request).status == 200

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("/us-east-1/", "/eu-west-1/", "Credential should be scoped to a valid region."),
            ("/sts/", "/iam/", "Credential should be scoped to correct service: 'sts'."),
            ("/aws4_request", "/aws5_request", "valid terminator: 'aws4_request', not 'aws5_request'."),
        ],
    )
    def test_a_credential_scope_must_be_that_of_the_call(
        self, aws: Aws, old: str, new: str, message: str
    ) -> None:
        request = signed(aws)
        header = request.headers["authorization"].replace(old, new)
        refusal = outcome(aws.handle(with_header(request, authorization=header)))
        assert refusal[:2] == (403, "SignatureDoesNotMatch")
        assert message in refusal[2]

    def test_the_date_of_the_scope_must_be_that_of_the_request(self, aws: Aws) -> None:
        request = signed(aws)
        date = request.headers["x-amz-date"][:8]
        header = request.headers["authorization"].replace(f"/{date}/", "/20200101/")
        _, code, message = outcome(aws.handle(with_header(request, authorization=header)))
        assert code == "SignatureDoesNotMatch"
        assert message.startswith(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:"
            f" '20200101' != '{date}'"
        )


TEXT = st.text(max_size=12)
PARAMETER = st.sampled_from(
    [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Security-Token",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "Action",
    ]
)
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(parameters=st.dictionaries(PARAMETER, TEXT | st.none(), min_size=1))
@FUZZ
def test_no_query_string_yields_anything_but_a_refusal(aws: Aws, parameters: dict[str, Any]) -> None:
    request = presigned(aws)
    garbled = changed(request, **parameters)
    response = aws.handle(garbled)
    same = pairs_of(garbled) == pairs_of(request)
    assert response.status == 200 if same else 400 <= response.status < 500
    assert b"Traceback" not in response.body


HEADER = st.sampled_from(
    ["authorization", "x-amz-date", "date", "x-amz-security-token", "x-amz-content-sha256"]
)
EMPTY = "AWS4-HMAC-SHA256 Credential=////aws4_request, SignedHeaders=;, Signature=\u00e9"


@given(
    headers=st.dictionaries(HEADER, st.text(max_size=30) | st.just(EMPTY), min_size=1),
    query=st.text(st.characters(codec="latin-1"), max_size=30),
)
@FUZZ
def test_no_header_yields_anything_but_a_refusal(aws: Aws, headers: dict[str, str], query: str) -> None:
    request = signed(aws)
    garbled = replace(request, headers={**request.headers, **headers}, query=query)
    response = aws.handle(garbled)
    assert response.status == 200 if (set(headers) == {"date"} and not query) else response.status < 500
    assert b"Traceback" not in response.body


@given(st.dictionaries(st.text("aZ -~%+/é&=", min_size=1, max_size=6), st.text("aZ -~%+/é&=", max_size=6)))
@FUZZ
def test_whatever_botocore_signs_in_a_query_string_is_verified(aws: Aws, extra: dict[str, str]) -> None:
    query = urlencode(
        {**dict(parse_qsl(FORM.decode())), **{f"x{k}": v for k, v in extra.items()}}, quote_via=quote
    )
    made = AWSRequest("GET", f"https://{HOST}/?{query}")
    SigV4QueryAuth(signer(aws.administrator), "sts", "us-east-1").add_auth(made)
    request = Request(method="GET", host=HOST, query=urlsplit(made.url).query)
    assert aws.handle(request).status == 200
