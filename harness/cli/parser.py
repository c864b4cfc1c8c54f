"""The words of the command ``harness``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from harness.cli import commands
from harness.errors import no_such

__all__ = ["USAGE", "build"]

USAGE = 2
"""The exit code for wrong usage."""


_CHOICE = re.compile(r"argument \S+: invalid choice: '(.*?)' \(choose from (.*)\)", re.DOTALL)


class _Parser(argparse.ArgumentParser):
    """argparse, with one line for an error, which has the nearest right word."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; an option that there is not is an error of the command that it was given to."""
        found, extra = super().parse_known_args(args, namespace)
        unknown = next((word for word in extra if word.startswith("--") and word != "--"), None)
        if unknown is not None:
            name = unknown.partition("=")[0]
            self.error(str(no_such("option", name, self._option_string_actions)))
        return found, extra

    def error(self, message: str) -> NoReturn:
        choice = _CHOICE.fullmatch(message)
        if choice is not None:
            message = str(no_such("command", choice[1], re.findall("'([^']+)'", choice[2])))
        print(f"{self.prog}: {message} (see: {self.prog} --help)", file=sys.stderr)
        raise SystemExit(USAGE)


def build() -> argparse.ArgumentParser:
    """Return the parser; what it parses has ``command``, which does it."""
    parser = _Parser(
        prog="harness",
        description="Drive an MCP server through every way in which authentication fails, offline.",
        epilog="example: harness run --report report",
    )
    under = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = _command(
        under, "run", commands.run, "run scenarios against a server", "harness run sig.none --provider oidc"
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

    listing = _command(under, "list", commands.list_, "list the scenarios", "harness list --theme time")
    _choice(listing)
    listing.add_argument("--theme", help="only this theme, the part of the id before the dot")
    listing.add_argument("--json", action="store_true", help="for a program")

    show = _command(under, "show", commands.show, "explain a scenario", "harness show jwks.rotate-hard")
    show.add_argument("name", metavar="ID")

    up = _command(
        under, "up", commands.up, "start a world and print how to use it", "harness up --provider cognito"
    )
    up.add_argument("--provider", default="oidc", help="identity_center, cognito or oidc (the default)")
    up.add_argument(
        "--target", metavar="MODULE:FACTORY", help="the server in it; the reference server by default"
    )

    inside = _command(
        under,
        "exec",
        commands.exec_,
        "run a command inside a world, or your shell when none is given",
        "harness exec --provider cognito -- aws sts get-caller-identity",
    )
    inside.add_argument("--provider", default="oidc", help="identity_center, cognito or oidc (the default)")
    inside.add_argument(
        "--as",
        dest="person",
        metavar="PERSON",
        help="with the AWS identity that the path gives this person; by default the administrator",
    )
    inside.add_argument(
        "--target", metavar="MODULE:FACTORY", help="the server in it; the reference server by default"
    )
    inside.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="the command and its arguments"
    )

    aws = under.add_parser(
        "aws",
        help="the emulated AWS alone",
        description="The emulated AWS alone.",
        epilog="example: harness aws serve --port 4599",
    ).add_subparsers(title="commands", required=True, metavar="COMMAND")
    serve = _command(
        aws,
        "serve",
        commands.aws_serve,
        "serve an emulated AWS account on a port of this machine",
        "harness aws serve --trust https://acme.okta.com=http://127.0.0.1:9000",
    )
    serve.add_argument("--port", type=_port, default=4599, help="on 127.0.0.1; 0 chooses one (default: 4599)")
    serve.add_argument("--account", metavar="ID", help="the account's 12 digits; any by default")
    serve.add_argument("--region", type=_region, default="us-east-1", help="default: us-east-1")
    serve.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="ISSUER[=ADDRESS]",
        help="an issuer elsewhere whose keys may be fetched, and where on this machine it is; repeatable",
    )
    serve.add_argument(
        "--internet", action="store_true", help="also under AWS's own host names, by a proxy and TLS"
    )
    serve.add_argument("--json", action="store_true", help="print how to use it as one line of JSON")
    return parser


def _command(
    under: argparse._SubParsersAction[_Parser],
    name: str,
    action: Callable[[argparse.Namespace], int],
    about: str,
    example: str,
) -> argparse.ArgumentParser:
    parser = under.add_parser(
        name, help=about, description=f"{about[0].upper()}{about[1:]}.", epilog=f"example: {example}"
    )
    parser.set_defaults(command=action)
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes")
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _region(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-[0-9]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a region, such as us-east-1")
    return text


def _choice(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--provider", help="only this path: identity_center, cognito or oidc")
    parser.add_argument("--wire", help="only this MCP revision: 2026-07-28 or 2025-11-25")
