"""The matrix of a run: scenario by provider path, a row as soon as its last case is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from harness.scenario import EVERY_PATH
from harness.verdict import Result, Verdict

__all__ = ["Matrix", "failure_block", "summary_line"]

_SIGNS: dict[Verdict, tuple[str, str]] = {
    "pass": ("✓", "32"),
    "fail": ("✗ fail", "31;1"),
    "error": ("! error", "35;1"),
    "skip": ("- skip", "33"),
    "divergence": ("≠ known", "36"),
}
#: The worst verdict of a cell's cases is the cell's.
_ORDER: tuple[Verdict, ...] = ("error", "fail", "divergence", "skip", "pass")
_HEADINGS = {"identity_center": "Identity Center", "cognito": "Cognito", "oidc": "OIDC"}
_ID, _CELL, _TITLE = 24, 17, 58


class Matrix:
    """The table, line by line.

    Args:
        planned: how many cases each scenario has on each provider path, in the order of the rows.
        titles: what each scenario says.
        colour: whether the terminal shows colours.
    """

    def __init__(
        self, planned: Mapping[tuple[str, str], int], titles: Mapping[str, str], *, colour: bool
    ) -> None:
        self._planned = dict(planned)
        self._titles = titles
        self._colour = colour
        self._results: dict[tuple[str, str], list[Result]] = {}

    def heading(self) -> list[str]:
        """The lines above the first row."""
        cells = "".join(f"{_HEADINGS[provider]:<{_CELL}}" for provider in EVERY_PATH)
        return [self._paint(f"{'scenario':<{_ID}}{cells}what must hold", "1")]

    def add(self, result: Result) -> str | None:
        """Take a result in; the row of its scenario, if that is complete now."""
        self._results.setdefault((result.id, result.provider), []).append(result)
        mine = {key: count for key, count in self._planned.items() if key[0] == result.id}
        done = all(len(self._results.get(key, ())) >= count for key, count in mine.items())
        return self._row(result.id) if done else None

    def _row(self, scenario: str) -> str:
        cells = "".join(self._cell(self._results.get((scenario, provider), ())) for provider in EVERY_PATH)
        return f"{scenario:<{_ID}}{cells}{_shorten(self._titles.get(scenario, ''))}"

    def _cell(self, results: Sequence[Result]) -> str:
        if not results:
            return self._paint(f"{'·':<{_CELL}}", "2")
        counts = Counter(result.verdict for result in results)
        worst = next(verdict for verdict in _ORDER if counts[verdict])
        sign, colour = _SIGNS[worst]
        many = f" {counts[worst]}/{len(results)}" if len(results) > 1 and worst != "pass" else ""
        passed = f" {len(results)}" if len(results) > 1 and worst == "pass" else ""
        return self._paint(f"{sign}{many}{passed}".ljust(_CELL), colour)

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text


def summary_line(results: Iterable[Result], seconds: float) -> str:
    """How many of each verdict, in one line."""
    counts = Counter(result.verdict for result in results)
    words = [f"{counts[verdict]} {verdict}" for verdict in reversed(_ORDER) if counts[verdict]]
    return f"{', '.join(words) or 'nothing was run'} in {seconds:.1f} s"


def failure_block(result: Result, source: str) -> list[str]:
    """A failure as a person needs it: what, where, what was expected and seen, and how to see it again."""
    observed = result.observed.rstrip().splitlines() or ["nothing"]
    return [
        f"{result.verdict.upper()}  {result.name}  on {result.provider}, MCP {result.wire}",
        f"  expected  {result.expected}",
        f"  observed  {observed[0]}",
        *(f"            {line}" for line in observed[1:]),
        f"  source    {source}",
        f"  again     {result.replay}",
    ]


def _shorten(text: str) -> str:
    return text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…"
