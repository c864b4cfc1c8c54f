"""The server under test: a factory in this process."""

from __future__ import annotations

import importlib
import logging
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from harness.errors import TargetError, UsageError
from harness.serving import Address, Application, LoopThread, StartError

__all__ = ["REFERENCE_SERVER", "Running", "Target"]

#: The server that is driven when no other is named.
REFERENCE_SERVER = "harness.reference_server:create_app"


class Target:
    """A server that can be started any number of times.

    A factory ``module:name`` is called with one mapping, the environment, and returns an ASGI
    application; it reads configuration from nowhere else.

    Attributes:
        name: ``module:name``, as it was given.
    """

    def __init__(self, name: str = REFERENCE_SERVER) -> None:
        self.name = name
        module, separator, attribute = name.partition(":")
        if not separator or not module or not attribute:
            raise UsageError(
                f"a target is named module:factory, for example {REFERENCE_SERVER}, not {name!r}"
            )
        if (here := str(Path.cwd())) not in sys.path:
            sys.path.insert(0, here)  # a factory beside the person who names it, as `python -m` finds it
        try:
            self._factory = getattr(importlib.import_module(module), attribute)
        except ImportError as error:
            if name == REFERENCE_SERVER:  # then it is this installation that lacks something
                raise
            raise UsageError(f"target {name!r}: {error}") from error
        except AttributeError as error:
            raise UsageError(f"target {name!r}: module {module!r} has no {attribute!r}") from error
        if not callable(self._factory):
            raise UsageError(f"target {name!r} is not callable: a factory takes the environment, a mapping")

    def start(self, environ: Mapping[str, str]) -> Running:
        """Start it with this environment, on a loop of its own.

        Raises:
            TargetError: if the factory raises or the application does not start.
        """
        log = Log()
        try:
            app: Application = self._factory(dict(environ))
        except Exception as error:
            log.close()
            raise TargetError(f"{self.name} refused to start: {type(error).__name__}: {error}") from error
        loop = LoopThread("target")
        try:
            served = loop.serve(app, lifespan=True)
        except StartError as error:
            log.close()
            loop.close()
            raise TargetError(f"{self.name} did not start: {error}") from error
        return Running(served.address, loop, log)


class Running:
    """A server under test that is up.

    Attributes:
        address: where it listens, in plain HTTP.
        log: what has been logged while it runs.
    """

    def __init__(self, address: Address, loop: LoopThread, log: Log) -> None:
        self.address = address
        self.log = log
        self._loop = loop

    def stop(self) -> None:
        """End it."""
        self.log.close()
        self._loop.close()


class Log(logging.Handler):
    """Everything that is logged in this process at INFO or above, tracebacks included.

    A target in this process shares its log with the harness, which must not log secrets either. Only
    the thread that made this is left out: it drives, and its HTTP client logs the hostile URLs it sends.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._driver = threading.get_ident()
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))
        root = logging.getLogger()
        self._level = root.level
        root.setLevel(logging.INFO)
        root.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record, as a person would read it."""
        if record.thread != self._driver:
            self.lines.append(self.format(record))

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.lines)

    def close(self) -> None:
        """Stop listening."""
        root = logging.getLogger()
        root.removeHandler(self)
        root.setLevel(self._level)
        super().close()
