"""The issuer's clock: it runs, stops, moves and comes back."""

from __future__ import annotations

import math
import threading
import time
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_idp import Clock, InvalidValue


def at(wall: float) -> mock._patch[object]:
    return mock.patch("time.time", return_value=wall)


def test_it_runs_with_wall_time_and_keeps_its_distance() -> None:
    clock = Clock()
    with at(1000.0):
        assert clock.state == (1000.0, 0.0, False)
        clock.advance(50)
        clock.advance(-10)
        assert clock.state == (1040.0, 40.0, False)
    with at(2000.0):
        assert clock.now() == 2040.0


def test_a_stopped_clock_stands_until_it_is_moved() -> None:
    clock = Clock()
    with at(1000.0):
        clock.freeze()
    with at(2000.0):
        assert clock.now() == 1000.0
        clock.advance(5)
        assert clock.state == (1005.0, -995.0, True)
        assert repr(clock) == "<Clock at 1005.000, frozen>"
        clock.freeze(at=77)
        assert clock.now() == 77
        clock.reset()
        assert clock.state == (2000.0, 0.0, False)


@given(moves=st.lists(st.one_of(st.none(), st.floats(allow_nan=True), st.just("freeze"), st.just("reset"))))
def test_it_never_leaves_the_years_1970_to_9999(moves: list[float | str | None]) -> None:
    clock = Clock()
    for move in moves:
        before = clock.state
        try:
            if move == "freeze":
                clock.freeze()
            elif move == "reset" or move is None:
                clock.reset()
            else:
                clock.advance(float(move))
        except InvalidValue:
            assert clock.state[1:] == pytest.approx(before[1:], abs=1)
        assert 0 <= clock.now() <= 253_402_300_799


@pytest.mark.parametrize("when", [-1, math.nan, math.inf, 253_402_300_800])
def test_it_cannot_be_stopped_out_of_time(when: float) -> None:
    clock = Clock()
    with pytest.raises(InvalidValue, match="1970 to 9999"):
        clock.freeze(at=when)
    assert abs(clock.now() - time.time()) < 60


def test_moves_of_several_threads_all_count() -> None:
    clock = Clock()
    clock.freeze(at=0)
    threads = [threading.Thread(target=lambda: [clock.advance(1) for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == 2000
