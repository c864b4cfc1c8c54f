"""The control plane of an emulated AWS: journal, faults and reset over HTTP, and who may not."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import HTTPError

import pytest

from fake_idp.server import LoopbackServer
from harness.emulator import EmulatedAws
from harness.emulator.site import Site
from tests.aws_account import over_http, refused
from tests.control_client import Call, Refused, caller

TOKEN = "a-control-token"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[EmulatedAws, str]]:
    aws = EmulatedAws(account_id="370987654321")
    with LoopbackServer() as server:
        server.start(Site(aws, control_token=TOKEN))
        yield aws, server.url
    aws.close()


@pytest.fixture
def aws(served: tuple[EmulatedAws, str]) -> EmulatedAws:
    served[0].reset()
    return served[0]


@pytest.fixture
def control(served: tuple[EmulatedAws, str]) -> Call:
    return caller(served[1])


@pytest.fixture
def sts(aws: EmulatedAws, served: tuple[EmulatedAws, str]) -> Any:
    return over_http(served[1], "sts", aws.administrator)


def test_the_index_lists_every_operation(aws: EmulatedAws, control: Call) -> None:
    index = control("")
    assert (index["account"], index["region"]) == (aws.account_id, "us-east-1")
    assert {"method": "POST", "path": "/_control/faults", "summary": "Break an operation"} in index[
        "operations"
    ]


def test_the_journal_is_read_and_forgotten(sts: Any, control: Call) -> None:
    sts.get_caller_identity()
    [call] = control("journal?operation=GetCallerIdentity&service=sts")["calls"]
    assert call["principal"] == "arn:aws:iam::370987654321:user/administrator"
    last = control("journal")["last"]
    assert control(f"journal?since={last}")["calls"] == []
    assert control("journal", method="DELETE")["done"] == 1
    assert control("journal") == {"calls": [], "last": last}


def test_somebody_waits_for_a_call(sts: Any, control: Call) -> None:
    last = control("journal")["last"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(control, f"journal/next?operation=GetCallerIdentity&since={last}")
        sts.get_caller_identity()
        assert [call["status"] for call in waiting.result()["calls"]] == [200]
    with pytest.raises(Refused, match="did not see iam:GetRole; saw sts:GetCallerIdentity 200"):
        control(f"journal/next?service=iam&operation=GetRole&since={last}&timeout=0")


def test_a_fault_is_added_met_and_cleared(sts: Any, control: Call) -> None:
    added = control("faults", where="sts:GetCallerIdentity", fault="throttling", times=2)
    assert (added["code"], added["times"]) == ("Throttling", 2)
    refused("Throttling", sts.get_caller_identity)
    assert control("faults")[0]["times"] == 1
    assert control("journal")["calls"][-1]["fault"] == "throttling"
    assert control("faults?where=sts:GetCallerIdentity", method="DELETE")["done"] == 1
    assert sts.get_caller_identity()
    assert "region-disabled" in {kind["id"] for kind in control("faults/catalogue")}


@pytest.mark.parametrize(
    ("body", "status", "nearest"),
    [
        ({"where": "sts:AssumeRol"}, 404, "AssumeRole"),
        ({"where": "sts:*", "fault": "throtling"}, 404, "throttling"),
        ({"where": "sts:*"}, 400, None),
        ({"where": "sts:*", "falt": "throttling"}, 422, "fault"),
        ({"where": "sts:*", "delay": 1e9}, 422, None),
    ],
)
def test_a_wrong_word_is_named_with_the_nearest_right_one(
    control: Call, body: dict[str, Any], status: int, nearest: str | None
) -> None:
    with pytest.raises(Refused) as caught:
        control("faults", **body)
    assert (caught.value.status, caught.value.problem["nearest"]) == (status, nearest)


def test_a_role_s_sessions_are_revoked(aws: EmulatedAws, control: Call) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    aws.call("iam", "create_role", RoleName="reader", AssumeRolePolicyDocument=document)
    assert control("revocations", role="reader")["done"] == 1
    assert aws.call("iam", "list_role_policies", RoleName="reader")["PolicyNames"] == [
        "AWSRevokeOlderSessions"
    ]
    with pytest.raises(Refused, match="absent"):
        control("revocations", role="absent")


def test_a_reset_keeps_the_key_that_shells_have(aws: EmulatedAws, sts: Any, control: Call) -> None:
    aws.call("iam", "create_user", UserName="alice")
    control("faults", where="*", fault="throttling")
    assert control("reset", method="POST")["done"] == 1
    assert control("journal")["calls"] == []
    assert sts.get_caller_identity()["UserId"].startswith("AIDA")
    assert [user["UserName"] for user in aws.call("iam", "list_users")["Users"]] == ["administrator"]


def ask(url: str, *, data: bytes | None = None, **headers: str) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=named), timeout=5) as got:
            return got.status, json.load(got)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "evil.example"}, 403),  # DNS rebinding
        ({"Host": "sts.us-east-1.amazonaws.com"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"X_Forwarded_For": "203.0.113.1"}, 403),
        ({"X_Forwarded_For": "203.0.113.1", "Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": "Bearer wrong"}, 403),
    ],
)
def test_pages_and_other_machines_are_kept_out(
    served: tuple[EmulatedAws, str], headers: dict[str, str], status: int
) -> None:
    got, said = ask(f"{served[1]}/_control/journal", **headers)
    assert got == status
    assert status == 200 or said["error"] == "forbidden"


def test_a_form_is_refused_since_any_page_can_send_one(
    served: tuple[EmulatedAws, str], aws: EmulatedAws
) -> None:
    aws.call("iam", "create_user", UserName="alice")
    status, said = ask(f"{served[1]}/_control/reset", data=b"a=b")
    assert (status, said["error"]) == (415, "unsupported_media_type")
    assert len(aws.call("iam", "list_users")["Users"]) == 2
