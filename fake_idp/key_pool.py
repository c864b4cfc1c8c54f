"""RSA keys made ahead, for the whole process.

Making an RSA-2048 key takes 10 to 110 ms, which is most of the cost of an issuer. Making one
releases the GIL, so a short-lived thread keeps a few ready while the test does something else. A
key belongs to one holder at a time, who may give it back; none is ever written down here.
"""

from __future__ import annotations

import os
import threading
from collections import deque

from cryptography.hazmat.primitives.asymmetric import rsa

__all__ = ["give_back", "prepare", "take"]

_SPARES = 2

_lock = threading.Lock()
_ready: deque[rsa.RSAPrivateKey] = deque()
_worker: threading.Thread | None = None


def prepare() -> None:
    """See to it that some keys are ready soon; returns at once."""
    global _worker  # noqa: PLW0603
    with _lock:
        if len(_ready) >= _SPARES or _worker is not None:
            return
        # Not a daemon: one that dies inside native code at the interpreter's exit can abort the
        # process. It ends by itself, and the exit waits for one key at most.
        _worker = threading.Thread(target=_fill, name="fake-idp-keys", daemon=False)
        _worker.start()


def take() -> rsa.RSAPrivateKey:
    """Return an RSA-2048 key with exponent 65537 that nobody else has: a ready one, or a new one."""
    try:
        key = _ready.popleft()
    except IndexError:
        key = _generate()
    prepare()
    return key


def give_back(key: rsa.RSAPrivateKey) -> None:
    """Take a key back from a holder that has no more use for it; the next one gets it."""
    with _lock:
        _ready.append(key)


def _fill() -> None:
    global _worker  # noqa: PLW0603
    while True:
        with _lock:
            if len(_ready) >= _SPARES or not threading.main_thread().is_alive():
                _worker = None
                return
        key = _generate()
        _ready.append(key)


def _generate() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _forget() -> None:
    """In a forked child: the thread is gone, and the parent has the same keys."""
    global _lock, _worker  # noqa: PLW0603
    _lock = threading.Lock()
    _ready.clear()
    _worker = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
