"""An emulated AWS and its control plane at one address of this machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harness.emulator.aws import EmulatedAws

if TYPE_CHECKING:
    from harness.aws.app import AsgiApp, Receive, Send

__all__ = ["Site"]

_CONTROL = re.compile(r"/_control(?:/|$)")


class Site:
    """ASGI application: the control plane under ``/_control``, AWS everywhere else.

    Args:
        aws: the AWS.
        control_token: what lets a caller who is not on this machine use the control plane.
    """

    def __init__(self, aws: EmulatedAws, *, control_token: str | None = None) -> None:
        self.aws = aws
        self._token = control_token
        self._control: AsgiApp | None = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer one connection event of ASGI 3."""
        if scope["type"] != "http" or not _CONTROL.match(scope["path"]):
            await self.aws.app(scope, receive, send)
            return
        if self._control is None:
            from harness.emulator.control import build  # FastAPI: most never ask for it

            self._control = build(self.aws, token=self._token)
        await self._control(scope, receive, send)
