"""The state folder: one file, several processes, and what happens when things go wrong."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import jwt
import pytest

from fake_idp import Issuer, Key, KeyRing, StateError
from fake_idp.server import LoopbackServer
from fake_idp.store import FILE, Store, default_folder
from fake_idp.store.database import VERSION, Database
from fake_idp.store.log import Log
from fake_idp.store.ring import StoredRing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


def kids(issuer: Issuer) -> list[tuple[str, str]]:
    return [(held.key.kid, held.state) for held in issuer.keys.held]


def test_two_stores_have_the_same_keys_under_the_same_name(folder: Path) -> None:
    token = Store(folder).issuer("cognito").mint("alice", token_use="access")
    other = Store(folder).issuer("cognito")
    key = other.keys.get(jwt.get_unverified_header(token)["kid"])
    assert jwt.decode(token, key.public, algorithms=["RS256"], issuer=other.url)["sub"] == "alice"


def test_nothing_is_made_before_something_is_needed(folder: Path) -> None:
    issuer = Store(folder).issuer("okta")
    assert issuer.discovery()["issuer"] == issuer.url
    assert Store(folder).names() == []
    assert Store(folder).keys() == []
    assert not folder.exists()


def test_a_change_of_the_keys_is_taken_over_by_another_store(folder: Path) -> None:
    ours, theirs = Store(folder), Store(folder)
    issuer, other = ours.issuer("plain"), theirs.issuer("plain")
    assert kids(issuer) == kids(other)
    version = issuer.keys_version
    ours.refresh()
    assert issuer.keys_version == version
    other.keys.rotate(algorithm="ES384")
    other.keys.include({"kty": "OKP", "kid": "foreign"})
    ours.refresh()
    assert kids(issuer) == kids(other)
    assert issuer.keys.jwks() == other.keys.jwks()
    assert (issuer.algorithm, issuer.keys_version > version) == ("ES384", True)


def test_every_way_of_changing_a_ring_is_saved() -> None:
    reading = {"current", "held", "published", "retired", "signing", "get", "jwks", "jwks_bytes", "algorithm"}
    changing = {name for name, _ in inspect.getmembers(KeyRing) if not name.startswith("_")} - reading
    assert changing - {"release"} <= set(vars(StoredRing))


@pytest.mark.parametrize(
    "change",
    [
        lambda ring: ring.rotate(),
        lambda ring: ring.rotate(overlap=False, algorithm="EdDSA"),
        lambda ring: ring.announce(),
        lambda ring: ring.add(Key("mine", algorithm="ES256")),
        lambda ring: ring.amend(ring.current.kid, {"use": "enc"}),
        lambda ring: (ring.rotate(), ring.retire(ring.held[0].key.kid)),
        lambda ring: (ring.rotate(overlap=False), ring.reinstate(ring.held[0].key.kid)),
    ],
    ids=["rotate", "rotate-hard", "announce", "add", "amend", "retire", "reinstate"],
)
def test_a_ring_is_read_as_it_was_left(folder: Path, change: Any) -> None:
    issuer = Store(folder).issuer("plain", algorithm="ES256")
    change(issuer.keys)
    again = Store(folder).issuer("plain")
    assert kids(again) == kids(issuer)
    assert again.keys.jwks() == issuer.keys.jwks()
    assert again.algorithm == issuer.algorithm


def test_a_change_that_fails_changes_nothing(folder: Path) -> None:
    store = Store(folder)
    issuer = store.issuer("plain")
    before = kids(issuer)
    with contextlib.suppress(ZeroDivisionError), issuer.state.transaction():
        issuer.keys.rotate()
        raise ZeroDivisionError
    store.refresh()
    issuer.keys.announce()
    assert kids(issuer)[:1] == before
    assert kids(Store(folder).issuer("plain")) == kids(issuer)


def test_an_issuer_made_elsewhere_can_be_put_into_a_state_folder(folder: Path) -> None:
    issuer = Issuer(
        "okta", url="https://acme.okta.com/oauth2/default", audience="https://mcp.example.com/mcp"
    )
    Store(folder).put(issuer)
    again = Store(folder).issuer("okta")
    key = jwt.PyJWK(issuer.keys.jwks()["keys"][0])
    jwt.decode(again.mint(), key, algorithms=["RS256"], issuer=issuer.url, audience=issuer.audience)
    Store(folder).put(Issuer("okta"))
    assert Store(folder).issuer("okta").url == Issuer("okta").url


def test_users_and_clients_are_there_in_the_next_process(folder: Path) -> None:
    issuer = Store(folder).issuer("okta")
    issuer.users.add("dora", groups=("ops",))
    issuer.clients.add("app", client_secret="s", redirect_uris=("https://app.example/cb",))
    again = Store(folder).issuer("okta")
    assert again.users.get("dora").groups == ("ops",)
    assert again.clients.get("app").redirect_uris == ("https://app.example/cb",)
    assert "dora" not in [user.name for user in Store(folder).issuer("cognito").users]


def test_the_journal_survives_and_keeps_to_its_length(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fake_idp.store.log.LIMIT", 3)
    for start in (0, 2):
        store = Store(folder)
        issuer = store.issuer("plain")
        log = Log(store.database, [issuer])
        log.start()
        assert [each.path for each in issuer.journal] == [f"/{number}" for number in range(start)]
        for number in (start, start + 1):
            issuer.journal.note(1.5, "GET", f"/{number}", b"a=1", [(b"accept", b"*/*")], None, 404)
        log.stop()
        store.database.close()
    store = Store(folder)
    issuer = store.issuer("plain")
    Log(store.database, [issuer])
    assert [each.path for each in issuer.journal] == ["/1", "/2", "/3"]
    assert issuer.journal[0].headers == {"accept": "*/*"}


def test_no_credential_is_in_the_file(folder: Path) -> None:
    store = Store(folder)
    issuer = store.issuer("plain")
    log = Log(store.database, [issuer])
    log.start()
    headers = [(b"authorization", b"Bearer SECRET-1")]
    issuer.journal.note(
        1.5, "POST", "/token", b"code=SECRET-2", headers, "token", 200, b"client_secret=SECRET-3"
    )
    log.stop()
    store.database.close()
    assert b"/token" in (folder / FILE).read_bytes()
    assert b"SECRET" not in (folder / FILE).read_bytes()


# The file and its owner


def test_the_state_folder_is_for_its_owner_only(folder: Path) -> None:
    old = os.umask(0)
    try:
        Store(folder).issuer("plain").mint()
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    finally:
        os.umask(old)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_default_state_folder_follows_the_xdg_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_IDP_STATE", "/chosen")
    assert default_folder() == Path("/chosen")
    monkeypatch.delenv("FAKE_IDP_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", "/xdg")
    assert default_folder() == Path("/xdg/fake-idp")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_folder() == Path.home() / ".local/state/fake-idp"


def spoilt(folder: Path, content: bytes) -> Path:
    folder.mkdir()
    file = folder / FILE
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("content", [b"{", b"SQLite format 3\0", b"\xff" * 5000, b"[" * 100_000])
def test_a_broken_file_is_reported_and_left_alone(folder: Path, content: bytes) -> None:
    file = spoilt(folder, content)
    for use in (
        lambda s: s.issuer("okta"),
        lambda s: s.names(),
        lambda s: s.put(Issuer("okta", algorithm="ES256")),
    ):
        with pytest.raises(StateError, match="broken and was left alone") as raised:
            use(Store(folder))
        assert str(file) in str(raised.value)
        assert "\n" not in str(raised.value)
    assert file.read_bytes() == content


def test_a_file_that_was_cut_off_is_reported(folder: Path) -> None:
    store = Store(folder)
    issuer = store.issuer("plain")
    for number in range(50):
        issuer.state.put("code", str(number), {"text": "x" * 1000})
    store.database.close()
    whole = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StateError, match="broken"):
        Store(folder).issuer("plain").state.items("code")
    assert (folder / FILE).read_bytes() == whole[: len(whole) // 2]


def test_an_empty_file_is_a_new_one(folder: Path) -> None:
    spoilt(folder, b"")
    assert Store(folder).issuer("plain").mint().count(".") == 2


def test_the_file_of_another_program_and_of_a_newer_version_are_refused(folder: Path) -> None:
    folder.mkdir()
    with contextlib.closing(sqlite3.connect(folder / FILE)) as connection:
        connection.execute("create table somebodys (thing)")
    with pytest.raises(StateError, match="is not a state file of fake-idp"):
        Store(folder).names()
    (folder / FILE).unlink()
    Store(folder).issuer("plain").state.put("code", "1", {})
    with contextlib.closing(sqlite3.connect(folder / FILE)) as connection:
        connection.execute(f"pragma user_version = {VERSION + 1}")
    with pytest.raises(
        StateError, match=f"is of version {VERSION + 1} and this fake-idp knows version {VERSION}"
    ):
        Store(folder).issuer("plain")


@pytest.mark.parametrize(
    "damage",
    [
        "update key set private_key = 'SECRET'",
        "update key set state = 'SECRET'",
        "update key set algorithm = 'SECRET'",
        "update key set members = 'SECRET'",
        "update issuer set included = 'SECRET', keys_version = 9",
    ],
)
def test_a_key_that_was_tampered_with_is_reported_and_not_shown(folder: Path, damage: str) -> None:
    store = Store(folder)
    ours = store.issuer("plain", algorithm="ES256")
    ours.mint()
    Database(folder).query(damage)
    with pytest.raises(StateError, match="key of 'plain' that is broken") as raised:
        Store(folder).issuer("plain").mint()
    assert "SECRET" not in str(raised.value)
    assert ours.mint().count(".") == 2


def test_a_folder_that_is_none_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StateError, match="cannot be used"):
        Store(tmp_path / "file").issuer("plain").mint()


def test_a_file_that_goes_or_is_replaced_is_noticed_and_the_keys_stay(folder: Path) -> None:
    store = Store(folder)
    issuer = store.issuer("plain", algorithm="ES256")
    before = issuer.mint()
    (folder / FILE).rename(folder / "elsewhere")
    with pytest.raises(StateError, match="is gone"):
        store.refresh()
    assert issuer.keys.get(jwt.get_unverified_header(before)["kid"])


# Several processes


def python(code: str, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


MINT = """
import pathlib, sys
from fake_idp.store import Store
print(Store(pathlib.Path(sys.argv[1])).issuer("okta").keys.current.kid)
"""

CONSUME = """
import pathlib, sys
from fake_idp.store import Store
state = Store(pathlib.Path(sys.argv[1])).issuer("plain").state
sys.stdin.readline()
for number in range(200):
    with state.transaction():
        code = state.get("code", str(number))
        if not code["used"]:
            state.put("code", str(number), {"used": True})
            print(number)
