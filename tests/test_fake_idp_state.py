"""What an issuer remembers: the same in memory and in the state file."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fake_idp.state import KEPT_AFTER_EXPIRY, MemoryState, State
from fake_idp.store.database import Database
from fake_idp.store.records import SqliteState


@pytest.fixture(params=["memory", "sqlite"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> State:
    return MemoryState() if request.param == "memory" else SqliteState(Database(tmp_path), "plain")


def test_records_are_kept_by_kind_and_key_in_their_order(state: State) -> None:
    for key in ("b", "a", "c"):
        state.put("code", key, {"n": 1})
    state.put("code", "b", {"n": 2})
    state.put("user", "b", {"n": 3})
    state.delete("code", "a")
    state.delete("code", "nothing")
    assert state.items("code") == [("b", {"n": 2}), ("c", {"n": 1})]
    assert state.get("code", "a") is None
    state.clear("code")
    assert (state.items("code"), state.items("user")) == ([], [("b", {"n": 3})])
    state.clear()
    assert state.items("user") == []


def test_what_is_handed_out_is_a_copy(state: State) -> None:
    record: dict[str, Any] = {"list": []}
    state.put("code", "a", record)
    record["list"].append(1)
    found = state.get("code", "a")
    assert found == {"list": []}
    found["list"].append(2)
    assert state.get("code", "a") == {"list": []}


def test_a_transaction_is_all_or_nothing_and_may_contain_another(state: State) -> None:
    with state.transaction():
        state.put("code", "kept", {})
        with contextlib.suppress(ZeroDivisionError), state.transaction():
            state.put("code", "lost", {})
            raise ZeroDivisionError
    with contextlib.suppress(ZeroDivisionError), state.transaction():
        state.put("code", "lost too", {})
        raise ZeroDivisionError
    assert [key for key, _ in state.items("code")] == ["kept"]


def test_what_a_failed_transaction_changed_is_as_it_was_and_in_its_place(state: State) -> None:
    for key in ("a", "b", "c"):
        state.put("code", key, {"n": 1, "expires_at": 0})
    state.put("user", "a", {})
    before = state.items("code"), state.items("user")
    with contextlib.suppress(ZeroDivisionError), state.transaction():
        state.put("code", "a", {"n": 2})
        state.delete("code", "b")
        state.put("code", "d", {})
        state.clear("user")
        state.put("user", "z", {})
        state.prune(KEPT_AFTER_EXPIRY + 1)
        raise ZeroDivisionError
    assert (state.items("code"), state.items("user")) == before
    state.put("code", "e", {})
    assert [key for key, _ in state.items("code")] == ["a", "b", "c", "e"]


def test_threads_see_each_others_transactions_whole(state: State) -> None:
    state.put("count", "n", {"n": 0})

    def count() -> None:
        for _ in range(50):
            with state.transaction():
                found = state.get("count", "n")
                assert found is not None
                state.put("count", "n", {"n": found["n"] + 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert state.get("count", "n") == {"n": 200}


def test_what_expired_over_a_day_ago_is_forgotten(state: State) -> None:
    for key, expires in (("old", 0.0), ("fresh", KEPT_AFTER_EXPIRY + 0.0)):
        state.put("code", key, {"expires_at": expires})
    state.put("code", "lasting", {})
    state.prune(KEPT_AFTER_EXPIRY + 10)
    assert [key for key, _ in state.items("code")] == ["fresh", "lasting"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(key=st.text(st.characters()), record=st.dictionaries(st.text(), json_values))
def test_any_key_and_any_json_can_be_kept(state: State, key: str, record: dict[str, Any]) -> None:
    record.pop("expires_at", None)
    state.put("any", key, record)
    assert state.get("any", key) == record
    assert (key, record) in state.items("any")
