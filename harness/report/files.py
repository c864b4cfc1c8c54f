"""``report.json``: the machine-readable report, a versioned contract."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from harness.verdict import Result, Verdict

__all__ = ["write_json"]

#: Raised when a member changes its meaning or goes; new members do not raise it.
VERSION = 1


def write_json(folder: Path, results: Sequence[Result], *, target: str) -> Path:
    """Write the report and return where it is."""
    counts = Counter(result.verdict for result in results)
    document = {
        "version": VERSION,
        "target": {"name": target},
        "summary": {verdict: counts[verdict] for verdict in get_args(Verdict)},
        "results": [result.as_dict() for result in results],
    }
    path = folder / "report.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
