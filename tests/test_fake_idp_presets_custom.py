"""Presets that somebody wrote: TOML files and classes."""

from __future__ import annotations

import contextlib
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fake_idp import PRESETS, FakeIdpError, InvalidValue, Issuer, Preset, UnknownName
from fake_idp.presets import custom, find_preset, loopback_url
from fake_idp.presets.okta import Okta
from fake_idp.presets.templates import PLACEHOLDERS
from fake_idp.users import User

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(textwrap.dedent(text))
        return path

    return write


@pytest.fixture
def example(write: Write) -> Preset:
    assert custom.__doc__ is not None
    text = custom.__doc__.partition("::\n")[2].partition("\nA value may")[0]
    return find_preset(str(write(textwrap.dedent(text))))


def test_the_documented_example_is_a_preset(example: Preset) -> None:
    issuer = Issuer(example)
    assert issuer.url == "https://id.acme.example/oauth2/main"
    assert (example.name, example.pkce, example.lifetime) == ("acme", "all", 900)
    assert issuer.endpoints["token"] == "https://id.acme.example/oauth2/main/token"
    assert issuer.endpoints["userinfo"] == "https://id.acme.example/oauth2/main/v1/userinfo"
    assert "registration" not in issuer.endpoints
    document = issuer.discovery()
    assert document["service_documentation"] == "https://acme.example/docs"
    assert document["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert not {"claims_supported", "registration_endpoint"} & set(document)


def test_the_documented_example_s_tokens_are_as_it_says(example: Preset) -> None:
    issuer = Issuer(example)
    token = issuer.mint("alice", user=User("alice", groups=("ops",)))
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    key = jwt.PyJWKSet.from_dict(issuer.jwks())[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience="https://mcp.acme.example")
    assert claims["https://acme.example/team"] == ["ops"]
    assert claims["who"] == "alice <alice@example.com>"
    assert claims["scp"] == ["mcp:read"]
    assert claims["exp"] - claims["iat"] == 900
    assert "uid" not in claims


def test_the_documented_example_s_other_tokens_too(example: Preset) -> None:
    issuer = Issuer(example, client_id="app")
    draft = issuer.draft("alice", token_use="id", nonce="n")
    assert draft.claims == {
        "iss": issuer.url,
        "sub": "alice",
        "aud": ["app"],
        "iat": draft.now,
        "exp": draft.now + 900,
        "nonce": "n",
    }
    assert list(draft.header) == ["alg", "kid"]
    assert "nonce" not in issuer.draft("alice", token_use="id").claims
    machine = issuer.draft(grant="client_credentials").claims
    assert machine["acting"] == machine["sub"] == "app"
    assert "who" not in machine
    assert "acting" not in issuer.draft("alice").claims


def test_what_a_file_adds_has_the_file_as_its_source(example: Preset) -> None:
    assert example.sources["who"].endswith("mine.toml")
    assert example.sources["scp"] == PRESETS["okta"].sources["scp"]


def test_types_are_kept(write: Write) -> None:
    path = write(
        """
        [access.claims]
        number = 1
        fraction = 1.5
        yes = true
        list = ["{sub}", 1, "{nonce}", ["{now}"]]
        table = {who = "{sub}", when = "{now}", never = "{nonce}"}
        text = "{now}"
        words = "{scope} at {now}"
        scopes = "{scopes}"
        """
    )
    issuer = Issuer(str(path), scope="a b")
    draft = issuer.draft("alice")
    assert {name: draft.claims[name] for name in list(draft.claims)[-8:]} == {
        "number": 1,
        "fraction": 1.5,
        "yes": True,
        "list": ["alice", 1, [draft.now]],
        "table": {"who": "alice", "when": draft.now},
        "text": draft.now,
        "words": f"a b at {draft.now}",
        "scopes": ["a", "b"],
    }


def test_every_placeholder_can_be_used_in_every_kind_of_token(write: Write) -> None:
    names = list(PLACEHOLDERS)
    claims = "\n".join(f'c{number} = "{{{name}}}"' for number, name in enumerate(names))
    issuer = Issuer(str(write(f"[access.claims]\n{claims}\n[id.claims]\n{claims}\n")))
    user = User("alice", groups=("g",), roles=("r",))
    for more in ({"token_use": "access"}, {"token_use": "id", "nonce": "n", "access_token": "t"}):
        found = {
            names[int(name[1:])]
            for name in issuer.draft("alice", user=user, **more).claims
            if name[0] == "c" and name[1:].isdigit()
        }
        missing = {"none"} if more["token_use"] == "id" else {"none", "nonce", "at_hash"}
        assert found == set(names) - missing
    assert issuer.mint(grant="client_credentials")


def test_a_file_without_a_base_is_over_the_plain_issuer(write: Write) -> None:
    preset = find_preset(str(write("")))
    assert preset.name == "mine"
    assert Issuer(preset).draft().claims.keys() == Issuer("plain").draft().claims.keys()


@pytest.mark.parametrize("base", PRESETS)
def test_every_vendor_can_be_the_base(write: Write, base: str) -> None:
    path = write(f'base = "{base}"\nurl = "https://id.example.com/t"\n[access.claims]\nmore = "{{sub}}"')
    issuer = Issuer(str(path))
    assert issuer.draft("alice", token_use="access").claims["more"] == "alice"
    assert all(url.startswith("https://id.example.com/") for url in issuer.endpoints.values())


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("lifetme = 1", "unknown key in {path} 'lifetme'; did you mean 'lifetime'?"),
        ('base = "otka"', "unknown base in {path} 'otka'; did you mean 'okta'?"),
        ('grants = ["authorisation_code"]', "did you mean 'authorization_code'?"),
        ('algorithm = "RS265"', "unknown value of algorithm in {path} 'RS265'; did you mean 'RS256'?"),
        ('pkce = "always"', "unknown value of pkce in {path} 'always'"),
        ('[paths]\ntokn = "/t"', "unknown endpoint in paths in {path} 'tokn'; did you mean 'token'?"),
        ('[access.claims]\na = "{subb}"', "unknown placeholder of access.claims.a in {path} 'subb'"),
        ('[id.claims]\na = ["x", {b = "{emial}"}]', "did you mean 'email'?"),
        ('[access.claims]\na = "{kid}"', "unknown placeholder of access.claims.a in {path} 'kid'"),
        ("[access.claim]\na = 1", "unknown key of access in {path} 'claim'; did you mean 'claims'?"),
    ],
)
def test_an_unknown_name_is_answered_with_file_key_and_nearest_name(
    write: Write, text: str, error: str
) -> None:
    path = write(text)
    with pytest.raises(UnknownName) as caught:
        find_preset(str(path))
    assert error.format(path=path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("lifetime = '1'", "lifetime in {path}: must be a number of seconds"),
        ("lifetime = 0", "lifetime in {path}"),
        ("lifetime = true", "lifetime in {path}"),
        ("url = 'id.example.com'", "url in {path}: must be an http(s) URL"),
        ("url = 'https://x/?q'", "url in {path}"),
        ("name = 'okta'", "name in {path}: 'okta' is the name of a vendor's preset"),
        ("name = '../x'", "name in {path}"),
        ("scope = [1]", "scope in {path}: must be a list of strings"),
        ("dpop = 1", "dpop in {path}: must be true or false"),
        ("title = ''", "title in {path}"),
        ("paths = 1", "paths in {path}: must be a table"),
        ("[paths]\njwks = false", "jwks in paths in {path}: cannot be left out"),
        ("[paths]\ntoken = 't'", "token in paths in {path}: must be a path"),
        ("[metadata]\nwhen = 2026-01-01", "metadata in {path}: 'when': has no JSON form"),
        ("access = 1", "access in {path}: must be a table"),
        ("[access]\nonly = 'x'", "access.only in {path}"),
        ("[access.claims]\nwhen = 2026-01-01", "access.claims in {path}: 'when': has no JSON form"),
        ("= 1", "{path}: is not TOML"),
    ],
)
def test_a_value_that_cannot_be_used_is_answered_with_file_and_key(
    write: Write, text: str, error: str
) -> None:
    path = write(text)
    with pytest.raises(InvalidValue) as caught:
        find_preset(str(path))
    assert error.format(path=path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match=r"nowhere\.toml: cannot be read"):
        find_preset(str(tmp_path / "nowhere.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    with pytest.raises(InvalidValue, match="is not UTF-8"):
        find_preset(str(tmp_path / "bytes.toml"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5).map(repr),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    key=st.sampled_from(
        [*custom._CHECKS, "base", "name", "paths", "metadata", "access", "id", "machine", "x"]
    ),
    value=VALUES,
)
def test_no_file_whatever_is_a_traceback(write: Write, key: str, value: Any) -> None:
    path = write(f"{key} = {str(value).lower()}")
    with contextlib.suppress(FakeIdpError):
        preset = find_preset(str(path))
        assert Issuer(preset).draft().claims


CLASSES = '''
from fake_idp.presets.okta import Okta

class Mine(Okta):
    """Okta with one claim more."""
    name = "mine"

    def claims(self, request):
        return super().claims(request) | {"more": 1}

class Nothing:
    pass

class Needs(Okta):
    def __init__(self, something):
        pass

ready = Mine()
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "presets_of_mine.py"
    path.write_text(CLASSES)
    monkeypatch.syspath_prepend(tmp_path)
    return path


@pytest.mark.parametrize("attribute", ["Mine", "ready"])
def test_a_class_is_found_by_module_and_by_file(module: Path, attribute: str) -> None:
    for place in ("presets_of_mine", str(module)):
        issuer = Issuer(f"{place}:{attribute}")
        assert isinstance(issuer.preset, Okta)
        assert issuer.draft().claims["more"] == 1


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("presets_of_mine:Mime", "did you mean 'Mine'"),
        ("presets_of_mine:Nothing", "is no Preset"),
        ("presets_of_mine:Needs", "cannot be made without arguments"),
        ("no_such_module:Mine", "cannot be imported"),
        ("./nowhere.py:Mine", "cannot be imported"),
        (":Mine", "cannot be imported"),
    ],
)
def test_a_class_that_cannot_be_used_is_one_line(module: Path, name: str, error: str) -> None:
    with pytest.raises(FakeIdpError, match=error) as caught:
        find_preset(name)
    assert "\n" not in str(caught.value)


def test_an_instance_needs_no_name_to_be_found() -> None:
    class Mine(Okta):
        name = "mine"
        url = "https://id.example.com"

    assert Issuer(Mine()).draft().claims["iss"] == "https://id.example.com"


def test_somebody_s_preset_gets_a_path_of_its_own_beside_the_vendors(write: Write) -> None:
    address = "http://127.0.0.1:9000"
    over_okta = find_preset(str(write('base = "okta"')))
    assert loopback_url(over_okta, address) == f"{address}/mine/oauth2/default"
    elsewhere = find_preset(str(write('base = "okta"\nurl = "https://id.example.com/a/"')))
    assert loopback_url(elsewhere, address) == f"{address}/a/"
    rootless = find_preset(str(write('base = "okta"\nurl = "https://id.example.com"')))
    assert loopback_url(rootless, address) == f"{address}/mine"
