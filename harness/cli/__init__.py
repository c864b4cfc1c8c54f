"""The command ``harness``: run, list, show, up, exec, aws serve."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from harness.cli.parser import USAGE, build
from harness.errors import UsageError

__all__ = ["main"]

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 as expected, 1 the target failed, 2 wrong usage, 3 ours."""
    options = build().parse_args(arguments)
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
