"""What each command does. Heavy imports wait until a command needs them."""

from __future__ import annotations

import argparse
import gc
import json
import sys

__all__ = ["aws_serve", "exec_", "list_", "run", "show", "up"]


def _check(provider: str | None, wire: str | None) -> None:
    from harness.errors import no_such
    from harness.scenario import BOTH_WIRES, EVERY_PATH

    if provider is not None and provider not in EVERY_PATH:
        raise no_such("provider path", provider, EVERY_PATH)
    if wire is not None and wire not in BOTH_WIRES:
        raise no_such("wire", wire, BOTH_WIRES)


def _begin(doing: str = "building a pocket internet") -> None:
    """Tell a person that something is under way: it takes a moment until there is more to see."""
    if sys.stderr.isatty():
        print(f"{doing} ...", file=sys.stderr)


def run(options: argparse.Namespace) -> int:
    """Run scenarios."""
    _begin()
    gc.disable()  # imports make no garbage; `run` switches it on again when they are done
    from harness.report.run import run
    from harness.target import REFERENCE_SERVER

    _check(options.provider, options.wire)
    return run(
        names=options.names,
        provider=options.provider,
        wire=options.wire,
        target=options.target or REFERENCE_SERVER,
        report=options.report,
        jobs=options.jobs,
        extra=options.pytest,
    )


def list_(options: argparse.Namespace) -> int:
    """List scenarios."""
    from harness.errors import no_such
    from harness.scenario import load

    _check(options.provider, options.wire)
    themes = {entry.theme for entry in load()}
    if options.theme is not None and options.theme not in themes:
        raise no_such("theme", options.theme, themes)
    chosen = [
        entry
        for entry in load()
        if options.theme in {None, entry.theme}
        and (options.provider is None or options.provider in entry.on)
        and (options.wire is None or options.wire in entry.wires)
    ]
    if options.json:
        fields = ("id", "title", "source", "on", "wires", "cases")
        print(json.dumps([{field: getattr(entry, field) for field in fields} for entry in chosen], indent=1))
        return 0
    for entry in chosen:
        print(f"{entry.id:<24}{entry.title}")
    print(f"{len(chosen)} scenarios", file=sys.stderr)
    return 0


def show(options: argparse.Namespace) -> int:
    """Explain a scenario."""
    from harness.scenario import find

    entry = find(options.name)
    print(f"{entry.id}: {entry.title}\n\n{entry.explanation}\n")
    print(f"paths   {', '.join(entry.on)}\nwires   {', '.join(entry.wires)}")
    if entry.cases:
        print(f"cases   {', '.join(entry.cases)}")
    for provider, reason in entry.skips.items():
        print(f"skipped on {provider}: {reason}")
    print(f"source  {entry.source}\nrun it  harness run {entry.id}")
    return 0


def up(options: argparse.Namespace) -> int:
    """Start a world that stays."""
    _begin()
    gc.disable()  # as in `run`
    from harness.up import up

    gc.enable()
    _check(options.provider, None)
    return up(options.provider, options.target)


def exec_(options: argparse.Namespace) -> int:
    """Run a command inside a world."""
    _begin()
    gc.disable()  # as in `run`
    from harness.exec import run

    gc.enable()
    _check(options.provider, None)
    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    return run(words, provider=options.provider, person=options.person, target=options.target)


def aws_serve(options: argparse.Namespace) -> int:
    """Serve an emulated AWS."""
    _begin("starting an AWS account")
    gc.disable()  # as in `run`
    from harness.emulator.serve import serve

    gc.enable()
    return serve(
        port=options.port,
        account_id=options.account,
        region=options.region,
        trust=options.trust,
        internet=options.internet,
        as_json=options.json,
    )
