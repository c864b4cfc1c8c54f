"""``fake-idp decode``."""

from __future__ import annotations

import argparse
import json
import time

from fake_idp.cli.common import bold, dim, print_json, read, store_of
from fake_idp.cli.parser import add_json, add_preset, add_state, completed, example
from fake_idp.decode import explain, stripped

__all__ = ["add"]


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "token", nargs="?", default="-", metavar="TOKEN", help="the token, or - to read it from standard input"
    )
    add_preset(parser, "check it as this issuer's")
    parser.add_argument("--issuer", metavar="URL", help="the issuer's name (default: as last served)")
    completed(
        parser.add_argument(
            "--jwks", metavar="FILE|URL", help="check the signature with these keys (a URL of this machine only)"
        ),
        "file",
    )
    add_json(parser)
    add_state(parser)
    parser.epilog = example("fake-idp mint | fake-idp decode", "fake-idp mint --preset okta | fake-idp decode --preset okta")
    parser.set_defaults(run=_run)
