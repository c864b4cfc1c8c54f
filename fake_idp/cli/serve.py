"""``fake-idp serve``."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fake_idp.app import Site
from fake_idp.cli.common import bold, print_json, say, store_of
from fake_idp.cli.parser import WARNING, add_json, add_preset, add_state, completed, example
from fake_idp.errors import FakeIdpError, InvalidValue, StateError
from fake_idp.issuer import Issuer
from fake_idp.options import LAX
from fake_idp.presets import PRESETS, find_preset, loopback_url
from fake_idp.server import listen, serve
from fake_idp.store import Store

if TYPE_CHECKING:
    from fake_idp.presets import Preset

__all__ = ["add"]

#: How long a change by another process may go unnoticed: to look costs as much as to answer.
_LOOK_SECONDS = 0.005


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    many: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument(
        "--port", type=_port, default=9000, help="port on 127.0.0.1; 0 chooses one (default: 9000)"
    )
    add_preset(parser, "a vendor to serve; repeatable (default: all of them)", **many)
    parser.add_argument(
        "--issuer", metavar="URL", help="the issuer's name, where it is not its loopback address"
    )
    parser.add_argument("--client-id", metavar="ID", help="the issuer's default client")
    parser.add_argument("--audience", metavar="AUD", help="the audience of access tokens")
    parser.add_argument("--user", **many, metavar="NAME", help="somebody who can sign in; repeatable")
    parser.add_argument("--auto-login", metavar="USER", help="sign this person in without showing a page")
    parser.add_argument(
        "--lax",
        **many,
        choices=tuple(LAX),
        metavar="RULE",
        help=f"do not hold a rule: {', '.join(LAX)}; repeatable",
    )
    completed(parser.add_argument("--alg", metavar="ALG", help="sign with this algorithm"), "algorithm")
    parser.add_argument("--no-console", action="store_true", help="no console and no control plane")
    add_json(parser, "print what is served as one line of JSON")
    add_state(parser)
    parser.epilog = example("fake-idp serve --preset okta --port 0", "fake-idp serve --auto-login alice")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    presets = _presets(args)
    store = store_of(args)
    listener = listen(args.port)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    token = os.urandom(16).hex()
    try:
        issuers = [_issuer(args, store, preset, address) for preset in presets]
        site = Site(
            issuers, before=_look_for_changes(store), control=not args.no_console, control_token=token
        )
    except FakeIdpError:
        listener.close()
        raise
    served = _Served(args, store, site, address)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        serve(site, listener, ready=served.ready)
    finally:
        served.end()


class _Served:
    """What happens beside the answers: the state file is not looked at before the first of them."""

    def __init__(self, args: argparse.Namespace, store: Store, site: Site, address: str) -> None:
        self._args, self._store, self._site, self._address = args, store, site, address
        self._log: Any = None

    def ready(self) -> None:
        """Save the issuers' names, so that ``mint`` knows them, and say what is served."""
        from fake_idp.store.log import Log

        with self._store.database.transaction():
            for issuer in self._site.issuers:
                self._store.save(issuer)
                for name in self._args.user:
                    issuer.users.add(name)
        self._log = Log(self._store.database, self._site.issuers)
        self._log.start()
        self._announce()

    def end(self) -> None:
        """Write down what is not yet."""
        if self._log is not None:
            self._log.stop()
        self._store.database.close()

    def _announce(self) -> None:
        rows = [_row(issuer, self._address, self._state) for issuer in self._site.issuers]
        console = (
            {}
            if self._args.no_console
            else {"console": f"{self._address}/", "control_token": self._site.control_token}
        )
        if self._args.json:
            print_json(
                {"address": self._address, **console, "issuers": rows, "warning": WARNING}, indent=None
            )
        else:
            print(f"fake-idp, {WARNING}. Ctrl-C ends it.\n")
            for row in rows:
                print(bold(f"{row['preset']} (for tests only)"))
                for title, name in _LINES.items():
                    if name in row:
                        print(f"  {title:10} {row[name]}")
                print()
            if console:
                print(bold("console and control plane (for tests only)"))
                print(f"  {'here':10} {console['console']}")
                print(f"  {'elsewhere':10} Authorization: Bearer {console['control_token']}")
        sys.stdout.flush()

    @property
    def _state(self) -> str:
        return f" --state {shlex.quote(str(self._args.state))}" if self._args.state else ""


_LINES = {
    "issuer": "issuer",
    "discovery": "discovery",
    "keys": "jwks",
    "sign in": "authorization",
    "a token": "mint",
}


def _row(issuer: Issuer, address: str, state: str) -> dict[str, str]:
    """What is printed about an issuer; the URLs are where it answers, whatever its name."""
    endpoints = {name: address + urlsplit(url).path for name, url in issuer.endpoints.items()}
    return {
        "preset": issuer.preset.name,
        "issuer": issuer.url,
        "discovery": address + urlsplit(issuer.discovery_url).path,
        "jwks": endpoints["jwks"],
        **{name: endpoints[name] for name in ("authorization", "token") if name in endpoints},
        "mint": f"fake-idp mint{state} --preset {issuer.preset.name} --sub alice",
    }


def _presets(args: argparse.Namespace) -> list[Preset]:
    names = args.preset or (["plain"] if args.issuer else list(PRESETS))
    presets = [find_preset(name) for name in names]
    for index, preset in enumerate(presets):
        if preset.name in [before.name for before in presets[:index]]:
            raise InvalidValue("--preset", f"{preset.name!r} is there twice; an issuer is served once")
    for option, value in (
        ("--issuer", args.issuer),
        ("--client-id", args.client_id),
        ("--audience", args.audience),
    ):
        if value is not None and len(presets) != 1:
            raise InvalidValue(option, "is for one issuer, so give one --preset with it")
    return presets


def _issuer(args: argparse.Namespace, store: Store, preset: Preset, address: str) -> Issuer:
    issuer = store.issuer(
        preset,
        url=args.issuer or loopback_url(preset, address),
        client_id=args.client_id,
        audience=args.audience,
        auto_login=args.auto_login,
        lax=args.lax,
    )
    if args.alg and args.alg != issuer.algorithm:
        from fake_idp.algorithms import check

        issuer.keys.rotate(algorithm=check(args.alg))
    return issuer


def _look_for_changes(store: Store) -> Any:
    told: set[str] = set()
    looked = 0.0

    def look(issuer: Issuer) -> None:
        nonlocal looked
        now = time.monotonic()
        if now < looked + _LOOK_SECONDS:
            return
        looked = now
        try:
            store.refresh()
        except StateError as error:
            if str(error) not in told:
                told.add(str(error))
                say(f"{error}; still publishing the keys from before")

    return look


def _terminate(*_: object) -> None:
    sys.exit(128 + signal.SIGTERM)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)
