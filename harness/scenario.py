"""A scenario: a condition, the provider paths it holds on, what must happen, and who says so."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from harness.driver import WIRES
from harness.errors import no_such

if TYPE_CHECKING:
    from harness.world import World

__all__ = ["BOTH_WIRES", "CATALOGUE", "EVERY_PATH", "Case", "Scenario", "cases", "find", "load", "scenario"]

#: Where the scenarios are: imported by name, since harness is below them.
CATALOGUE = "scenarios"

#: The provider paths, and the two MCP revisions.
EVERY_PATH = ("identity_center", "cognito", "oidc")
BOTH_WIRES = WIRES

Steps = Callable[..., None]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One row of the catalogue.

    Attributes:
        id: theme and name, for example ``sig.none``.
        title: what must hold, as a sentence.
        source: the clause, advisory or documentation that the rule comes from.
        on: the provider paths that it is run on.
        wires: the MCP revisions that it is run on.
        cases: the parameters; each is run by itself. Without any, it is run once.
        steps: what is done and what must come of it; takes the world, and the case if there are any.
        skips: provider paths of the row on which it cannot be run, each with the reason.
        outage: whether a 503 may be an answer on the way (RFC 9110 section 15.6.4).
        broken_afterwards: why an honest token is refused at the end; empty if it must be accepted.
    """

    id: str
    title: str
    source: str
    on: tuple[str, ...] = EVERY_PATH
    wires: tuple[str, ...] = (WIRES[0],)
    cases: tuple[str, ...] = ()
    steps: Steps = field(repr=False)
    skips: Mapping[str, str] = field(default_factory=dict)
    outage: bool = False
    broken_afterwards: str = ""

    @property
    def theme(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]

    @property
    def explanation(self) -> str:
        """Why it matters: the docstring of its steps."""
        return inspect.getdoc(self.steps) or ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A scenario with everything chosen: what is run at once, and judged by itself."""

    scenario: Scenario
    case: str
    provider: str
    wire: str

    @property
    def name(self) -> str:
        """The scenario's id, with the parameter in brackets if there is one."""
        return f"{self.scenario.id}[{self.case}]" if self.case else self.scenario.id

    @property
    def node(self) -> str:
        """The name among pytest's: letters that need no quoting in a shell."""
        return "-".join(part for part in (self.scenario.id, self.case, self.provider, self.wire) if part)

    def run(self, world: World) -> None:
        """Go through the steps."""
        self.scenario.steps(world, *([self.case] if self.case else []))


_registry: dict[str, Scenario] = {}


def scenario(
    name: str,
    *,
    title: str,
    source: str,
    on: Sequence[str] = EVERY_PATH,
    wires: Sequence[str] = (WIRES[0],),
    cases: Sequence[str] = (),
    skips: Mapping[str, str] = MappingProxyType({}),
    outage: bool = False,
    broken_afterwards: str = "",
) -> Callable[[Steps], Scenario]:
    """Put the decorated steps into the catalogue; the attributes are those of ``Scenario``.

    Raises:
        ValueError: if there is a scenario of that id already.
    """

    def enter(steps: Steps) -> Scenario:
        if name in _registry:
            raise ValueError(f"two scenarios are called {name}")
        _registry[name] = Scenario(
            id=name,
            title=title,
            source=source,
            on=tuple(on),
            wires=tuple(wires),
            cases=tuple(cases),
            steps=steps,
            skips=skips,
            outage=outage,
            broken_afterwards=broken_afterwards,
        )
        return _registry[name]

    return enter


def load() -> tuple[Scenario, ...]:
    """Every scenario of the catalogue, in the order of its files and lines."""
    package = importlib.import_module(CATALOGUE)
    for module in pkgutil.iter_modules(package.__path__, f"{CATALOGUE}."):
        if not module.name.rpartition(".")[2].startswith("test_"):
            importlib.import_module(module.name)
    return tuple(_registry.values())


def find(name: str) -> Scenario:
    """The scenario of that id.

    Raises:
        UsageError: if there is none; it names the nearest.
    """
    known = {scenario.id: scenario for scenario in load()}
    if name not in known:
        raise no_such("scenario", name, known)
    return known[name]


def cases() -> Iterator[Case]:
    """Every case of every scenario, on every provider path and wire that it names."""
    for entry in load():
        for case in entry.cases or ("",):
            for provider in entry.on:
                for wire in entry.wires:
                    yield Case(scenario=entry, case=case, provider=provider, wire=wire)
