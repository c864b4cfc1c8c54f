"""``harness exec``: any command inside a world."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType

from harness.errors import UsageError
from harness.shell import isolated
from harness.target import Target
from harness.world import World

__all__ = ["NOT_FOUND", "run"]

NOT_FOUND = 127
"""The exit code when there is no such command, as that of a shell."""

_NOT_EXECUTABLE = 126
_PASSED_ON = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGWINCH")
    if hasattr(signal, name)
)
_FROM_TERMINAL = {"SIGINT", "SIGQUIT", "SIGWINCH"}


def run(
    words: Sequence[str], *, provider: str = "oidc", person: str | None = None, target: str | None = None
) -> int:
    """Run a command in a new world and return its exit code; the world ends with it.

    Args:
        words: the command and its arguments; the person's own shell when there are none.
        provider: the provider path of the world.
        person: whose AWS identity the command has, by way of the path; the administrator's when left out.
        target: the server in the world, ``module:factory``; the reference server when left out.

    Returns:
        The command's exit code; 128 and the signal's number when a signal ended it; 127 when there is no such
        command, and 126 when it cannot be run.

    Raises:
        UsageError: if there is no such path or target, or no name for the person.
        TargetError: if the server does not start.
    """
    words = list(words) or [os.environ.get("SHELL") or "/bin/sh"]
    if person is not None and not (person and person.isprintable()):
        raise UsageError("--as takes the name of a person")
    if shutil.which(words[0]) is None:  # before a world is built for nothing
        print(f"harness: no command {words[0]!r} to run", file=sys.stderr)
        return NOT_FOUND
    with World(provider, target=Target(target) if target else None) as world:
        home = world.internet.folder / "home"
        return _wait(words, isolated(world, os.environ, person=person, home=home))


def _wait(words: Sequence[str], environ: dict[str, str]) -> int:
    child: subprocess.Popen[bytes] | None = None
    before: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        if child is None:
            before.append(number)
        elif signal.Signals(number).name not in _FROM_TERMINAL or not _has_terminal():
            child.send_signal(number)  # else the terminal has sent it to the command, too

    handlers = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        child = subprocess.Popen(words, env=environ)  # noqa: S603 - a person asked for it
        for number in before:
            child.send_signal(number)
        code = child.wait()
    except OSError as error:
        print(f"harness: {words[0]}: {error.strerror or error}", file=sys.stderr)
        return _NOT_EXECUTABLE
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return 128 - code if code < 0 else code


def _has_terminal() -> bool:
    """Tell whether a terminal sends its signals to this process, and so to the command."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
