"""One error, and the call that meets it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.aws_errors.account import Account

__all__ = ["Row"]


@dataclass(frozen=True)
class Row:
    """One error of one operation.

    Attributes:
        service: boto3's name of it; ``any`` where every service has the error.
        operation: its name in AWS's model.
        code: as boto3 has it in ``Error.Code``.
        message: as boto3 has it; ``…`` stands for any text, ``{account}`` for the account id.
        case: what the caller does, in plain words.
        provoke: does it.
        status: HTTP status.
        ours: whether the text is ours, because AWS's is not public.
        source: where code and text are described or were seen; empty for AWS's own references.
    """

    service: str
    operation: str
    code: str
    message: str
    case: str
    provoke: Callable[[Account], Any]
    status: int = 400
    ours: bool = False
    source: str = ""

    @property
    def id(self) -> str:
        """A name for the row."""
        return f"{self.service}.{self.operation}.{self.code}: {self.case}"

    def says(self, message: str, account_id: str) -> bool:
        """Tell whether a message is the row's."""
        parts = self.message.replace("{account}", account_id).split("…")
        return re.fullmatch(".+".join(map(re.escape, parts)), message, re.DOTALL) is not None
