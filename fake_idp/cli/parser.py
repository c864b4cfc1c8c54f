"""What ``fake-idp`` understands on the command line.

Every command is a module beside this one with ``add(parser)``, which says what the command takes and
what runs it. Only the module of the command at hand is imported.
"""

from __future__ import annotations

import argparse
import importlib
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from fake_idp.errors import UnknownName

__all__ = [
    "COMMANDS",
    "WARNING",
    "Parser",
    "add_json",
    "add_preset",
    "add_state",
    "build_parser",
    "completed",
    "example",
]

WARNING = "for tests only: it signs whatever it is asked to"

COMMANDS = {
    "serve": "publish issuers and let people and programs sign in",
    "mint": "print an honest token",
    "forge": "print a hostile token: an honest one with one defect",
    "decode": "explain a token, and check what can be checked offline",
    "jwks": "print an issuer's keys as it publishes them",
    "discovery": "print an issuer's discovery document",
    "keys": "list, rotate, announce, retire and export keys",
    "presets": "list the vendors, or show one's claims and where they come from",
    "completion": "print a completion script for a shell",
}
"""Every command with what it does; its module is named like it."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the usage is a ``--help`` away."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")

    def parse_known_args(self, *given: Any, **named: Any) -> Any:
        """Refuse what is left over here, where it is known which command's options there are."""
        found, rest = super().parse_known_args(*given, **named)
        if rest:
            options = [name for action in self._actions for name in action.option_strings]
            hint = _nearest(rest[0].partition("=")[0], options) if rest[0].startswith("--") else ""
            self.error(f"unrecognized arguments: {' '.join(rest)}{hint}")
        return found, rest

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        known = [str(each) for each in action.choices]
        hint = _nearest(str(value), known) or f"; known: {', '.join(known)}"
        raise argparse.ArgumentError(action, f"invalid choice: {value!r}{hint}")


def _nearest(name: str, known: Sequence[str]) -> str:
    nearest = UnknownName("word", name, known).nearest
    return f"; did you mean {nearest!r}?" if nearest else ""


def build_parser(command: str | None) -> Parser:
    """Make the parser.

    Args:
        command: the only command whose options are wanted; every one's when it is none of them.
    """
    parser = Parser(
        prog="fake-idp",
        description=f"A fake OIDC issuer, {WARNING}.",
        epilog=example("fake-idp serve", "fake-idp mint --preset okta --sub alice"),
    )
    # Without ``prog`` argparse formats a usage to find it out, for which it imports five modules.
    commands = parser.add_subparsers(required=True, metavar="COMMAND", prog=parser.prog)
    for name, summary in COMMANDS.items():
        made = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if command not in COMMANDS or command == name:
            importlib.import_module(f"fake_idp.cli.{name}").add(made)
    return parser


def add_state(parser: argparse.ArgumentParser) -> None:
    """``--state``: whose keys and settings."""
    completed(
        parser.add_argument(
            "--state",
            type=Path,
            metavar="DIR",
            help="state folder (default: $FAKE_IDP_STATE or ~/.local/state/fake-idp)",
        ),
        "directory",
    )


def add_json(parser: argparse.ArgumentParser, what: str = "print JSON") -> None:
    """``--json``: for programs."""
    parser.add_argument("--json", action="store_true", help=what)


def add_preset(
    parser: argparse.ArgumentParser, help_: str = "the vendor (default: plain)", **more: Any
) -> None:
    """``--preset``: a vendor, or a preset of one's own."""
    completed(
        parser.add_argument(
            "--preset", metavar="PRESET", help=f"{help_}: a name, a TOML file, or module:Class", **more
        ),
        "preset",
    )


def completed(action: argparse.Action, kind: str) -> None:
    """Say what a shell completes there: see ``fake_idp.cli.completion``."""
    action.complete = kind  # type: ignore[attr-defined]


def example(*lines: str) -> str:
    """The end of a help text."""
    return "example:\n" + textwrap.indent("\n".join(lines), "  ")
