"""RSASSA-PKCS1-v1_5 by hand, right and wrong (RFC 8017 sections 8.2 and 9.2).

A verifier must compare with the one encoding that is right. One that parses what it finds instead,
and overlooks something, lets a signature be made without the private key when e is small
(Bleichenbacher 2006; CVE-2006-4339, CVE-2016-1494). The malformations are regenerated after the
classes that Wycheproof calls ModifiedPadding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from fake_idp.algorithms import Algorithm

__all__ = ["MALFORMATIONS", "encode", "raw_sign"]

_OIDS = {
    "sha1": "06052b0e03021a",
    "sha256": "0609608648016503040201",
    "sha384": "0609608648016503040202",
    "sha512": "0609608648016503040203",
}
_NULL = b"\x05\x00"


def raw_sign(encoded: bytes, n: int, d: int) -> bytes:
    """RSASP1 (RFC 8017 section 5.2.1) without any check of the encoded message."""
    return pow(int.from_bytes(encoded, "big"), d, n).to_bytes((n.bit_length() + 7) // 8, "big")


def encode(message: bytes, algorithm: Algorithm, size: int) -> bytes:
    """The right encoding, EMSA-PKCS1-v1_5 in ``size`` bytes."""
    return _padded(_info(message, _hash(algorithm)), size)


def _hash(algorithm: Algorithm) -> str:
    return f"sha{algorithm[2:]}"


def _der(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content  # short form: nothing here is longer than 127 bytes


def _info(message: bytes, name: str, *, parameters: bytes = _NULL, oid: str | None = None) -> bytes:
    """DigestInfo: the hash's name, its parameters (NULL) and the hash."""
    identifier = _der(0x30, bytes.fromhex(_OIDS[oid or name]) + parameters)
    return _der(0x30, identifier + _der(0x04, hashlib.new(name, message).digest()))


def _padded(
    info: bytes, size: int, *, start: bytes = b"\x00\x01", separator: bytes = b"\x00", after: bytes = b""
) -> bytes:
    """The start, as many FF as fit, the separator, the rest."""
    filling = size - len(start) - len(separator) - len(info) - len(after)
    return start + b"\xff" * filling + separator + info + after


def _replaced(encoded: bytes, at: int, byte: int) -> bytes:
    return encoded[:at] + bytes([byte]) + encoded[at + 1 :]


def _short_padding(message: bytes, name: str, size: int) -> bytes:
    info = _info(message, name)
    return _padded(info, size, after=bytes(size - len(info) - 11))  # eight FF, the fewest that are allowed


def _long_length(message: bytes, name: str, size: int) -> bytes:
    info = _info(message, name)
    return _padded(b"\x30\x81" + info[1:], size)


def _indefinite_length(message: bytes, name: str, size: int) -> bytes:
    info = _info(message, name)
    return _padded(b"\x30\x80" + info[2:] + b"\x00\x00", size)


_Malformation = Callable[[bytes, str, int], bytes]

MALFORMATIONS: Mapping[str, _Malformation] = {
    "missing-null": lambda m, h, size: _padded(_info(m, h, parameters=b""), size),
    "parameters-not-null": lambda m, h, size: _padded(_info(m, h, parameters=b"\x04\x02\xde\xad"), size),
    "wrong-hash-oid": lambda m, h, size: _padded(
        _info(m, h, oid="sha512" if h != "sha512" else "sha256"), size
    ),
    "sha-1": lambda m, _, size: _padded(_info(m, "sha1"), size),
    "bare-hash": lambda m, h, size: _padded(hashlib.new(h, m).digest(), size),
    "short-padding": _short_padding,
    "garbage-after": lambda m, h, size: _padded(_info(m, h), size, after=b"\xde\xad\xbe\xef"),
    "zeros-after": lambda m, h, size: _padded(_info(m, h), size, after=bytes(4)),
    "block-type-0": lambda m, h, size: _padded(_info(m, h), size, start=b"\x00\x00"),
    "block-type-2": lambda m, h, size: _padded(_info(m, h), size, start=b"\x00\x02"),
    "leading-byte": lambda m, h, size: _padded(_info(m, h), size, start=b"\x01\x01"),
    "no-separator": lambda m, h, size: _padded(_info(m, h), size, separator=b""),
    "wrong-separator": lambda m, h, size: _padded(_info(m, h), size, separator=b"\x01"),
    "padding-byte": lambda m, h, size: _replaced(_padded(_info(m, h), size), 10, 0xFE),
    "padding-zero": lambda m, h, size: _replaced(_padded(_info(m, h), size), 10, 0x00),
    "long-length": _long_length,
    "indefinite-length": _indefinite_length,
}
"""Wrong encodings by name: each takes the message, the name of the hash and the size in bytes, and
differs from the right one in what it is called after."""
