"""The command line, in this process: what each command prints."""

from __future__ import annotations

import json
import shlex
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from fake_idp import FORGERIES, PRESETS, Key
from fake_idp.algorithms import ALGORITHMS

Run = Callable[..., tuple[int, str, str]]


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
