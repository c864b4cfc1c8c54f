"""Random ids. They are for tests, they come from the system's generator, and a token needs several.

``uuid`` and ``secrets`` make the same ones, take longer over each, and cost a command 5 ms to import.
"""

from __future__ import annotations

import os

from fake_idp.jws import b64url

__all__ = ["as_uuid", "characters", "token_hex", "token_urlsafe", "uuid4"]


def uuid4() -> str:
    """A random UUID (RFC 9562 section 5.4)."""
    return as_uuid(os.urandom(16))


def as_uuid(octets: bytes) -> str:
    """Sixteen octets as a UUID of version 4: six of the bits say that it is one."""
    digits = octets.hex()
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def token_urlsafe(size: int) -> str:
    """That many random bytes in base64url."""
    return b64url(os.urandom(size))


def token_hex(size: int) -> str:
    """That many random bytes in lower case hexadecimal."""
    return os.urandom(size).hex()


def characters(alphabet: str, length: int) -> str:
    """That many random characters of an alphabet, each as likely as any other."""
    fair = 256 - 256 % len(alphabet)
    found = ""
    while len(found) < length:
        found += "".join(alphabet[byte % len(alphabet)] for byte in os.urandom(length) if byte < fair)
    return found[:length]