"""

WRITE = """
import itertools, pathlib, sys
from fake_idp.store import Store
issuer = Store(pathlib.Path(sys.argv[1])).issuer("plain")
for number in itertools.count():
    with issuer.state.transaction():
        for kind in ("a", "b"):
            issuer.state.put(kind, "n", {"number": number})
    if number % 7 == 0:
        issuer.keys.rotate(overlap=False)
    if number == 20:
        print("busy", flush=True)
"""


def test_processes_that_begin_at_once_agree_on_one_key(folder: Path) -> None:
    processes = [python(MINT, str(folder)) for _ in range(3)]
    said = {process.communicate(timeout=20)[0] for process in processes}
    assert len(said) == 1
    assert said != {""}


def test_a_code_is_used_once_across_processes(folder: Path) -> None:
    store = Store(folder)
    issuer = store.issuer("plain", algorithm="ES256")
    with issuer.state.transaction():
        for number in range(200):
            issuer.state.put("code", str(number), {"used": False})
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CONSUME, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    used = [process.communicate("go\n", timeout=20)[0].split() for process in processes]
    assert sorted(map(int, [*used[0], *used[1]])) == list(range(200))


def test_a_process_that_is_killed_while_it_writes_leaves_a_file_that_is_whole(folder: Path) -> None:
    for _ in range(4):
        issuer = Store(folder).issuer("plain", algorithm="ES256")
        issuer.mint()
        process = python(WRITE, str(folder))
        assert process.stdout is not None
        assert process.stdout.readline() == "busy\n", process.communicate()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        store = Store(folder)
        again = store.issuer("plain")
        assert again.state.get("a", "n") == again.state.get("b", "n") != None  # noqa: E711
        assert [held.state for held in again.keys.held].count("current") == 1
        assert store.database.query("pragma integrity_check") == [("ok",)]
        again.keys.restore(again.keys.held[-1:])


def test_a_process_that_is_killed_at_its_first_write_leaves_nothing_in_the_way(folder: Path) -> None:
    code = "import pathlib, sys, time\nfrom fake_idp.store import database\nreal = database._TABLES\n"
    code += "class Slow(tuple):\n def __iter__(self):\n  yield real[0]\n"
    code += "  print('half', flush=True)\n  time.sleep(60)\n"
    code += "database._TABLES = Slow()\ndatabase.Database(pathlib.Path(sys.argv[1])).query('select 1')"
    process = python(code, str(folder))
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    process.kill()
    process.communicate()
    assert Store(folder).issuer("plain", algorithm="ES256").mint().count(".") == 2


def test_an_endpoint_whose_state_is_broken_is_unavailable_and_no_5xx_has_a_traceback(folder: Path) -> None:
    folder.mkdir()
    store = Store(folder)
    with LoopbackServer() as server:
        issuer = store.issuer("plain", url=server.url)
        server.start(issuer.app)
        (folder / FILE).write_bytes(b"no database" * 1000)
        for url in (issuer.jwks_url, issuer.jwks_url):
            with pytest.raises(urllib.error.HTTPError) as raised:
                urllib.request.urlopen(url, timeout=5)
            with raised.value as answer:
                assert answer.code == 503
                assert json.load(answer)["error"] == "temporarily_unavailable"
        (folder / FILE).unlink()
        with urllib.request.urlopen(issuer.jwks_url, timeout=5) as answer:
            assert len(json.load(answer)["keys"]) == 1
