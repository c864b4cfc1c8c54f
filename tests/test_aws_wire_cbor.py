"""CBOR as it is read: equal to cbor2 on what AWS uses, and never anything but a ValueError on the rest."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.aws.wire.cbor import decode

MOMENTS = st.integers(10**8, 4 * 10**12).map(lambda millis: datetime.fromtimestamp(millis / 1000, UTC))
SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False)
    | st.text() | st.binary() | MOMENTS
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_cbor2_writes_is_read_equal(value: Any) -> None:
    assert decode(cbor2.dumps(value, datetime_as_timestamp=True)) == cbor2.loads(
        cbor2.dumps(value, datetime_as_timestamp=True)
    )


@given(VALUES)
def test_half_a_value_is_none(value: Any) -> None:
    written = cbor2.dumps(value, datetime_as_timestamp=True)
    for end in range(len(written)):
        with pytest.raises(ValueError, match=r"."):
            decode(written[:end])


@given(st.binary(max_size=200))
def test_noise_is_read_as_cbor2_reads_it_or_refused(data: bytes) -> None:
    try:
        read = decode(data)
    except ValueError:
        return
    assert repr(read) == repr(cbor2.loads(data)) or b"\xf7" in data or b"\xc1" in data


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"\x5f\x42ab\x41c\xff", b"abc"),
        (b"\x7f\x62ab\x61c\xff", "abc"),
        (b"\x9f\x01\x9f\xff\xff", [1, []]),
        (b"\xbf\x61a\x01\xff", {"a": 1}),
        (b"\xf9\x3c\x00", 1.0),
        (b"\xfa" + struct.pack("!f", 0.5), 0.5),
        (b"\xf7", None),
        (b"\xc1\x00", datetime(1970, 1, 1, tzinfo=UTC)),
        (b"\xc1\xfb" + struct.pack("!d", 1.5), datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=UTC)),
    ],
)
def test_indefinite_lengths_and_short_floats_are_read(data: bytes, value: Any) -> None:
    assert decode(data) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\x01\x01",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xbb\x00\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x81" * 100_000,
        b"\x9f" * 100_000,
        b"\xc1" * 1000 + b"\x00",
        b"\xa1\x01\x01",
        b"\xa2\x61a\x01\x61a\x02",
        b"\xd8\x1c\x81\xd8\x1d\x00",
        b"\xd8\x23\x6a(a+)+(b+)+$",
        b"\xc4\x82\x1a\x3b\x9a\xca\x00\x01",
        b"\xc2\x5b\x00\x00\x00\x00\xff\xff\xff\xff",
        b"\xc1\xf9\x7e\x00",
        b"\xc1\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xc1\xf5",
        b"\x62\xc3\x28",
        b"\x1f",
        b"\x1c",
        b"\xf8\x20",
        b"\x5f\x61a\xff",
    ],
    ids=lambda data: data[:9].hex(),
)
def test_bombs_and_what_aws_does_not_use_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(data)
