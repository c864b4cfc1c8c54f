"""Every error of the manual's table is met by the call that it is said to come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from tests.aws_errors.account import Account
from tests.aws_errors.catalogue import EXCEPTIONS, NAMING, ROOT, ROWS, SERVICES_OF, codes_in_source
from tests.aws_errors.row import Row


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    made = Account()
    yield made
    made.aws.close()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_case_ends_in_the_error(account: Account, row: Row) -> None:
    with pytest.raises(ClientError) as caught:
        row.provoke(account)
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (
        row.code,
        row.status,
    )
    assert row.says(response["Error"]["Message"], account.aws.account_id), response["Error"]["Message"]


def test_every_code_in_the_source_has_a_row() -> None:
    rows = {(row.service, row.code) for row in ROWS}
    lacking = {
        (package, code): places
        for (package, code), places in codes_in_source().items()
        if not any((service, code) in rows for service in SERVICES_OF[package])
    }
    assert {key: places for key, places in lacking.items() if key not in EXCEPTIONS} == {}
    assert set(EXCEPTIONS) <= set(lacking), "an exception that is none any more"
    assert all((ROOT / path).is_file() for path in NAMING)


def test_no_row_is_there_twice() -> None:
    assert [name for name, number in Counter(row.id for row in ROWS).items() if number > 1] == []


def test_a_row_is_in_plain_words_and_its_message_is_more_than_anything() -> None:
    for row in ROWS:
        assert row.message.strip("…"), row.id
        assert row.case.endswith("."), row.id
        assert not (row.ours and row.source), row.id
