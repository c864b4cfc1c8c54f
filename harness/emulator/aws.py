"""An AWS account whose issuers are ``fake_idp``'s."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterable
from fnmatch import fnmatchcase
from http import HTTPStatus
from urllib.parse import urlsplit

from fake_idp import Clock, Issuer
from harness.aws import Aws
from harness.emulator.fetching import Trusted, ask, get

__all__ = ["EmulatedAws"]


class EmulatedAws(Aws):
    """An AWS account that has issuers, and reaches those that were added.

    Args:
        account_id: twelve digits; any when left out.
        region: for example ``us-east-1``.
        clock: of this AWS and of the issuers that it makes; this machine's time when left out.
        trust: issuers elsewhere whose documents may be fetched, as ``Trusted.parse`` has them; nothing else
            leaves this process.

    Attributes:
        clock: ``clock.advance(3600)`` moves it, and with it this AWS and its issuers, but not the callers:
            fifteen minutes off, their signatures are refused, as at AWS. Whoever moves the time of the
            process, as ``time_machine.travel`` does, moves all of them together.

    Raises:
        ValueError: the account id is none.
        TrustError: an issuer is written otherwise.
    """

    def __init__(
        self,
        *,
        account_id: str | None = None,
        region: str = "us-east-1",
        clock: Clock | None = None,
        trust: Iterable[str] = (),
    ) -> None:
        self.clock = clock or Clock()
        self._issuers: list[Issuer] = []
        self._trusted = {trusted.host: trusted for trusted in map(Trusted.parse, trust)}
        super().__init__(
            account_id=account_id or f"{secrets.randbelow(9 * 10**11) + 10**11}",
            region=region,
            fetch=self._fetch,
            now=self.clock.now,
            new_issuer=functools.partial(Issuer, clock=self.clock),
        )

    @property
    def issuers(self) -> tuple[Issuer, ...]:
        """The issuers that were added."""
        return tuple(self._issuers)

    @property
    def trusted(self) -> tuple[Trusted, ...]:
        """The issuers elsewhere whose documents may be fetched."""
        return tuple(self._trusted.values())

    def add_issuer(self, issuer: Issuer) -> Issuer:
        """Let this AWS reach an issuer of this process by its name, and return it.

        IAM takes only issuers by https, so its name must be such: ``Issuer("okta")`` has one.
        """
        self._issuers.append(issuer)
        return issuer

    def reset(self) -> None:
        """Begin anew, with the same administrator; the clock too. Issuers that were added stay."""
        super().reset()
        self.clock.reset()

    def _fetch(self, url: str) -> tuple[int, bytes]:
        """Get a document of an issuer: one that was added, one of AWS's own, or one that is trusted.

        Several that were added may be at one host, as tenants are; the first that has the document counts.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        answer = None
        for issuer in self._issuers:
            if host in issuer.hosts:
                answer = ask(issuer.app, url)
                if answer[0] != HTTPStatus.NOT_FOUND:
                    return answer
        if any(fnmatchcase(host, pattern) for pattern in self.hosts):
            return ask(self.app, url)
        if answer is not None:
            return answer
        trusted = self._trusted.get(parts.netloc.lower())
        if trusted is not None and parts.scheme == "https":
            return get(url, trusted)
        raise OSError(f"this AWS knows no issuer at {host}")
