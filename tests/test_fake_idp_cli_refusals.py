"""The command line, in this process: what holds for every command, and what it says when it cannot."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest

from fake_idp import Issuer
from fake_idp.cli.parser import COMMANDS
from fake_idp.store import FILE, Store

Run = Callable[..., tuple[int, str, str]]


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
        ("mint --claims nowhere.json", "--claims: nowhere.json: No such file or directory"),
        ("mint --claims -", "standard input: is not JSON: Expecting value (line 1 column 1)"),
        ("mint --claims /dev/null", "--claims /dev/null: is not JSON"),
        ("mint --expires-in soon", "argument --expires-in: invalid float value: 'soon'"),
        ("mint --expires-in inf", "expires_in: must be a finite number"),
        ("mint --issuer nowhere", "issuer 'nowhere': must be an http(s) URL"),
        ("mint --key nobody", "unknown key 'nobody'"),
        ("mint --alg RS25", "unknown algorithm 'RS25'; did you mean 'RS256'?"),
        ("mint --grant passwort", "invalid choice: 'passwort'; did you mean 'password'?"),
        ("mint --grant client_credentials --group a", "a machine has none of them"),
        ("mint --preset cognito_identity --curl", "--curl: say where to"),
        ("mint --bogus", "fake-idp mint: unrecognized arguments: --bogus"),
        ("mint --scop x", "did you mean '--scope'? (see fake-idp mint --help)"),
        ("mitn", "did you mean 'mint'?"),
        ("keys rotat", "did you mean 'rotate'?"),
        ("forge time.exp-past --parameter secods=9", "'secods'; did you mean 'seconds'?"),
        ("forge time.exp-past --parameter sub=9", "unknown parameter of time.exp-past 'sub'"),
        ("serve --port 0 --preset okta --preset okta", "--preset: 'okta' is there twice"),
        ("forge", "forge: give the id of a forgery, or --list"),
        ("forge sig.nome", "unknown forgery 'sig.nome'; did you mean 'sig.none'?"),
        ("forge --list --in sgi", "unknown theme 'sgi'; did you mean 'sig'?"),
        ("decode a.b", "malformed token: token has 2 segments, a JWS has 3"),
        ("decode !.e30.", "malformed token: header is not base64url"),
        ("decode e30.bm8.", "malformed token: payload is not JSON"),
        ("decode e30.W10.", "malformed token: payload is not a JSON object"),
        ("decode", "malformed token: token is empty"),
        ("decode e30.e30. --jwks https://evil.example/jwks", "--jwks: evil.example is another machine"),
        ("decode e30.e30. --jwks http://127.0.0.1:1/", "does not answer as it should"),
        ("decode e30.e30. --jwks nowhere", "--jwks: nowhere: No such file"),
        ("presets otka", "did you mean 'okta'?"),
        ("serve --port 65536", "'65536' is not a port (0 to 65535)"),
        ("serve --issuer https://x --preset okta --preset plain", "--issuer: is for one issuer"),
        ("serve --lax everything", "invalid choice: 'everything'"),
        ("serve --port 0 --preset plain --alg XS256", "unknown algorithm 'XS256'"),
        ("keys rotate --preset nope", "unknown preset 'nope'"),
        ("keys list --preset nope", "unknown preset 'nope'"),
        ("keys export nobody", "unknown key 'nobody'"),
        ("keys export --public --private", "not allowed with argument"),
        ("keys export --out /nowhere/key", "cannot write /nowhere/key: No such file"),
        ("keys", "the following arguments are required"),
        ("completion tcsh", "invalid choice: 'tcsh'"),
        ("nonsense", "invalid choice: 'nonsense'"),
        ("", "the following arguments are required"),
    ],
)
def test_bad_input_is_one_line_that_names_it(run: Run, args: str, says: str) -> None:
    code, out, err = run(*args.split())
    assert (code, out) == (2, "")
    assert says in err
    assert err.startswith("fake-idp")
    assert err.count("\n") == 1


def test_a_port_in_use_is_one_clear_line(run: Run, state: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = run("serve", "--port", str(port))
    assert (code, out) == (2, "")
    assert err == f"fake-idp: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    assert not state.exists()


def test_a_broken_state_file_is_one_clear_line_from_every_command(run: Run, state: Path) -> None:
    state.mkdir()
    (state / FILE).write_bytes(b"no database" * 1000)
    for command in (
        "mint",
        "keys rotate",
        "keys list",
        "jwks",
        "serve --port 0",
        "decode e30.e30. --preset plain",
    ):
        code, out, err = run(*command.split())
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert "is broken and was left alone" in err
    assert (state / FILE).read_bytes() == b"no database" * 1000


SUBCOMMANDS = [
    "",
    *COMMANDS,
    *(f"keys {name}" for name in ("list", "rotate", "announce", "retire", "export")),
]


@pytest.mark.parametrize("command", SUBCOMMANDS)
def test_every_help_has_an_example(run: Run, command: str) -> None:
    code, out, _ = run(*command.split(), "--help")
    assert code == 0
    assert "example:\n  " in out
    assert "fake-idp" in out.split("example:")[1]


def test_there_is_colour_on_a_terminal_only(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in run("presets")[1]
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1m" in run("presets")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run("presets")[1]


def test_an_issuer_of_a_world_can_be_minted_for(run: Run, state: Path) -> None:
    issuer = Issuer(
        "okta", url="https://acme.okta.com/oauth2/default", audience="https://mcp.example.com/mcp"
    )
    Store(state).put(issuer)
    _, out, _ = run("mint", "--preset", "okta")
    key = jwt.PyJWK(issuer.keys.jwks()["keys"][0])
    jwt.decode(out.strip(), key, algorithms=["RS256"], issuer=issuer.url, audience=issuer.audience)


def test_the_environment_is_not_changed(run: Run) -> None:
    before = dict(os.environ)
    run("mint")
    assert dict(os.environ) == before
