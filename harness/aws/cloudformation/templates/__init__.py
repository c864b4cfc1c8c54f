"""The templates that set up the three provider paths; they are good for the real AWS as they are.

The outputs that a server is configured by are named after its variables: ``AwsCognitoUserPoolId`` is
``AWS_COGNITO_USER_POOL_ID``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

__all__ = ["environ", "names", "path"]

_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the names of the templates."""
    return sorted(file.stem for file in _FOLDER.glob("*.yaml"))


def path(name: str) -> Path:
    """Return the file of a template.

    Args:
        name: one of ``names()``.

    Raises:
        KeyError: no template is called so.
    """
    if name not in names():
        raise KeyError(name)
    return _FOLDER / f"{name}.yaml"


def environ(outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the outputs of a stack of these templates as variables of the environment."""
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper(): value for name, value in outputs.items()}
