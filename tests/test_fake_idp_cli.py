"""The command line, in this process: what each command prints, and what it says when it cannot."""

from __future__ import annotations

import io
import json
import os
import shlex
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from fake_idp import FORGERIES, PRESETS, Issuer, Key
from fake_idp.algorithms import ALGORITHMS
from fake_idp.cli import main
from fake_idp.cli.parser import COMMANDS
from fake_idp.store import FILE, Store

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    monkeypatch.setenv("FAKE_IDP_STATE", str(folder))
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in this process: exit code, standard output, standard error."""

    def run(*args: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        try:
            code = main(args)
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        return (code, *capsys.readouterr())

    return run


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token.strip(), options={"verify_signature": False})


# mint


def test_mint_prints_the_token_and_nothing_else(run: Run) -> None:
    code, out, err = run(
        "mint", "--preset", "okta", "--sub", "bob", "--aud", "a", "--aud", "b", "--claim", 'groups=["ops"]',
        "--without", "uid", "--scope", "cw:read cw:write", "--expires-in", "-5", "--header", 'typ="JWT"',
        "--issuer", "https://x.example", "--client-id", "c",
    )  # fmt: skip
    assert (code, err) == (0, "")
    token = out.removesuffix("\n")
    claims = claims_of(token)
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


def test_claims_come_from_files_and_from_standard_input_and_the_last_word_counts(
    run: Run, tmp_path: Path
) -> None:
    file = tmp_path / "claims.json"
    file.write_text('{"a": 1, "b": 1, "c": 1}', encoding="utf-8")
    _, out, _ = run(
        "mint", "--claims", str(file), "--claims", "-", "--claim", "c=3", stdin='{"b": 2, "c": 2}'
    )
    assert {name: claims_of(out)[name] for name in "abc"} == {"a": 1, "b": 2, "c": 3}


def test_groups_and_roles_are_where_the_vendor_has_them(run: Run) -> None:
    _, out, _ = run("mint", "--preset", "cognito", "--group", "ops", "--group", "dev")
    assert claims_of(out)["cognito:groups"] == ["ops", "dev"]


def test_a_machine_gets_a_token_for_its_client(run: Run) -> None:
    _, out, _ = run("mint", "--preset", "okta", "--grant", "client_credentials", "--client-id", "batch")
    assert claims_of(out)["sub"] == "batch"


@pytest.mark.parametrize("preset", ["plain", "cognito"])
def test_the_token_response_has_both_tokens_of_one_sign_in(run: Run, preset: str) -> None:
    _, out, _ = run(
        "mint", "--preset", preset, "--json", "--nonce", "n", "--expires-in", "60", "--sub", "bob"
    )
    response = json.loads(out)
    assert list(response) == ["access_token", "id_token", "token_type", "expires_in", "scope"]
    assert (response["token_type"], response["expires_in"]) == ("Bearer", 60)
    access, id_ = claims_of(response["access_token"]), claims_of(response["id_token"])
    assert access["sub"] == id_["sub"]
    assert (id_["nonce"], id_["exp"] - id_["iat"]) == ("n", 60)


def test_a_token_response_has_only_the_token_that_was_asked_for(run: Run) -> None:
    _, out, _ = run("mint", "--json", "--access-token", "--scope", "a b")
    assert list(json.loads(out)) == ["access_token", "token_type", "expires_in", "scope"]
    _, out, _ = run("mint", "--json", "--grant", "client_credentials")
    assert "id_token" not in json.loads(out)


def test_curl_prints_a_line_for_a_shell(run: Run) -> None:
    _, out, _ = run("mint", "--curl", "https://x.example/a?b='c d'&e")
    words = shlex.split(out)
    assert words[:3] == ["curl", "-sS", "-H"]
    assert words[4:] == ["https://x.example/a?b='c d'&e"]
    assert words[3].startswith("Authorization: Bearer ")
    assert claims_of(words[3].split()[2])["sub"] == "alice"
    _, out, _ = run("mint", "--curl", "--aud", "https://api.example/v1")
    assert shlex.split(out)[-1] == "https://api.example/v1"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_can_be_asked_for_and_its_key_is_published(run: Run, algorithm: str) -> None:
    _, out, _ = run("mint", "--alg", algorithm)
    header = jwt.get_unverified_header(out.strip())
    _, again, _ = run("mint", "--alg", algorithm)
    assert jwt.get_unverified_header(again.strip()) == header
    _, keys, _ = run("jwks")
    (jwk,) = [jwk for jwk in json.loads(keys)["keys"] if jwk["kid"] == header["kid"]]
    jwt.decode(out.strip(), jwt.PyJWK(jwk), algorithms=[algorithm], options={"verify_aud": False})


def test_the_jwks_vouches_for_the_token_and_the_discovery_document_for_the_issuer(run: Run) -> None:
    _, token, _ = run("mint", "--preset", "okta")
    _, keys, _ = run("jwks", "--preset", "okta")
    _, document, _ = run("discovery", "--preset", "okta")
    claims = jwt.decode(
        token.strip(), jwt.PyJWKSet.from_json(keys).keys[0], algorithms=["RS256"], audience="api://default"
    )
    assert claims["iss"] == json.loads(document)["issuer"]


def test_a_preset_of_ones_own_is_taken_everywhere(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('base = "plain"\nname = "mine"\nurl = "https://mine.example"\n', encoding="utf-8")
    _, token, _ = run("mint", "--preset", str(file))
    _, keys, _ = run("keys", "list", "--preset", str(file), "--json")
    assert json.loads(keys)[0]["kid"] == jwt.get_unverified_header(token.strip())["kid"]


def test_a_preset_class_is_found_in_the_current_folder(tmp_path: Path, state: Path) -> None:
    (tmp_path / "a_preset_of_mine.py").write_text(
        "from fake_idp.presets.okta import Okta\n\n\n"
        "class Mine(Okta):\n    name = 'mine'\n    url = 'https://mine.example'\n",
        encoding="utf-8",
    )
    command = Path(sys.executable).with_name("fake-idp")
    arguments = ("presets", "a_preset_of_mine:Mine")
    done = subprocess.run([command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "https://mine.example" in done.stdout, done.stderr


def test_a_federated_person_has_the_identity_of_where_they_come_from(run: Run) -> None:
    _, token, _ = run("mint", "--preset", "cognito", "--sub", "gina", "--provider", "Facebook", "--id-token")
    claims = jwt.decode(token.strip(), options={"verify_signature": False})
    assert claims["identities"][0]["providerName"] == "Facebook"
    assert claims["cognito:username"].startswith("Facebook_")
    assert int(claims["identities"][0]["dateCreated"]) / 1000 < claims["iat"]


# forge


def test_forge_prints_the_forged_token(run: Run) -> None:
    code, out, _ = run("forge", "sig.none[NONE]", "--preset", "okta")
    assert code == 0
    assert jwt.get_unverified_header(out.strip())["alg"] == "NONE"


def test_forge_lists_every_forgery_and_those_of_a_theme(run: Run) -> None:
    _, text, _ = run("forge", "--list")
    _, out, _ = run("forge", "--list", "--json")
    assert [each["id"] for each in json.loads(out)] == list(FORGERIES)
    assert all(name in text for forgery in FORGERIES.values() for name in forgery.names)
    _, out, _ = run("forge", "--list", "--in", "sig", "--json")
    assert {each["id"].partition(".")[0] for each in json.loads(out)} == {"sig"}


def test_forge_says_what_a_careful_server_does_and_what_can_be_said_about_a_forgery(run: Run) -> None:
    _, text, _ = run("forge", "--list")
    assert "to be accepted: sig.ecdsa-high-s" in text
    assert "--parameter seconds=number: " in text
    _, out, _ = run("forge", "--list", "--json")
    assert json.loads(out) == [forgery.described() for forgery in FORGERIES.values()]


def test_a_forgery_takes_its_parameters(run: Run) -> None:
    _, out, _ = run("forge", "time.exp-past", "--parameter", "seconds=90")
    claims = jwt.decode(out.strip(), options={"verify_signature": False})
    assert claims["exp"] == claims["iat"] - 90


def test_a_key_that_is_what_is_wrong_is_published(run: Run) -> None:
    _, out, err = run("forge", "jwks.use-enc", "--preset", "okta")
    kid = jwt.get_unverified_header(out.strip())["kid"]
    _, jwks, _ = run("jwks", "--preset", "okta")
    assert {key["kid"]: key["use"] for key in json.loads(jwks)["keys"]}[kid] == "enc"
    assert err.endswith(f"fake-idp keys retire --preset okta {kid}\n")
    assert run("forge", "jwks.use-enc", "--preset", "okta")[2] == ""
    assert run("keys", "retire", "--preset", "okta", kid)[0] == 0


# keys


def test_keys_list_says_what_there_is(run: Run) -> None:
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
    _, out, _ = run("keys", "list", "--preset", "okta", "--json")
    assert json.loads(out) == []


def test_a_key_is_announced_used_and_retired(run: Run) -> None:
    _, first, _ = run("mint")
    _, out, _ = run("keys", "announce", "--alg", "ES256")
    announced = out.strip()
    _, second, _ = run("mint")
    assert jwt.get_unverified_header(first.strip())["kid"] == jwt.get_unverified_header(second.strip())["kid"]
    _, out, _ = run("keys", "rotate")
    assert out.strip() == announced
    _, third, _ = run("mint")
    assert jwt.get_unverified_header(third.strip())["kid"] == announced
    old = jwt.get_unverified_header(first.strip())["kid"]
    code, out, err = run("keys", "retire", old)
    assert (code, out) == (0, "")
    assert old in err
    _, keys, _ = run("jwks")
    assert [jwk["kid"] for jwk in json.loads(keys)["keys"]] == [announced]
    code, _, err = run("keys", "retire", announced)
    assert (code, err.count("\n")) == (2, 1)


def test_the_private_key_is_printed_only_when_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    _, token, _ = run("mint")
    _, public, err = run("keys", "export", "--format", "pem")
    assert (public.startswith("-----BEGIN PUBLIC KEY"), err) == (True, "")
    _, jwk, err = run("keys", "export")
    assert ("d" in json.loads(jwk), err) == (False, "")
    file = tmp_path / "key.json"
    code, out, err = run("keys", "export", "--private", "--out", str(file))
    assert (code, out) == (0, "")
    assert "private key" in err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key = Key.from_jwk(json.loads(file.read_text(encoding="utf-8")))
    jwt.decode(token.strip(), key.public, algorithms=["RS256"], options={"verify_aud": False})
    _, pem, _ = run("keys", "export", key.kid, "--private", "--format", "pem")
    assert Key.from_pem(pem, kid=key.kid).public_jwk() == key.public_jwk()
    code, _, err = run("keys", "export", "--private", "--out", str(file))
    assert code == 2
    assert "File exists" in err


# presets, decode


def test_presets_are_listed_and_shown_with_their_sources(run: Run) -> None:
    _, out, _ = run("presets", "--json")
    assert [row["preset"] for row in json.loads(out)] == list(PRESETS)
    _, text, _ = run("presets")
    assert all(preset.url in text and preset.title in text for preset in PRESETS.values())
    for name, preset in PRESETS.items():
        _, out, _ = run("presets", name, "--json")
        assert json.loads(out)["claims"]["access"].keys() | json.loads(out)["claims"]["id"].keys()
        _, text, _ = run("presets", name)
        assert preset.title in text
    assert "uid" in run("presets", "okta")[1]


def test_decode_checks_a_token_as_one_of_the_issuer_that_it_names(run: Run, state: Path) -> None:
    _, token, _ = run("mint", "--preset", "okta")
    _, text, _ = run("decode", stdin=token)
    assert "checks, as a token of the issuer okta\n" in text
    assert "by the key" in text
    _, other, _ = run("forge", "sig.wrong-key", "--preset", "okta")
    _, out, _ = run("decode", "--json", other.strip())
    found = json.loads(out)
    assert found["issuer"] == "okta"
    assert [check["name"] for check in found["checks"] if check["verdict"] == "fail"] == ["signature"]
    _, stranger, _ = run("mint", "--issuer", "https://elsewhere.example")
    assert json.loads(run("decode", "--json", stranger.strip())[1])["issuer"] is None


def test_mint_and_decode_make_a_pipe(run: Run) -> None:
    _, token, _ = run("mint", "--preset", "okta")
    code, out, err = run("decode", "--preset", "okta", stdin=token)
    assert (code, err) == (0, "")
    assert "nothing suspicious" in out
    _, forged, _ = run("forge", "sig.wrong-key", "--preset", "okta")
    code, out, _ = run("decode", "--preset", "okta", stdin=forged)
    assert code == 0
    assert "suspicious: 1 of" in out


# In general


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
