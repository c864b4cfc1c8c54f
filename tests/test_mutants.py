"""The scenarios can see: each broken server is caught, by the scenarios that are for its defect."""

import pytest

from harness.scenario import cases
from harness.target import Target
from harness.verdict import judge
from tests.mutants import MUTANTS


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_caught_by_every_scenario_that_is_for_it(mutant):
    target = Target(f"tests.mutants.{mutant}:create_app")
    wanted = set(MUTANTS[mutant])
    caught: dict[str, set[str]] = {name: set() for name in wanted}
    for case in cases():
        if case.scenario.id in wanted and case.provider not in case.scenario.skips:
            caught[case.scenario.id].add(judge(case, target).verdict)
    blind = {
        name: verdicts for name, verdicts in caught.items() if "fail" not in verdicts or "error" in verdicts
    }
    assert not blind


def test_there_are_mutants_for_the_whole_chain():
    assert len(MUTANTS) >= 8
