"""What a server answered, and what a scenario may say about it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from harness.errors import Mismatch

__all__ = ["Answer"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One HTTP answer, and what the rest of the world saw while it was made.

    Attributes:
        status: the HTTP status.
        headers: the headers, names in lower case; repeated ones are joined with ``, ``.
        body: the body as text.
        seconds: how long it took, in seconds.
        aws_calls: the calls that AWS saw meanwhile.
    """

    status: int
    headers: Mapping[str, str]
    body: str = field(repr=False)
    seconds: float
    aws_calls: tuple[Any, ...] = ()

    @property
    def message(self) -> dict[str, Any]:
        """The JSON-RPC message in the body (JSON, or the last event of SSE), empty if there is none."""
        text = self.body
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            text = next((line[5:] for line in reversed(text.splitlines()) if line.startswith("data:")), "")
        try:
            message = json.loads(text)
        except ValueError:
            return {}
        return message if isinstance(message, dict) else {}

    @property
    def result(self) -> dict[str, Any]:
        """The JSON-RPC result, empty if there is none."""
        result = self.message.get("result")
        return result if isinstance(result, dict) else {}

    @property
    def data(self) -> dict[str, Any]:
        """What the tool answered: its structured content, or its text read as JSON."""
        data = self.result.get("structuredContent")
        if not isinstance(data, dict):
            try:
                data = json.loads(self.text)
            except ValueError:
                data = None
        return data if isinstance(data, dict) else {}

    @property
    def text(self) -> str:
        """The text that the tool answered, its blocks joined."""
        blocks = self.result.get("content")
        found = (
            [block.get("text", "") for block in blocks if isinstance(block, dict)]
            if isinstance(blocks, list)
            else []
        )
        return "\n".join(found)

    @property
    def is_tool_error_answer(self) -> bool:
        """Whether the tool, or the protocol, says that the call failed."""
        return bool(self.result.get("isError")) or "error" in self.message

    @property
    def challenge(self) -> str:
        """The ``WWW-Authenticate`` header, empty if there is none."""
        return self.headers.get("www-authenticate", "")

    def challenge_parameter(self, name: str) -> str | None:
        """A parameter of the challenge (RFC 9110 section 11.2), ``None`` if it is absent."""
        found = re.search(rf'(?:^|[\s,]){re.escape(name)}="?([^",]*)', self.challenge)
        return found[1] if found else None

    @property
    def summary(self) -> str:
        """The answer in a few words, for a report."""
        words = [str(self.status)]
        if code := self.challenge_parameter("error"):
            words.append(code)
        if self.is_tool_error_answer:
            words.append(f"tool error: {self.text[:120] or self.message.get('error', {})}")
        elif self.status == 200:
            words.append("a result" if self.result else "no MCP result")
        return " ".join(words)

    # What a scenario says. Each returns the answer, so that a sentence can go on.

    def is_accepted(self) -> Self:
        """The call went through to AWS and came back: 200, and no tool error."""
        ok = self.status == 200 and bool(self.result) and not self.is_tool_error_answer
        return self._must(ok, "200 and a result")

    def is_refused(self, status: int = 401, error: str | None = None) -> Self:
        """The server refused, with a challenge, and before it asked AWS anything.

        Args:
            status: 401 for a bad or missing token, 403 for a good one that may not (RFC 6750 section 3.1).
            error: the ``error`` of the challenge; ``None`` if the rule names none.
        """
        words = f"{status} {error or ''}".strip()
        self._must(self.status == status, words)
        if status == 401:
            self._must(self.challenge.lower().startswith("bearer"), f"{words} with WWW-Authenticate: Bearer")
        if error is not None:
            self._must(
                self.challenge_parameter("error") == error, f'{words} with error="{error}" in the challenge'
            )
        return self._must(not self.aws_calls, f"{words} and no call to AWS", self._calls)

    def is_refused_or_unavailable(self) -> Self:
        """The server did not let it pass: 401, or 503 while the issuer is down."""
        self._must(self.status in {401, 503}, "401 or 503")
        return self._must(not self.aws_calls, "401 or 503 and no call to AWS", self._calls)

    def names_scope(self, scope: str) -> Self:
        """The challenge names the scope that is missing (RFC 6750 section 3)."""
        named = (self.challenge_parameter("scope") or "").split()
        return self._must(
            scope in named, f'scope="{scope}" in the challenge', self.challenge or "no challenge"
        )

    def is_tool_error(self, code: str) -> Self:
        """AWS refused, and the caller learns AWS's error code from the tool."""
        ok = self.status == 200 and self.is_tool_error_answer
        said = self.text + json.dumps(self.message.get("error", ""))
        return self._must(ok and code in said, f"a tool error that names {code}")

    def signed_by(self, operation: str) -> str:
        """The access key with which AWS saw this operation called meanwhile."""
        keys = {call.access_key_id for call in self.aws_calls if call.operation == operation}
        self._must(len(keys) == 1, f"one call of {operation}", self._calls)
        return str(keys.pop())

    def _must(self, ok: bool, expected: str, observed: str | None = None) -> Self:
        if not ok:
            raise Mismatch(expected=expected, observed=observed or self.summary)
        return self

    @property
    def _calls(self) -> str:
        return f"{self.summary} after {', '.join(sorted({call.operation for call in self.aws_calls}))}"
