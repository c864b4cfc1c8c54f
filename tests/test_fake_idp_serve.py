"""``fake-idp serve`` as a process, and the other commands beside it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from fake_idp import PRESETS
from fake_idp.cli import main
from fake_idp.store import FILE, Store

COMMAND = [sys.executable, "-m", "fake_idp"]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("FAKE_IDP_STATE", str(folder))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """A command in this process: what it printed."""

    def run(*args: str) -> str:
        assert main(args) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture
def serve() -> Iterator[Callable[..., dict[str, Any]]]:
    """``fake-idp serve`` in a process of its own; returns what it printed, with the issuers by preset."""
    processes: list[subprocess.Popen[str]] = []

    def serve(*args: str) -> dict[str, Any]:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--json", "--port", "0", *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()
        said = json.loads(line)
        return said | {row["preset"]: row for row in said["issuers"]} | {"process": process}

    yield serve
    for process in processes:
        process.kill()
        process.communicate()


def get(url: str, **headers: str) -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as response:
        return json.load(response)


def ended(process: subprocess.Popen[str], how: int = signal.SIGINT) -> tuple[str, str]:
    process.send_signal(how)
    return process.communicate(timeout=10)


def test_serve_in_one_process_accepts_what_mint_makes_in_another(serve: Any, run: Any) -> None:
    early = run("mint", "--preset", "cognito", "--access-token").strip()
    served = serve()
    assert set(PRESETS) < set(served)
    for preset in ("plain", "cognito", "okta", "entra", "auth0"):
        token = run("mint", "--preset", preset, "--sub", "bob").strip()
        document = get(served[preset]["discovery"])
        key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token, key, algorithms=["RS256"], issuer=served[preset]["issuer"], options={"verify_aud": False}
        )
        assert claims["sub"] == "bob"
    # The keys are those from before; only the name has changed with the port.
    jwt.PyJWKClient(served["cognito"]["jwks"]).get_signing_key_from_jwt(early)


def test_a_first_serve_makes_no_keys_that_nobody_asks_for(serve: Any, run: Any) -> None:
    served = serve()
    get(served["okta"]["discovery"])
    assert run("keys", "list", "--json") == "[]\n"
    get(served["okta"]["jwks"])
    assert [row["preset"] for row in json.loads(run("keys", "list", "--json"))] == ["okta"]


def becomes(wanted: Any, read: Callable[[], Any]) -> None:
    """The server looks for what others changed every few milliseconds, not for each request."""
    deadline = time.monotonic() + 5
    while (found := read()) != wanted and time.monotonic() < deadline:
        time.sleep(0.002)
    assert found == wanted


def test_a_change_in_another_process_is_published_soon(serve: Any, run: Any) -> None:
    okta = serve("--preset", "okta")["okta"]

    def kids() -> list[str]:
        return [each["kid"] for each in get(okta["jwks"])["keys"]]

    (first,) = kids()
    second = run("keys", "rotate", "--preset", "okta").strip()
    becomes([first, second], kids)
    third = run("keys", "rotate", "--preset", "okta", "--hard").strip()
    becomes([third], kids)
    run("keys", "rotate", "--preset", "okta", "--alg", "ES256")
    becomes(["ES256"], lambda: get(okta["discovery"])["id_token_signing_alg_values_supported"])


def test_a_change_at_the_control_plane_is_there_for_the_commands(serve: Any, run: Any) -> None:
    served = serve("--preset", "okta")
    before = run("keys", "rotate", "--preset", "okta").strip()
    request = urllib.request.Request(
        f"{served['address']}/_control/keys/rotate",
        data=b"{}",
        headers={"content-type": "application/json"},
        method="POST",
    )
    with contextlib.closing(urllib.request.urlopen(request, timeout=30)):
        pass
    after = [row["kid"] for row in json.loads(run("keys", "list", "--json")) if row["state"] == "current"]
    assert after != [before]
    assert jwt.get_unverified_header(run("mint", "--preset", "okta").strip())["kid"] == after[0]


def test_two_servers_share_one_issuer(serve: Any, run: Any) -> None:
    first, second = (serve("--preset", "okta")["okta"] for _ in range(2))
    assert get(first["jwks"]) == get(second["jwks"])
    run("keys", "rotate", "--preset", "okta", "--hard")
    assert get(first["jwks"]) == get(second["jwks"])


def test_users_rules_and_algorithm_are_as_told(serve: Any, run: Any) -> None:
    served = serve(
        "--preset", "plain", "--user", "dora", "--lax", "pkce", "--auto-login", "dora", "--alg", "EdDSA"
    )
    assert jwt.get_unverified_header(run("mint").strip())["alg"] == "EdDSA"
    assert "dora" in [user.name for user in Store().issuer("plain").users]
    opener = urllib.request.build_opener(NoRedirect())
    query = "response_type=code&client_id=example-client&redirect_uri=http://127.0.0.1:1/cb&scope=openid"
    with pytest.raises(urllib.error.HTTPError) as raised:
        opener.open(f"{served['plain']['authorization']}?{query}", timeout=10)
    with raised.value as answer:
        assert answer.code in (302, 303)
        assert "code=" in answer.headers["location"]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def test_the_console_is_there_unless_told_otherwise(serve: Any) -> None:
    served = serve("--preset", "okta", "--no-console")
    assert "control_token" not in served
    with pytest.raises(urllib.error.HTTPError) as raised:
        get(f"{served['address']}/_control/issuers")
    raised.value.close()
    assert raised.value.code == 404


def test_the_control_token_opens_the_control_plane_for_somebody_elsewhere(serve: Any) -> None:
    served = serve("--preset", "okta")
    url = f"{served['address']}/_control/issuers"
    with pytest.raises(urllib.error.HTTPError) as raised:
        get(url, Host="devbox.example")
    raised.value.close()
    assert raised.value.code == 403
    found = get(url, Host="devbox.example", Authorization=f"Bearer {served['control_token']}")
    assert "okta" in json.dumps(found)


def test_a_state_file_that_goes_under_serve_is_reported_once_and_the_old_keys_stay(
    state: Path, serve: Any, run: Any
) -> None:
    served = serve("--preset", "okta")
    before = get(served["okta"]["jwks"])
    (state / FILE).rename(state / "elsewhere")
    for _ in range(3):
        assert get(served["okta"]["jwks"]) == before
        time.sleep(0.11)  # it looks ten times a second
    _, err = ended(served["process"])
    assert err.count("is gone") == 1
    assert err.count("\n") == 1


def test_the_journal_is_there_after_a_restart(serve: Any) -> None:
    first = serve("--preset", "okta")
    get(first["okta"]["discovery"])
    ended(first["process"], signal.SIGTERM)
    assert first["process"].returncode == 143
    second = serve("--preset", "okta")
    journal = get(f"{second['address']}/_control/journal")
    assert ".well-known/openid-configuration" in json.dumps(journal)


def test_an_interrupt_ends_serve_at_once_and_without_a_traceback(serve: Any) -> None:
    served = serve("--preset", "plain")
    process: subprocess.Popen[str] = served["process"]
    # A client that keeps its connection open must not hold it up.
    with socket.create_connection(("127.0.0.1", int(served["address"].rpartition(":")[2])), timeout=5):
        assert ended(process) == ("", "")
    assert process.returncode == 130


def test_serve_takes_a_name_that_is_not_its_address(serve: Any, run: Any) -> None:
    name = "https://acme.okta.com/oauth2/default"
    served = serve("--preset", "okta", "--issuer", name)["okta"]
    token = run("mint", "--preset", "okta").strip()
    assert jwt.decode(token, options={"verify_signature": False})["iss"] == name
    jwt.PyJWKClient(served["jwks"]).get_signing_key_from_jwt(token)


def test_a_preset_of_ones_own_is_served(tmp_path: Path, serve: Any, run: Any) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('base = "okta"\nname = "mine"\nurl = "https://mine.example/id"\n', encoding="utf-8")
    served = serve("--preset", str(file), "--preset", "okta")
    token = run("mint", "--preset", str(file)).strip()
    jwt.PyJWKClient(served["mine"]["jwks"]).get_signing_key_from_jwt(token)


def test_what_serve_prints_can_be_pasted_and_says_that_it_is_for_tests_only(state: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--preset", "okta", "--state", str(state)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not any("Bearer" in line for line in lines):
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate()
        titles = [line for line in lines if line.strip() and not line.startswith(" ")]
        assert all("for tests only" in line for line in titles)
        (paste,) = [line.split("a token")[1].strip() for line in lines if "a token" in line]
        words = paste.replace("fake-idp", f"{sys.executable} -m fake_idp").split()
        done = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ})
        (keys,) = [line.split()[1] for line in lines if line.split()[:1] == ["keys"]]
        jwt.PyJWKClient(keys).get_signing_key_from_jwt(done.stdout.strip())
        assert "\x1b" not in "".join(lines)
        ended(process)


def test_uvicorn_is_whole_for_others_after_its_command_line_was_left_out() -> None:
    code = (
        "from fake_idp import server\nserver._leave_out_the_command_line()\nimport sys, uvicorn\n"
        "assert 'uvicorn.main' not in sys.modules\n"
        "import uvicorn.config, uvicorn.server\n"
        "assert 'uvicorn.main' not in sys.modules\n"
        "assert uvicorn.Server is uvicorn.server.Server and callable(uvicorn.run)\n"
        "import uvicorn.main\nassert uvicorn.main.run is uvicorn.run\n"
        "try: uvicorn.nothing\nexcept AttributeError: pass\nelse: raise SystemExit('found')\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=20)


@pytest.mark.parametrize("name", ["sqlite3", "cryptography", "fastapi", "jinja2", "jwt", "multiprocessing"])
def test_discovery_is_answered_without(name: str) -> None:
    code = (
        "import asyncio, sys\nfrom fake_idp.cli import main, serve\n"
        "from fake_idp import server\n"
        "def answer(app, listener, *, ready):\n"
        "    server._server(app)\n"
        "    sent = []\n"
        "    async def receive(): return {'type': 'http.request', 'body': b''}\n"
        "    async def send(message): sent.append(message)\n"
        "    path = '/.well-known/openid-configuration'\n"
        "    scope = {'type': 'http', 'method': 'GET', 'path': path, 'query_string': b'', 'headers': []}\n"
        "    asyncio.run(app(scope, receive, send))\n"
        "    listener.close()\n"
        "    assert sent[0]['status'] == 200, sent\n"
        f"    sys.exit({name!r} in sys.modules)\n"
        "serve.serve = answer\nserver._leave_out_the_command_line()\n"
        "main(['serve', '--port', '0'])\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)
