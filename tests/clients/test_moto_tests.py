"""moto's own tests, of the very release that is locked, against the emulated AWS.

``make test-clients`` brings them. Where they end otherwise than moto's authors wrote,
``moto_differences.tsv`` says why, most often because they take for granted what AWS refuses.
To run some of them by hand::

    cd tests/clients/.moto-tests
    PYTHONPATH=..:packages python -m pytest -p moto_on_our_aws tests/test_sts -k session
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
MOTO = HERE / ".moto-tests"
FOLDERS = (
    "tests/test_cloudwatch",
    "tests/test_cognitoidentity",
    "tests/test_cognitoidp",
    "tests/test_iam",
    "tests/test_identitystore",
    "tests/test_logs",
    "tests/test_ssoadmin",
    "tests/test_sts",
)
OPTIONS = (
    *("-p", "moto_on_our_aws", "--whole-table", "-p", "no:cacheprovider"),
    *("-m", "not requires_docker", "-n", "2", "-q", "--tb", "short", "--color", "no"),
)

pytestmark = pytest.mark.skipif(not MOTO.exists(), reason="needs moto's tests: run `make test-clients`")


@pytest.mark.timeout(240)
@pytest.mark.parametrize("folder", FOLDERS)
def test_motos_tests_pass_but_for_the_differences_that_the_table_tells(folder: str) -> None:
    of_others = ("AWS_", "MOTO_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(of_others)}
    path = os.pathsep.join([str(HERE), str(MOTO / "packages"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, folder],
        cwd=MOTO,
        env={**kept, "PYTHONPATH": path, "AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        timeout=230,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert " passed" in done.stdout


def test_every_difference_is_of_a_test_that_there_is() -> None:
    with (HERE / "moto_differences.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert rows
    for row in rows:
        folder, _, file = row["tests"].partition("::")[0].rpartition("/")
        assert folder.startswith(FOLDERS) or row["meets"] == "not run", row
        assert list(MOTO.glob(f"{folder}/{file}")), row
