"""The command ``harness``: run, list, show, up."""

from __future__ import annotations

import argparse
import gc
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from harness.errors import UsageError

__all__ = ["main"]

USAGE = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 as expected, 1 the target failed, 2 wrong usage, 3 ours."""
    options = _parser().parse_args(arguments)
    # Both end a command in an orderly way, also where a shell's `&` has switched Ctrl-C off.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        result: int = options.command(options)
    except UsageError as error:
        print(f"harness: {error}", file=sys.stderr)
        return USAGE
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        print(
            f"harness: {missing} is not installed; it comes with: pip install 'mcp-auth-harness[harness]'",
            file=sys.stderr,
        )
        return USAGE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `harness list | head`
        sys.stderr.close()
        return 0
    return result


class _Parser(argparse.ArgumentParser):
    """argparse, with one line for an error."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: {message} (see: {self.prog} --help)", file=sys.stderr)
        raise SystemExit(USAGE)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="harness",
        description="Drive an MCP server through every way in which authentication fails, offline.",
        epilog="example: harness run --report report",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = _command(
        commands, "run", _run, "run scenarios against a server", "harness run sig.none --provider oidc"
    )
    run.add_argument(
        "names", nargs="*", metavar="ID", help="scenarios, e.g. sig.none or aws.trust[deny]; all by default"
    )
    _choice(run)
    run.add_argument(
        "--target", metavar="MODULE:FACTORY", help="the server under test; the reference server by default"
    )
    run.add_argument("--report", type=Path, metavar="DIR", help="write report.json and junit.xml there")
    run.add_argument(
        "--pytest",
        action="append",
        default=[],
        metavar="ARG",
        help="hand an argument to pytest: --pytest=-x",
    )

    run.add_argument(
        "--jobs",
        type=_count,
        metavar="N",
        help="processes to share the work out among; one a core by default",
    )

    listing = _command(commands, "list", _list, "list the scenarios", "harness list --theme time")
    _choice(listing)
    listing.add_argument("--theme", help="only this theme, the part of the id before the dot")
    listing.add_argument("--json", action="store_true", help="for a program")

    show = _command(commands, "show", _show, "explain a scenario", "harness show jwks.rotate-hard")
    show.add_argument("name", metavar="ID")

    up = _command(
        commands, "up", _up, "start a world and print how to use it", "harness up --provider cognito"
    )
    up.add_argument("--provider", default="oidc", help="identity_center, cognito or oidc (the default)")
    up.add_argument(
        "--target", metavar="MODULE:FACTORY", help="the server in it; the reference server by default"
    )
    return parser


def _command(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    action: Callable[[argparse.Namespace], int],
    about: str,
    example: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=about, description=f"{about[0].upper()}{about[1:]}.", epilog=f"example: {example}"
    )
    parser.set_defaults(command=action)
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


def _choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--provider", help="only this path: identity_center, cognito or oidc")
    parser.add_argument("--wire", help="only this MCP revision: 2026-07-28 or 2025-11-25")


def _check(provider: str | None, wire: str | None) -> None:
    from harness.errors import no_such
    from harness.scenario import BOTH_WIRES, EVERY_PATH

    if provider is not None and provider not in EVERY_PATH:
        raise no_such("provider path", provider, EVERY_PATH)
    if wire is not None and wire not in BOTH_WIRES:
        raise no_such("wire", wire, BOTH_WIRES)


def _run(options: argparse.Namespace) -> int:
    if sys.stderr.isatty():
        print("building a pocket internet ...", file=sys.stderr)
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


def _list(options: argparse.Namespace) -> int:
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


def _show(options: argparse.Namespace) -> int:
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


def _up(options: argparse.Namespace) -> int:
    gc.disable()  # as in `run`
    from harness.up import up

    gc.enable()
    _check(options.provider, None)
    return up(options.provider, options.target)
