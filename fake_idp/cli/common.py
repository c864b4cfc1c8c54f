"""What several commands do."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from fake_idp.errors import InvalidValue
from fake_idp.issuer import Issuer
from fake_idp.store import Store

__all__ = [
    "bold",
    "dim",
    "issuer_of",
    "json_object",
    "pairs",
    "print_json",
    "read",
    "say",
    "store_of",
]

_LIMIT = 4_000_000


def store_of(args: argparse.Namespace) -> Store:
    """The state folder that ``--state`` names."""
    return Store(args.state)


def issuer_of(args: argparse.Namespace) -> Issuer:
    """The issuer that ``--preset`` names, under ``--issuer`` and for ``--client-id`` where they are given."""
    issuer = store_of(args).issuer(args.preset or "plain")
    url, client_id = args.issuer, getattr(args, "client_id", None)
    return issuer if url is None and client_id is None else issuer.renamed(url=url, client_id=client_id)


def read(name: str, *, what: str) -> str:
    """The text of a file, or of standard input for ``-``.

    Raises:
        InvalidValue: it cannot be read.
    """
    try:
        data = sys.stdin.buffer.read(_LIMIT) if name == "-" else Path(name).read_bytes()[:_LIMIT]
    except (OSError, ValueError) as error:
        raise InvalidValue(what, f"{name}: {getattr(error, 'strerror', None) or error}") from None
    return data.decode("utf-8", "replace")


def json_object(text: str, *, what: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        InvalidValue: the text is none; the message says where it went wrong.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidValue(
            what, f"is not JSON: {error.msg} (line {error.lineno} column {error.colno})"
        ) from None
    except (ValueError, RecursionError):
        raise InvalidValue(what, "is not JSON") from None
    if not isinstance(value, dict):
        raise InvalidValue(what, 'is not a JSON object such as {"groups": ["ops"]}')
    return value


def pairs(given: list[str], option: str) -> dict[str, Any]:
    """``name=json``, several times.

    Raises:
        InvalidValue: one is not like that; the message says how to write a string.
    """
    found = {}
    for pair in given:
        name, separator, text = pair.partition("=")
        if not separator or not name:
            raise InvalidValue(option, f"is name=json, and {pair[:60]!r} is not")
        try:
            found[name] = json.loads(text)
        except (ValueError, RecursionError):
            hint = f"; for a string write {shlex.quote(name + '=' + json.dumps(text))}"
            raise InvalidValue(
                f"{option} {name}", f"the value is not JSON{hint if len(text) < 200 else ''}"
            ) from None
    return found


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Print the result for a program."""
    print(json.dumps(value, indent=indent))


def say(text: str) -> None:
    """Talk to the person, not to the program that reads the result."""
    print(f"fake-idp: {text}", file=sys.stderr)


def bold(text: str) -> str:
    """The text, bold on a terminal."""
    return _styled("1", text)


def dim(text: str) -> str:
    """The text, dim on a terminal."""
    return _styled("2", text)


def _styled(code: str, text: str) -> str:
    # no-color.org: any value that is not empty turns it off.
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty()
    return text if plain else f"\x1b[{code}m{text}\x1b[0m"
