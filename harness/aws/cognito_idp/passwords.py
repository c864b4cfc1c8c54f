"""A pool's password policy (API reference, PasswordPolicyType)."""

from __future__ import annotations

import secrets
import string
from typing import Any

from harness.aws.errors import AwsError

__all__ = ["check", "temporary"]

# Developer guide, "Adding user pool password requirements"; a space inside counts as one too.
_SYMBOLS = frozenset("^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- ")
_LONGEST = 256
_RULES = (
    ("RequireUppercase", str.isupper, "Password must have uppercase characters"),
    ("RequireLowercase", str.islower, "Password must have lowercase characters"),
    ("RequireNumbers", str.isdigit, "Password must have numeric characters"),
    ("RequireSymbols", _SYMBOLS.__contains__, "Password must have symbol characters"),
)


def check(pool: Any, password: str) -> None:
    """Refuse a password that the pool's policy does not take.

    Raises:
        AwsError: ``InvalidPasswordException``.
    """
    policy = (pool.extended_config.get("Policies") or {}).get("PasswordPolicy") or {}
    wrong = None
    if not policy.get("MinimumLength", 8) <= len(password) <= _LONGEST:
        wrong = "Password not long enough" if len(password) <= _LONGEST else "Password too long"
    for rule, is_one, message in _RULES:
        if wrong is None and policy.get(rule) and not any(is_one(character) for character in password):
            wrong = message
    if wrong is not None:
        raise AwsError("InvalidPasswordException", f"Password did not conform with policy: {wrong}")


def temporary() -> str:
    """A password that every policy takes, for a user whom the caller gave none."""
    kinds = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "!#%*+-")
    characters = [secrets.choice(kind) for kind in kinds for _ in range(24)]  # MinimumLength is at most 99
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters) + "aA1"
