"""The MCP server: lists the tools, and runs them for the caller of the request."""

from __future__ import annotations

import functools
import logging
import re
from typing import Any, cast

import mcp_types as mcp
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from harness.reference_server.authentication import caller_of, refuse
from harness.reference_server.aws import Aws
from harness.reference_server.caller import Caller
from harness.reference_server.credentials import CallersAws, CredentialCache
from harness.reference_server.errors import AwsRefused, ExchangeRefused, InsufficientScope
from harness.reference_server.settings import Settings
from harness.reference_server.tools import TOOLS, Tool
from harness.reference_server.transport import transport_security

__all__ = ["ToolServer"]

_TOOLS = {tool.name: tool for tool in TOOLS}
_ARN = re.compile(r"arn:[\w-]+:\S+")

_log = logging.getLogger(__name__)


class ToolServer:
    """Binds the tools to the MCP SDK."""

    def __init__(self, settings: Settings, credentials: CredentialCache, aws: Aws) -> None:
        self._settings = settings
        self._credentials = credentials
        self._aws = aws

    def session_manager(self) -> StreamableHTTPSessionManager:
        """The SDK's streamable HTTP endpoint for these tools, on both wires.

        It answers in JSON, not in event streams: so an answer is not begun before the tool has ended,
        and can still become a 403 when the tool needs a scope that the token lacks.
        """
        server: Server[Any] = Server(
            "cloudwatch-mcp-server",
            version="0.1.0",
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            get_tool_input_schema=_input_schema,
        )
        return StreamableHTTPSessionManager(
            server, json_response=True, security_settings=transport_security(self._settings)
        )

    async def _list_tools(
        self, context: ServerRequestContext[Any], page: mcp.PaginatedRequestParams | None
    ) -> mcp.ListToolsResult:
        return mcp.ListToolsResult(tools=[_describe(tool) for tool in TOOLS])

    async def _call_tool(
        self, context: ServerRequestContext[Any], call: mcp.CallToolRequestParams
    ) -> mcp.CallToolResult:
        tool = _TOOLS.get(call.name)
        if tool is None:
            raise MCPError(mcp.INVALID_PARAMS, "there is no such tool")
        caller = self.caller(context, call)
        if caller.scopes is not None and tool.scope not in caller.scopes:
            refuse(_request(context), InsufficientScope([tool.scope]))
            return _failure("The token lacks a scope.")
        try:
            arguments = tool.arguments.model_validate(call.arguments or {})
        except ValidationError as error:
            return _failure(_explain(error))
        aws = CallersAws(caller, self._credentials, self._aws, region=self._settings.region)
        try:
            return _success(await tool.run(aws, arguments))
        except ExchangeRefused as refused:
            # The message may name the server's own identity, or the account: the code must do.
            _log.info("no credentials for %s: %s", caller.pseudonym, refused)
            return _failure(f"AWS gave no credentials for your token ({refused.operation}): {refused.code}")
        except AwsRefused as refused:
            _log.info("call of %s refused: %s", caller.pseudonym, refused)
            message = _ARN.sub("(an ARN)", refused.message)
            return _failure(f"AWS refused {refused.operation}: {refused.code}: {message}")
        except Exception:
            # On the 2025 wire the SDK would send the exception's own text.
            _log.exception("%s failed for %s", tool.name, caller.pseudonym)
            return _failure("The tool failed.")

    def caller(self, context: ServerRequestContext[Any], call: mcp.CallToolRequestParams) -> Caller:
        """For whom the tool runs: for whoever sent this very request, whatever session it is part of."""
        return caller_of(_request(context))


def _request(context: ServerRequestContext[Any]) -> Request:
    return cast("Request", context.request)  # there always is one over HTTP


@functools.cache
def _describe(tool: Tool) -> mcp.Tool:
    return mcp.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.arguments.model_json_schema(),
        output_schema=tool.result.model_json_schema(mode="serialization"),
        annotations=mcp.ToolAnnotations(read_only_hint=tool.scope == "cw:read"),
    )


def _input_schema(name: str) -> dict[str, Any] | None:
    return _describe(_TOOLS[name]).input_schema if name in _TOOLS else None


def _success(result: BaseModel) -> mcp.CallToolResult:
    return mcp.CallToolResult(
        content=[mcp.TextContent(type="text", text=result.model_dump_json())],
        structured_content=result.model_dump(mode="json"),
    )


def _failure(text: str) -> mcp.CallToolResult:
    return mcp.CallToolResult(content=[mcp.TextContent(type="text", text=text)], is_error=True)


def _explain(error: ValidationError) -> str:
    """Which argument is wrong and why, without repeating what was sent."""
    problems = (
        f"{'.'.join(map(str, problem['loc'])) or 'arguments'}: {problem['msg']}" for problem in error.errors()
    )
    return "Wrong arguments: " + "; ".join(problems)
