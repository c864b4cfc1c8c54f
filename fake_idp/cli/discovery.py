"""``fake-idp discovery``."""

from __future__ import annotations

import argparse

from fake_idp.cli.common import issuer_of, print_json
from fake_idp.cli.parser import add_preset, add_state, example

__all__ = ["add"]


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_preset(parser)
    parser.add_argument("--issuer", metavar="URL", help="the issuer's name (default: as last served)")
    add_state(parser)
    parser.epilog = example("fake-idp discovery --preset cognito --issuer https://login.example.com")
    parser.set_defaults(run=lambda args: print_json(issuer_of(args).discovery()))
