"""The pytest fixtures: here, and as a stranger's test suite uses them, in a pytest of its own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest

from fake_idp import Issuer

Suite = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Run a test file in a pytest of its own, with warnings as errors.

    It loads the plugin alone: to load all that is installed here takes a second. With ``found`` it does,
    as pytest does for a stranger.
    """

    def suite(code: str, *args: str, found: bool = False) -> subprocess.CompletedProcess[str]:
        (tmp_path / "pytest.toml").write_text('[pytest]\nfilterwarnings = ["error"]\n', encoding="utf-8")
        (tmp_path / "test_theirs.py").write_text(textwrap.dedent(code), encoding="utf-8")
        plugins = ["-p", "no:cacheprovider", *([] if found else ["-p", "fake_idp.pytest_plugin"])]
        alone = {} if found else {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *plugins, *args],
            cwd=tmp_path,
            env={**os.environ, **alone, "PYTHONPATH": str(Path(__file__).parents[1])},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    return suite


def test_tokens_are_vouched_for_over_http(fake_idp: Issuer) -> None:
    token = fake_idp.mint("alice", claims={"groups": ["ops"]})
    with urllib.request.urlopen(fake_idp.discovery_url, timeout=5) as answer:
        document = json.load(answer)
    assert document["issuer"] == fake_idp.url
    key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=fake_idp.audience)
    assert claims["groups"] == ["ops"]
    assert [each.endpoint for each in fake_idp.journal] == ["discovery", "jwks"]


def test_what_a_test_has_done_is_undone_after_it(suite: Suite) -> None:
    done = suite(
        """
        import pytest

        seen = []

        @pytest.mark.parametrize("time", [1, 2])
        def test_it(fake_idp, time):
            seen.append([held.key.kid for held in fake_idp.keys.held])
            assert seen[0] == seen[-1] and len(seen[0]) == 1
            assert not fake_idp.faults and not len(fake_idp.journal) and fake_idp.auto_login is None
            assert fake_idp.clock.now() > 0
            assert "dora" not in [user.name for user in fake_idp.users]
            assert [client.source for client in fake_idp.clients] == ["default"]
            assert fake_idp.keys.jwks()["keys"][0]["use"] == "sig"
            assert len(fake_idp.keys.jwks()["keys"]) == 1
            fake_idp.keys.rotate(overlap=False)
            fake_idp.keys.amend(fake_idp.keys.current.kid, {"use": "enc"})
            fake_idp.keys.include({"kty": "OKP"})
            fake_idp.faults.add("jwks", status=503)
            fake_idp.clock.freeze(0)
            fake_idp.users.add("dora")
            fake_idp.clients.add("app")
            fake_idp.auto_login = "dora"
        """
    )
    assert done.returncode == 0, done.stdout


def test_the_preset_and_the_options_are_overridden_by_fixtures(suite: Suite) -> None:
    done = suite(
        """
        import jwt, pytest

        @pytest.fixture(scope="session")
        def fake_idp_preset():
            return "okta"

        @pytest.fixture(scope="session")
        def fake_idp_options():
            return {"audience": "api://mine", "algorithm": "ES256", "auto_login": "alice"}

        def test_it(fake_idp):
            assert fake_idp.url.endswith("/oauth2/default") and fake_idp.auto_login == "alice"
            claims = jwt.decode(fake_idp.mint(), fake_idp.keys.current.public, algorithms=["ES256"],
                                audience="api://mine")
            assert claims["scp"]
        """
    )
    assert done.returncode == 0, done.stdout


def test_several_issuers_live_in_one_test(fake_idp: Issuer, make_fake_idp: Callable[..., Issuer]) -> None:
    okta, entra = make_fake_idp("okta", control=True), make_fake_idp("entra")
    assert len({fake_idp.url, okta.url, entra.url}) == 3
    with pytest.raises(jwt.PyJWKClientError):
        jwt.PyJWKClient(okta.jwks_url).get_signing_key_from_jwt(entra.mint())
    jwt.PyJWKClient(entra.jwks_url).get_signing_key_from_jwt(entra.mint())
    named = make_fake_idp("google", url="https://accounts.google.com")
    assert named.url == "https://accounts.google.com"
    origin = okta.url.partition("/oauth2")[0]
    with urllib.request.urlopen(origin + "/_control/issuers", timeout=5) as answer:
        assert b"okta" in answer.read()
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(fake_idp.url + "/_control/issuers", timeout=5)
    raised.value.close()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_an_async_test_waits_for_the_journal(fake_idp: Issuer) -> None:
    def ask() -> bytes:
        with urllib.request.urlopen(fake_idp.jwks_url, timeout=5) as answer:
            return answer.read()

    asked = asyncio.create_task(asyncio.to_thread(ask))
    (seen,) = await fake_idp.journal.wait_for_async(endpoint="jwks")
    assert seen.status == 200
    assert b"keys" in await asked


def test_processes_of_xdist_have_an_issuer_each(suite: Suite) -> None:
    done = suite(
        """
        import pathlib
        import urllib.request
        import pytest

        @pytest.mark.parametrize("number", range(8))
        def test_it(fake_idp, number, worker_id):
            with urllib.request.urlopen(fake_idp.jwks_url, timeout=5) as answer:
                assert fake_idp.keys.current.kid.encode() in answer.read()
            assert len(fake_idp.journal) == 1
            pathlib.Path(f"{worker_id}.{number}.url").write_text(fake_idp.url, encoding="utf-8")
            urls = {path.name.split(".")[0]: path.read_text(encoding="utf-8")
                    for path in pathlib.Path().glob("*.url") if path.stat().st_size}
            assert len(set(urls.values())) == len(urls)
        """,
        *("-p", "xdist.plugin", "-n", "2"),
    )
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout


def test_every_fixture_says_what_it_is_in_its_first_line(suite: Suite) -> None:
    done = suite("", "--fixtures", "-p", "no:schemathesis", found=True)
    for name in ("fake_idp", "fake_idp_server", "fake_idp_preset", "fake_idp_options", "make_fake_idp"):
        (at,) = [n for n, line in enumerate(done.stdout.splitlines()) if line.split(" ")[0] == name]
        first = done.stdout.splitlines()[at + 1].strip()
        assert first, name
        assert "no docstring" not in first


def test_a_test_suite_that_asks_for_nothing_pays_for_nothing(suite: Suite) -> None:
    done = suite(
        """
        import sys

        def test_it():
            assert not {"fake_idp.issuer", "fake_idp.server", "uvicorn", "cryptography"} & set(sys.modules)
        """
    )
    assert done.returncode == 0, done.stdout


def test_moto_and_boto3_are_not_needed(suite: Suite) -> None:
    done = suite(
        """
        import sys
        sys.modules.update(dict.fromkeys(("moto", "boto3", "botocore", "fastapi", "mcp")))

        def test_it(fake_idp):
            assert fake_idp.mint("alice").count(".") == 2
        """
    )
    assert done.returncode == 0, done.stdout
