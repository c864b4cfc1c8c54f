"""``fake-idp``: serve issuers, mint and forge tokens, take tokens apart, look after keys.

Standard output carries the result and nothing else, standard error the talk. Exit code 2 means that
the command was not understood or could not be done as asked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from fake_idp.cli.parser import build_parser
from fake_idp.errors import FakeIdpError

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    if "" not in sys.path:  # for --preset module:Class; last, so that nothing there replaces a module
        sys.path.append("")
    try:
        args = build_parser(words[0] if words else None).parse_args(words)
        args.run(args)
        sys.stdout.flush()
    except FakeIdpError as error:
        print(f"fake-idp: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0
