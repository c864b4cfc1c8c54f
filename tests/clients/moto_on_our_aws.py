"""A plugin of pytest under which moto's own tests ask the emulated AWS instead of moto.

Everything that the tests import of moto stays moto's. Only two things of it are replaced: what answers a
request, and what a reset does. Each test gets an AWS account of its own, with an administrator and no more.
How the tests end that end otherwise here than moto's authors wrote is told by a table beside this file.
"""

from __future__ import annotations

import asyncio
import csv
import re
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import responses
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import Credentials
from moto.core import models as moto
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.custom_responses_mock import CallbackResponse
from requests import PreparedRequest

from fake_idp import Issuer
from harness.aws import Aws
from harness.aws.wire import Request

TABLE = Path(__file__).with_name("moto_differences.tsv")
REASONS = frozenset(
    {
        "asserts that a wrong thing is allowed",  # AWS refuses it, and moto does not look
        "asserts moto's own",  # texts, ids, defaults and limits that are not AWS's
        "uses moto's internals",  # its classes, its server, its keys: no call of AWS, or none of AWS alone
        "needs another service",  # S3, EC2, Lambda and others
        "operation is not here",  # and says so
        "decided otherwise",  # what AWS does is not known, or it is left out on purpose
        "defect",  # moto is right about AWS and this AWS is not: to be corrected
    }
)
NOT_RUN = "not run"
_SCOPE = re.compile(r"Credential=FOOBARKEY/\d+/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
_SIGNED = {"authorization", "content-length", "x-amz-date"}
_INSTANCE = b"ins-aaaabbbbccccdddd"  # of Identity Center: moto's tests name it, and nobody has made it


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Tests that end otherwise here than moto's authors wrote.

    Attributes:
        tests: pattern of their ids, as a shell has patterns but for brackets.
        meets: a part of what each of their failures says; ``not run`` where they are not run at all.
        count: how many they are, 0 if they are not run: one more fails anew, one less passes now.
        reason: one of ``REASONS``.
        note: why, for a reader.
    """

    tests: str
    meets: str
    count: int
    reason: str
    note: str

    def __str__(self) -> str:
        return f"{self.tests} | {self.meets}"

    def fits(self, test: str) -> bool:
        """Whether a test is meant."""
        return fnmatchcase(test, self.tests.replace("[", "[[]"))


def read_table() -> list[Difference]:
    """Read the table.

    Raises:
        ValueError: a row is incomplete, or its reason is none of ``REASONS``.
    """
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        if row["reason"] not in REASONS or not all(row.values()):
            raise ValueError(f"{TABLE.name}: {row}")
    return [Difference(**{**row, "count": int(row["count"])}) for row in rows]


class InMotosPlace:
    """Answers what moto would."""

    def __init__(self) -> None:
        self.aws: Aws | None = None

    def renew(self) -> None:
        """Begin with an empty account."""
        if self.aws is not None:
            self.aws.close()
        self.aws = Aws(account_id=moto.DEFAULT_ACCOUNT_ID, new_issuer=Issuer)

    def answer(self, prepared: AWSPreparedRequest) -> tuple[int, dict[str, str], bytes]:
        """Answer a request of botocore's."""
        assert self.aws is not None
        request = _read(prepared)
        scope = _SCOPE.search(request.headers.get("authorization", ""))
        if scope is None:
            response = self.aws.handle(request)
            return response.status, dict(response.headers), response.body
        # moto's stand-in for credentials: the administrator makes the call.
        instance = _INSTANCE
        if request.headers.get("x-amz-target", "").startswith("SWBExternalService"):
            there = self.instance(scope["region"])["InstanceArn"].rpartition("/")[2].encode()
            instance = there if _INSTANCE in request.body else _INSTANCE
        kept = {name: value for name, value in request.headers.items() if name not in _SIGNED}
        again = AWSRequest(request.method, prepared.url, kept, request.body.replace(_INSTANCE, instance))
        key = self.aws.administrator
        credentials = Credentials(key.access_key_id, key.secret_access_key)
        SigV4Auth(credentials, scope["service"], scope["region"]).add_auth(again)
        response = self.aws.handle(_read(again.prepare()))
        return response.status, dict(response.headers), response.body.replace(instance, _INSTANCE)

    def document(self, prepared: PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        """Answer a request that is no AWS call, such as one for a user pool's keys."""
        assert self.aws is not None
        app = self.aws.app

        async def get() -> httpx2.Response:
            async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app)) as client:
                return await client.request(
                    prepared.method, prepared.url, headers=dict(prepared.headers), content=prepared.body
                )

        found = asyncio.run(get())
        return found.status_code, dict(found.headers), found.content

    def instance(self, region: str) -> dict[str, str]:
        """Return the account's instance of Identity Center, made when first asked for."""
        assert self.aws is not None
        center = self.aws.client("sso-admin", region=region)
        if not center.list_instances()["Instances"]:
            arn = center.create_instance()["InstanceArn"]
            center.update_instance(InstanceArn=arn, PermissionSetsEnabled=True)
        found: dict[str, str] = center.list_instances()["Instances"][0]
        return found


