"""CBOR as Smithy's RPC v2 uses it (RFC 8949), read with nothing in it that a stranger could blow up.

A general decoder knows tags that compile patterns, build huge numbers or share values with themselves, and
makes room for as many items as a header claims. AWS's protocol needs none of that: maps with text keys,
lists, text, bytes, numbers, booleans, null, and the one tag for a moment (Smithy, "RPC v2 CBOR protocol").
"""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime
from typing import Any

__all__ = ["decode"]

_DEPTH = 64  # deeper than any input of these services
_FLOATS = {25: ("!e", 2), 26: ("!f", 4), 27: ("!d", 8)}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}  # 23 is undefined
_BREAK = 0xFF


def decode(data: bytes) -> Any:
    """Return the one value that ``data`` holds.

    Raises:
        ValueError: it is no CBOR, is none that Smithy allows, or is nested more than 64 deep.
    """
    reader = _Reader(data)
    value = reader.value(_DEPTH)
    if reader.at != len(data):
        raise ValueError("bytes after the value")
    return value


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def value(self, depth: int) -> Any:
        if depth == 0:
            raise ValueError("nested too deeply")
        major, low = divmod(self._take(1)[0], 32)
        if major == 7:
            return self._simple(low)
        if low == 31:
            return self._indefinite(major, depth)
        size = self._argument(low)
        if major < 2:
            return -1 - size if major else size
        return self._text(major, size) if major < 4 else self._nested(major, size, depth)

    def _text(self, major: int, size: int) -> bytes | str:
        taken = self._take(size)
        return taken if major == 2 else taken.decode("utf-8")

    def _nested(self, major: int, size: int, depth: int) -> Any:
        if major == 6:
            return self._tagged(size, depth)
        if size > len(self._data) - self.at:
            raise ValueError("more items than there are bytes")
        if major == 5:
            return self._map(size, depth)
        return [self.value(depth - 1) for _ in range(size)]

    def _take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self._data):
            raise ValueError("the data end too early")
        taken, self.at = self._data[self.at : end], end
        return taken

    def _argument(self, low: int) -> int:
        if low < 24:
            return low
        if low > 27:
            raise ValueError("a reserved length")
        return int.from_bytes(self._take(1 << (low - 24)), "big")

    def _simple(self, low: int) -> Any:
        if low in _FLOATS:
            form, size = _FLOATS[low]
            return struct.unpack(form, self._take(size))[0]
        if low not in _SIMPLE:
            raise ValueError("a simple value that AWS does not use")
        return _SIMPLE[low]

    def _indefinite(self, major: int, depth: int) -> Any:
        if major in {2, 3}:
            return self._chunks(major)
        if major == 4:
            items = []
            while not self._ends():
                items.append(self.value(depth - 1))
            return items
        if major == 5:
            return self._map(None, depth)
        raise ValueError("an indefinite length where there is none")

    def _chunks(self, major: int) -> bytes | str:
        chunks: list[Any] = []
        while not self._ends():
            kind, low = divmod(self._take(1)[0], 32)
            if kind != major or low == 31:
                raise ValueError("a chunk of another kind")
            chunks.append(self._text(major, self._argument(low)))
        return b"".join(chunks) if major == 2 else "".join(chunks)

    def _ends(self) -> bool:
        if self.at < len(self._data) and self._data[self.at] == _BREAK:
            self.at += 1
            return True
        return False

    def _map(self, count: int | None, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while count != 0 if count is not None else not self._ends():
            key = self.value(depth - 1)
            if not isinstance(key, str) or key in found:
                raise ValueError("a key that is no text, or is there twice")
            found[key] = self.value(depth - 1)
            count = count - 1 if count is not None else None
        return found

    def _tagged(self, tag: int, depth: int) -> datetime:
        seconds = self.value(depth - 1) if tag == 1 else None
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
            raise ValueError("a tag that AWS does not use")
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError):
            raise ValueError("a moment out of range") from None
