"""Signatures beside the event loop, on every core."""

from __future__ import annotations

import asyncio
import functools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fake_idp.tokens import Draft

__all__ = ["sign"]


async def sign(draft: Draft) -> str:
    """Sign a token while others are answered.

    An RSA signature takes a quarter of a millisecond and releases the GIL, so threads make them on all
    cores at once. One with an elliptic curve takes a tenth of that: to hand it over would cost more.

    Raises:
        InvalidValue: a header member or a claim has no JSON form.
    """
    if not draft.key.algorithm.startswith(("RS", "PS")):
        return draft.sign()
    return await asyncio.get_running_loop().run_in_executor(_threads(), draft.sign)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="fake-idp-sign")
