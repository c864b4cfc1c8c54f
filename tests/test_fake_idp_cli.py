"""The command line and the state folder, in real processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from fake_idp import FORGERIES, PRESETS, Issuer, StateError
from fake_idp.cli import main
from fake_idp.store import Store, default_folder

COMMAND = [sys.executable, "-m", "fake_idp"]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("FAKE_IDP_STATE", str(folder))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """The command in this process: exit code, standard output, standard error."""

    def run(*args: str) -> tuple[int, str, str]:
        try:
            code = main(args)
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        return (code, *capsys.readouterr())

    return run


@pytest.fixture
def serve(state: Path) -> Iterator[Callable[..., dict[str, Any]]]:
    """``fake-idp serve`` in a process of its own; returns what it printed, by preset."""
    processes: list[subprocess.Popen[str]] = []

    def serve(*args: str) -> dict[str, Any]:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--json", "--port", "0", *args],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "FAKE_IDP_STATE": str(state)},
        )
        processes.append(process)
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        return {row["preset"]: row for row in said["issuers"]} | {"process": process}

    yield serve
    for process in processes:
        process.kill()
        process.communicate()


def mint(*args: str, state: Path) -> str:
    """A token from ``fake-idp mint`` in a process of its own."""
    done = subprocess.run(
        [*COMMAND, "mint", *args],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "FAKE_IDP_STATE": str(state)},
    )
    assert done.stderr == ""
    return done.stdout.removesuffix("\n")


def test_serve_in_one_process_accepts_what_mint_makes_in_another(state: Path, serve: Any, run: Any) -> None:
    early = mint("--preset", "cognito", "--access-token", state=state)
    served = serve()
    assert set(PRESETS) < set(served)
    for preset in PRESETS:
        _, out, _ = run("mint", "--preset", preset, "--sub", "bob")
        token = out.strip()
        with urllib.request.urlopen(served[preset]["discovery"], timeout=5) as response:
            document = json.load(response)
        key = jwt.PyJWKClient(document["jwks_uri"]).get_signing_key_from_jwt(token)
        claims = jwt.decode(token, key, algorithms=["RS256", "RS512"], options={"verify_aud": False})
        assert claims["sub"] == "bob"
        assert claims["iss"] == PRESETS[preset].token_issuer(served[preset]["issuer"])
    # The keys are those from before; only the name has changed with the port.
    jwt.PyJWKClient(served["cognito"]["jwks"]).get_signing_key_from_jwt(early)


def test_a_rotation_in_another_process_is_published_at_once(serve: Any, run: Any) -> None:
    okta = serve("--preset", "okta")["okta"]

    def kids() -> list[str]:
        with urllib.request.urlopen(okta["jwks"], timeout=5) as response:
            return [each["kid"] for each in json.load(response)["keys"]]

    (first,) = kids()
    _, out, _ = run("keys", "rotate", "--preset", "okta")
    second = out.strip()
    assert kids() == [first, second]
    _, out, _ = run("keys", "rotate", "--preset", "okta", "--hard")
    assert kids() == [out.strip()]


def test_a_state_file_that_breaks_under_serve_is_reported_once_and_the_old_keys_stay(
    state: Path, serve: Any
) -> None:
    served = serve("--preset", "okta")
    broken = state / "okta.json"
    broken.write_text("{", encoding="utf-8")
    for _ in range(3):
        with urllib.request.urlopen(served["okta"]["jwks"], timeout=5) as response:
            assert len(json.load(response)["keys"]) == 1
    served["process"].send_signal(signal.SIGINT)
    _, err = served["process"].communicate(timeout=5)
    assert err.count("is broken") == 1
    assert broken.read_text(encoding="utf-8") == "{"


def test_an_interrupt_ends_serve_at_once_and_without_a_traceback(serve: Any) -> None:
    served = serve("--preset", "plain")
    process: subprocess.Popen[str] = served["process"]
    # A client that keeps its connection open must not hold it up.
    with socket.create_connection(
        ("127.0.0.1", int(served["plain"]["issuer"].rpartition(":")[2])), timeout=5
    ):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=5)
    assert process.returncode == 130
    assert (out, err) == ("", "")


def test_a_port_in_use_is_one_clear_line(run: Any, state: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = run("serve", "--port", str(port))
    assert (code, out) == (2, "")
    assert err == f"fake-idp: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    assert not state.exists()


def test_serve_takes_a_name_that_is_not_its_address(state: Path, serve: Any) -> None:
    name = "https://acme.okta.com/oauth2/default"
    served = serve("--preset", "okta", "--issuer", name)["okta"]
    token = mint("--preset", "okta", state=state)
    assert jwt.decode(token, options={"verify_signature": False})["iss"] == name
    jwt.PyJWKClient(served["jwks"]).get_signing_key_from_jwt(token)


def test_mint_prints_the_token_and_nothing_else(run: Any) -> None:
    code, out, err = run(
        "mint", "--preset", "okta", "--sub", "bob", "--aud", "a", "--aud", "b", "--claim", 'groups=["ops"]',
        "--without", "uid", "--scope", "cw:read cw:write", "--expires-in", "-5", "--header", 'typ="JWT"',
        "--issuer", "https://x.example", "--client-id", "c",
    )  # fmt: skip
    assert (code, err) == (0, "")
    token = out.removesuffix("\n")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == -5
    assert {name: claims.get(name) for name in ("iss", "sub", "aud", "cid", "groups", "scp", "uid")} == {
        "iss": "https://x.example",
        "sub": "bob",
        "aud": ["a", "b"],
        "cid": "c",
        "groups": ["ops"],
        "scp": ["cw:read", "cw:write"],
        "uid": None,
    }
    assert jwt.get_unverified_header(token)["typ"] == "JWT"


def test_mint_prints_a_token_response_when_asked_for_json(run: Any) -> None:
    _, out, _ = run("mint", "--preset", "cognito", "--json", "--expires-in", "60")
    response = json.loads(out)
    assert response["token_type"] == "Bearer"
    assert response["expires_in"] == 60
    assert jwt.decode(response["id_token"], options={"verify_signature": False})["token_use"] == "id"


def test_forge_prints_the_forged_token(run: Any) -> None:
    code, out, _ = run("forge", "sig.none[NONE]", "--preset", "okta")
    assert code == 0
    assert jwt.get_unverified_header(out.strip())["alg"] == "NONE"


def test_forge_lists_every_forgery(run: Any) -> None:
    _, text, _ = run("forge", "--list")
    _, out, _ = run("forge", "--list", "--json")
    assert [each["id"] for each in json.loads(out)] == list(FORGERIES)
    assert all(name in text for forgery in FORGERIES.values() for name in forgery.names)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ("mint --preset otka", "unknown preset 'otka'; did you mean 'okta'?"),
        (
            "mint --claim role=admin",
            "--claim role: the value is not JSON; for a string write 'role=\"admin\"'",
        ),
        ("mint --claim role", "--claim: is name=json, and 'role' is not"),
        ("mint --claim x=NaN", "claim 'x': has no JSON form"),
        ("mint --header =1", "--header: is name=json"),
        ("mint --expires-in soon", "argument --expires-in: invalid float value: 'soon'"),
        ("mint --expires-in inf", "expires_in: must be a finite number"),
        ("mint --issuer nowhere", "issuer 'nowhere': must be an http(s) URL"),
        ("mint --key nobody", "unknown key 'nobody'"),
        ("mint --bogus", "unrecognized arguments: --bogus"),
        ("forge", "forge: give the id of a forgery, or --list"),
        ("forge sig.nome", "unknown forgery 'sig.nome'; did you mean 'sig.none'?"),
        ("decode a.b", "malformed token: token has 2 segments, a JWS has 3"),
        ("decode !.e30.", "malformed token: header is not base64url"),
        ("decode e30.bm8.", "malformed token: payload is not JSON"),
        ("decode e30.W10.", "malformed token: payload is not a JSON object"),
        ("serve --port 65536", "'65536' is not a port (0 to 65535)"),
        ("serve --issuer https://x --preset okta --preset plain", "--issuer: names one issuer"),
        ("keys rotate --preset nope", "unknown preset 'nope'"),
        ("keys", "the following arguments are required"),
        ("nonsense", "invalid choice: 'nonsense'"),
        ("", "the following arguments are required"),
    ],
)
def test_bad_input_is_one_line_that_names_it(run: Any, args: str, says: str) -> None:
    code, out, err = run(*args.split())
    assert (code, out) == (2, "")
    assert says in err
    assert err.startswith("fake-idp")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "command", ["", "serve", "mint", "forge", "decode", "keys", "keys list", "keys rotate"]
)
def test_every_help_has_an_example(run: Any, command: str) -> None:
    code, out, _ = run(*command.split(), "--help")
    assert code == 0
    assert "example:\n  fake-idp" in out


def test_the_state_folder_is_for_its_owner_only(run: Any, state: Path) -> None:
    run("mint")
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in state.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"version": 2}', b"\xff", b"[" * 100_000, b'{"version":1,"preset":"okta"}'],
)
def test_a_broken_state_file_is_reported_and_left_alone(run: Any, state: Path, content: bytes) -> None:
    state.mkdir()
    (state / "okta.json").write_bytes(content)
    for command in ("mint --preset okta", "keys rotate --preset okta", "keys list"):
        code, out, err = run(*command.split())
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert "okta.json" in err
    assert (state / "okta.json").read_bytes() == content


def test_a_key_of_a_state_file_that_was_tampered_with_is_reported_without_being_shown(
    run: Any, state: Path
) -> None:
    run("mint")
    file = state / "plain.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    document["keys"][0]["private_key"] = "SECRET"
    file.write_text(json.dumps(document), encoding="utf-8")
    code, _, err = run("mint")
    assert code == 2
    assert "SECRET" not in err


def test_a_state_folder_that_is_none_is_one_clear_line(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    code, _, err = run("mint", "--state", str(file))
    assert code == 2
    assert str(file) in err


def test_processes_that_mint_at_once_agree_on_one_key(state: Path) -> None:
    tokens: list[str] = []
    threads = [threading.Thread(target=lambda: tokens.append(mint(state=state))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({jwt.get_unverified_header(token)["kid"] for token in tokens}) == 1


def test_an_issuer_made_elsewhere_can_be_put_into_a_state_folder(run: Any, state: Path) -> None:
    issuer = Issuer(
        "okta", url="https://acme.okta.com/oauth2/default", audience="https://mcp.example.com/mcp"
    )
    Store(state).put(issuer)
    _, out, _ = run("mint", "--preset", "okta")
    key = jwt.PyJWK(issuer.keys.jwks()["keys"][0])
    jwt.decode(out.strip(), key, algorithms=["RS256"], issuer=issuer.url, audience=issuer.audience)


def test_nothing_is_saved_when_a_change_fails(state: Path) -> None:
    store = Store(state)
    before = store.issuer("plain").keys.current.kid
    with contextlib.suppress(ZeroDivisionError), store.changing("plain") as issuer:
        issuer.keys.rotate()
        raise ZeroDivisionError
    assert store.issuer("plain").keys.current.kid == before


def test_a_state_file_that_has_gone_is_reported(state: Path) -> None:
    store = Store(state)
    issuer = store.issuer("plain")
    (state / "plain.json").unlink()
    with pytest.raises(StateError, match="is gone"):
        store.refresh(issuer)
    assert store.refresh(issuer) is False


def test_the_default_state_folder_follows_the_xdg_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_folder() == Path(os.environ["FAKE_IDP_STATE"])
    monkeypatch.delenv("FAKE_IDP_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", "/xdg")
    assert default_folder() == Path("/xdg/fake-idp")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_folder() == Path.home() / ".local/state/fake-idp"


def test_keys_list_says_what_there_is(run: Any) -> None:
    code, out, err = run("keys", "list")
    assert (code, out) == (0, "")
    assert "no keys" in err
    run("keys", "rotate", "--preset", "cognito", "--hard")
    _, out, _ = run("keys", "list", "--json")
    assert [(row["use"], row["state"]) for row in json.loads(out)] == [
        ("id", "retired"),
        ("access", "retired"),
        ("id", "current"),
        ("access", "current"),
    ]
