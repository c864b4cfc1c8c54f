"""The catalogue itself: every scenario can be found, explained and traced to its source."""

import contextlib
import csv
import logging
from pathlib import Path

import pytest

from harness.scenario import BOTH_WIRES, EVERY_PATH, cases, load, scenario
from harness.target import Target
from harness.verdict import judge

ROWS = Path(__file__).parents[2] / "shared" / "scenarios.tsv"
#: Ours, since every refusal needs a call that is not refused beside it.
NOT_IN_THE_TABLE = {"tr.honest"}


@pytest.mark.parametrize("entry", load(), ids=lambda entry: entry.id)
def test_a_scenario_says_what_holds_why_and_who_says_so(entry):
    assert not entry.title.endswith(".")
    assert len(entry.explanation) > 20
    assert entry.source
    assert set(entry.on) <= set(EVERY_PATH)
    assert set(entry.wires) <= set(BOTH_WIRES)
    assert set(entry.skips) <= set(entry.on)


def test_every_scenario_is_a_row_of_the_table():
    if not ROWS.exists():
        pytest.skip("the table is not part of the project")
    with ROWS.open(encoding="utf-8") as file:
        rows = {row["id"] for row in csv.DictReader(file, delimiter="\t")}
    assert {entry.id for entry in load()} - NOT_IN_THE_TABLE <= rows


def test_the_names_among_pytests_are_unique_and_need_no_quoting():
    names = [case.node for case in cases()]
    assert len(names) == len(set(names))
    assert all(name.replace("-", "").replace(".", "").replace("_", "").isalnum() for name in names)


def test_two_scenarios_of_one_id_are_refused_at_import():
    with pytest.raises(ValueError, match=r"two scenarios are called sig\.none"):
        scenario("sig.none", title="again", source="nobody")(lambda world: None)


def test_a_defect_of_the_harness_is_an_error_and_never_blamed_on_the_target(monkeypatch):
    case = next(case for case in cases() if case.scenario.id == "sig.none")
    monkeypatch.setattr("harness.world.World.forge", lambda *_: 1 / 0)
    result = judge(case, Target())
    assert result.verdict == "error"
    assert "ZeroDivisionError" in result.observed


def test_the_steps_of_a_scenario_that_are_not_met_are_a_fail_with_what_was_seen(monkeypatch):
    case = next(case for case in cases() if case.scenario.id == "sig.none")
    monkeypatch.setattr("harness.world.World.forge", lambda world, _: world.mint("alice"))
    result = judge(case, Target())
    assert (result.verdict, result.expected) == ("fail", "401 invalid_token")
    assert result.observed == "200 a result"


def _leaky(environ):
    """The reference server, and its log says too much."""
    from harness.reference_server import Parts, create_app
    from harness.reference_server.tokens import TokenVerifier

    class Verifier(TokenVerifier):
        async def verify(self, token):
            logging.getLogger("server").info("got %s", token)
            return await super().verify(token)

    return create_app(environ, parts=Parts(verifier=Verifier))


def _curious(environ):
    """The reference server, and at every token it asks a host of its own choice."""
    import httpx2

    from harness.reference_server import Parts, create_app
    from harness.reference_server.tokens import TokenVerifier

    class Verifier(TokenVerifier):
        async def verify(self, token):
            async with httpx2.AsyncClient(proxy=environ["HTTPS_PROXY"]) as client:
                with contextlib.suppress(httpx2.TransportError):
                    await client.get("https://evil.example/")
            return await super().verify(token)

    return create_app(environ, parts=Parts(verifier=Verifier))


def _chatty(environ):
    """The reference server, and its log tells the credentials that it got."""
    from harness.reference_server import Parts, create_app
    from harness.reference_server.credentials import CredentialCache

    class Credentials(CredentialCache):
        async def exchange(self, caller):
            got = await super().exchange(caller)
            logging.getLogger("server").info("signing with %s", got.session_token)
            return got

    return create_app(environ, parts=Parts(credentials=Credentials))


@pytest.mark.parametrize(
    ("server", "seen"),
    [
        ("_leaky", "token 1"),
        ("_chatty", "a caller's session token"),
        ("_curious", "target -> evil.example:443 (refused)"),
    ],
)
def test_an_invariant_catches_what_no_scenario_asks_for(server, seen):
    case = next(case for case in cases() if case.scenario.id == "tr.honest")
    result = judge(case, Target(f"{__name__}:{server}"))
    assert (result.verdict, result.observed) == ("fail", seen)
