"""Run one case and judge it."""

from __future__ import annotations

import time
import traceback
from dataclasses import asdict, dataclass
from typing import Any, Literal

from harness import invariants
from harness.errors import Mismatch, TargetError
from harness.scenario import Case
from harness.target import REFERENCE_SERVER, Target
from harness.world import World

__all__ = ["Result", "Verdict", "judge"]

#: ``fail``: the target is wrong. ``error``: the harness is wrong, which is never blamed on the target.
Verdict = Literal["pass", "fail", "error", "skip", "divergence"]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of one case; the members of an entry of ``report.json``.

    Attributes:
        id: the scenario's id.
        case: its parameter, empty if it has none.
        provider: the provider path.
        wire: the MCP revision.
        verdict: what is to be thought of it.
        expected: what the rule asks for.
        observed: what was seen.
        seconds: how long it took, in seconds, its world's set-up included.
        replay: the command that runs it again, alone.
    """

    id: str
    case: str
    provider: str
    wire: str
    verdict: Verdict
    expected: str
    observed: str
    seconds: float
    replay: str

    @property
    def name(self) -> str:
        """The scenario's id, with the parameter in brackets if there is one."""
        return f"{self.id}[{self.case}]" if self.case else self.id

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``report.json``."""
        return asdict(self)


def judge(case: Case, target: Target) -> Result:
    """Make a world, go through the steps, hold the invariants."""
    start = time.perf_counter()
    verdict, expected, observed = _run(case, target)
    return Result(
        id=case.scenario.id,
        case=case.case,
        provider=case.provider,
        wire=case.wire,
        verdict=verdict,
        expected=expected,
        observed=observed,
        seconds=round(time.perf_counter() - start, 4),
        replay=_replay(case, target),
    )


def _replay(case: Case, target: Target) -> str:
    named = "" if target.name == REFERENCE_SERVER else f" --target {target.name}"
    return f"harness run '{case.name}' --provider {case.provider} --wire {case.wire}{named}"


def _run(case: Case, target: Target) -> tuple[Verdict, str, str]:
    """The verdict, what was expected, and what was observed."""
    rule = case.scenario.title
    if case.provider in case.scenario.skips:
        return "skip", rule, case.scenario.skips[case.provider]
    try:
        with World(case.provider, target=target, wire=case.wire) as world:
            case.run(world)
            observed = ", ".join(answer.summary for answer in world.driver.answers)
            invariants.check(world, case.scenario)
    except Mismatch as mismatch:
        return "fail", mismatch.expected, mismatch.observed
    except TargetError as error:
        return "fail", "a server that starts", str(error)
    except Exception:  # whatever else it is, it is ours, and the run goes on
        return "error", rule, traceback.format_exc()
    return "pass", rule, observed