def _read(prepared: AWSPreparedRequest) -> Request:
    url = urlsplit(prepared.url)
    headers = {
        name.lower(): value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for name, value in prepared.headers.items()
    }
    body = prepared.body or b""
    return Request(
        method=prepared.method,
        host=headers.get("host", url.netloc),
        path=url.path or "/",
        query=url.query,
        headers=headers,
        body=body.encode() if isinstance(body, str) else bytes(body),
    )


_ours = InMotosPlace()


def _identity_store_id() -> str:
    return _ours.instance("us-east-2")["IdentityStoreId"]


def _reset(_: moto.MockAWS) -> None:
    moto.BackendDict.reset()
    moto.reset_responses_mock(moto.responses_mock)
    _ours.renew()


def _enable(mock: moto.MockAWS, reset: bool = True) -> None:
    moto.botocore_stubber.enabled = True
    if reset or _ours.aws is None:
        mock.reset()
    moto.responses_mock.start()
    for method in (responses.GET, responses.POST):
        hosts = re.compile(r"https://.+\.amazon(aws|cognito)\.com/.*")
        moto.responses_mock.add(CallbackResponse(method=method, url=hosts, callback=_ours.document))


def pytest_configure(config: pytest.Config) -> None:
    """Put this AWS in moto's place."""
    BotocoreStubber.process_request = lambda _, request: _ours.answer(request)
    moto.MockAWS.reset = _reset
    moto.MockAWS._enable_patching = _enable
    config.pluginmanager.register(Differences(read_table()), "moto_differences")


class Differences:
    """Holds the tests against the table."""

    def __init__(self, table: list[Difference]) -> None:
        self._table = table
        self._seen: dict[int, list[str]] = defaultdict(list)

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Leave out what is not run; give the tests of identity stores the one that there is."""
        for item in items:
            if hasattr(item.module, "get_identity_store_id"):  # ten letters, in moto's own
                item.module.get_identity_store_id = _identity_store_id
        left_out = [item for item in items if self._find(item.nodeid, NOT_RUN) is not None]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Make an expected failure of a failure that the table has."""
        report = yield
        row = self._find(item.nodeid, report.longreprtext) if report.failed else None
        if row is not None:
            report.outcome = "skipped"
            report.wasxfail = self._table[row].reason
            report.moto_difference = row  # xdist takes it to the process that counts
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Count."""
        row = getattr(report, "moto_difference", None)
        if row is not None:
            self._seen[row].append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail where the table says otherwise than the tests did."""
        if hasattr(session.config, "workerinput") or not session.config.getoption("--whole-table"):
            return
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        folders = tuple(f"{Path(argument).as_posix()}/" for argument in session.config.args)
        for number, row in enumerate(self._table):
            seen = self._seen[number]
            if row.tests.startswith(folders) and row.meets != NOT_RUN and len(seen) != row.count:
                reporter.write_line(f"{TABLE.name}: {len(seen)} tests, not {row.count}: {row}", red=True)
                for test in seen:
                    reporter.write_line(f"    {test}")
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _find(self, test: str, said: str) -> int | None:
        """Return the number of the first row that has a test and a part of what it said."""
        return next(
            (number for number, row in enumerate(self._table) if row.fits(test) and row.meets in said), None
        )


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    parser.addoption("--whole-table", action="store_true", help="whole folders are run: count by the table")
