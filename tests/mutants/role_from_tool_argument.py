"""The caller may choose the role, by the tool argument ``role_arn``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from harness.reference_server import Parts, app
from harness.reference_server.caller import Caller
from harness.reference_server.tool_server import ToolServer


class Tools(ToolServer):
    def caller(self, context: Any, call: Any) -> Caller:
        caller = super().caller(context, call)
        return dataclasses.replace(caller, role=(call.arguments or {}).get("role_arn", caller.role))


def create_app(environ: Mapping[str, str]) -> FastAPI:
    return app.create_app(environ, parts=Parts(tools=Tools))
