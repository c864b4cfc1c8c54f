"""What is installed, and what it needs."""

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("moto", "boto3", "botocore", "pytest", "mcp", "fastapi", "jinja2", "jwt", "harness")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_holds_the_three_packages_and_nothing_else(wheel):
    names = wheel.namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"fake_idp", "harness", "scenarios"}
    assert {f"{top}/py.typed" for top in tops} <= set(names)


def test_the_wheel_holds_everything_that_the_pages_are_made_of(wheel):
    folder = "fake_idp/pages/templates"
    there = {name for name in wheel.namelist() if name.startswith(folder)}
    assert there == {f"{folder}/{path.name}" for path in (ROOT / folder).iterdir()}
    assert {f"{folder}/{name}" for name in ("login.html", "style.css", "console.js")} <= there


def test_the_base_install_needs_only_what_fake_idp_needs(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith("METADATA")]
    metadata = Parser().parsestr(wheel.read(name).decode())
    base = {line.split(">")[0] for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line}
    assert base == {"cryptography", "pyjwt", "uvicorn", "httptools", "uvloop", "fastapi", "jinja2"}


def _python(code: str, *, without: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    hidden = f"import sys; sys.modules.update(dict.fromkeys({without!r}))\n"
    return subprocess.run(
        [sys.executable, "-c", hidden + code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_fake_idp_mints_forges_and_serves_without_anything_else(tmp_path):
    done = _python(
        "from fake_idp import Issuer, cli, server\n"
        "issuer = Issuer('okta'); issuer.mint(); issuer.forge('sig.none')\n"
        "with server.LoopbackServer() as served: served.start(issuer.app)\n"
        f"sys.exit(cli.main(['mint', '--state', {str(tmp_path / 'state')!r}]))",
        without=HEAVY,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(".") == 2


@pytest.mark.parametrize("missing", ["moto", "pytest", "mcp", "trustme"])
def test_a_missing_extra_is_named_in_one_line(missing):
    done = _python("from harness.cli import main; sys.exit(main(['run', 'sig.none']))", without=(missing,))
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"harness: {missing} is not installed; it comes with: pip install 'mcp-auth-harness[harness]'"
    ]


def test_the_lock_names_no_index():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--hash=sha256:" in lock
    assert not (ROOT / "uv.lock").exists()


def test_every_fixture_is_documented():
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--fixtures", "-q", "tests/test_packaging.py"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    for fixture in ("world", "issuer", "aws", "aws_url", "target", "provider", "wire", "fake_idp"):
        (line,) = [line for line in done.stdout.splitlines() if line.split(" ")[0] == fixture]
        following = done.stdout.splitlines()[done.stdout.splitlines().index(line) + 1]
        assert following.strip(), fixture
        assert "no docstring" not in following
