"""The record of every connection that somebody tried to make."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Connection"]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One attempt to reach a host.

    Attributes:
        caller: whose door it came through: ``target``, ``client``, ``aws``.
        host: the host's name, in lower case and without a trailing dot.
        port: the port that was asked for.
        allowed: whether the host is part of the world and was reachable.
    """

    caller: str
    host: str
    port: int
    allowed: bool

    def __str__(self) -> str:
        return f"{self.caller} -> {self.host}:{self.port}{'' if self.allowed else ' (refused)'}"
