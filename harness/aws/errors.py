"""The one error that AWS's side raises: a refusal in AWS's own words.

``AwsError`` is the root and, on purpose, the only class: AWS has thousands of codes and a client
tells them apart by the code alone, so they are data here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["AwsError"]


class AwsError(Exception):
    """A refusal as a client of AWS sees it.

    Attributes:
        code: AWS's error code, for example ``InvalidIdentityToken``.
        message: AWS's text. It never contains a token or a secret.
        status: the HTTP status code, 400 to 599.
        members: what the body of the error has beside the two, where its model has more; JSON protocols only.
    """

    def __init__(
        self, code: str, message: str, *, status: int = 400, members: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = dict(members or {})
