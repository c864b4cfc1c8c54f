"""``fake-idp keys``."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from fake_idp.cli.common import bold, dim, print_json, say, store_of
from fake_idp.cli.parser import add_json, add_preset, add_state, completed, example
from fake_idp.errors import FakeIdpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fake_idp.key import Key
    from fake_idp.key_ring import KeyRing

__all__ = ["add"]


def add(parser: argparse.ArgumentParser) -> None:
    """What the commands take."""
    parser.epilog = example("fake-idp keys list", "fake-idp keys rotate --preset okta")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, summary: str, run: Callable[[argparse.Namespace], None], *examples: str
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(
            name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", epilog=example(*examples)
        )
        made.set_defaults(run=run)
        add_preset(
            made, "whose keys (default: everybody's)" if name == "list" else "the vendor (default: plain)"
        )
        add_state(made)
        return made

    listing = command("list", "list the keys in the state folder", _list, "fake-idp keys list --json")
    rotate = command(
        "rotate",
        "sign with new keys from now on; a running serve publishes them at once",
        _rotate,
        "fake-idp keys rotate --preset okta --hard",
    )
    announce = command(
        "announce",
        "publish the next keys without signing with them yet",
        _announce,
        "fake-idp keys announce --preset okta",
    )
    retire = command(
        "retire",
        "withdraw a key from the JWKS",
        _retire,
        "fake-idp keys retire --preset okta KID",
    )
    export = command(
        "export",
        "print a key: the public one, unless --private is given",
        _export,
        "fake-idp keys export --preset okta --format pem",
        "fake-idp keys export --preset okta --private --format jwk --out key.json",
    )
    rotate.add_argument("--hard", action="store_true", help="withdraw the old keys at once")
    for each in (rotate, announce):
        completed(
            each.add_argument(
                "--alg", metavar="ALG", help="the algorithm of the new keys (default: as before)"
            ),
            "algorithm",
        )
    for each in (listing, rotate, announce):
        add_json(each)
    retire.add_argument("kid", metavar="KID", help="the key id")
    export.add_argument("kid", metavar="KID", nargs="?", help="the key id (default: the key that signs)")
    export.add_argument("--format", choices=("pem", "jwk"), default="jwk", help="pem or jwk (default: jwk)")
    half = export.add_mutually_exclusive_group()
    half.add_argument("--public", action="store_true", help="the public key, which is the default")
    half.add_argument("--private", action="store_true", help="the private key, with which anybody can sign")
    completed(
        export.add_argument(
            "--out", metavar="FILE", help="write a new file, for its owner only, and print nothing"
        ),
        "file",
    )


def _list(args: argparse.Namespace) -> None:
    store = store_of(args)
    rows = store.keys(args.preset)
    if args.json:
        print_json([row._asdict() for row in rows])
        return
    if not rows:
        say(f"no keys in {store.folder} yet; mint or serve makes them")
    for row in rows:
        print(
            f"{bold(f'{row.preset:16}')} {row.state:9} {row.use:7} {row.algorithm:6} {row.kid}"
            f"  {dim(row.issuer)}"
        )


def _rotate(args: argparse.Namespace) -> None:
    ring = _ring(args)
    ring.rotate(overlap=not args.hard, algorithm=args.alg)
    fresh = [held.key.kid for held in ring.held if held.state == "current"]
    _print_kids(args, current=fresh)
    fate = "withdrawn" if args.hard else "still published"
    say(f"{args.preset or 'plain'} signs with new keys; the old ones are {fate}")


def _announce(args: argparse.Namespace) -> None:
    ring = _ring(args)
    ring.announce(algorithm=args.alg)
    _print_kids(args, next=[held.key.kid for held in ring.held if held.state == "next"])
    say(f"{args.preset or 'plain'} publishes its next keys; rotate signs with them")


def _retire(args: argparse.Namespace) -> None:
    _ring(args).retire(args.kid)
    say(f"{args.kid} is not published any more")


def _export(args: argparse.Namespace) -> None:
    ring = _ring(args)
    key = ring.current if args.kid is None else ring.get(args.kid)
    text = _written(key, form=args.format, private=args.private)
    if args.private:
        say(f"this is the private key {key.kid}: whoever has it can sign as this issuer")
    if args.out is None:
        print(text, end="")
        return
    try:
        # A new file only: one that is there may be readable for others, or somebody's own key.
        descriptor = os.open(args.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        raise FakeIdpError(f"cannot write {args.out}: {error.strerror}") from None


def _written(key: Key, *, form: str, private: bool) -> str:
    if form == "pem":
        return key.pem() if private else key.public_bytes().decode("ascii")
    import json

    return json.dumps(key.jwk(private=private), indent=2) + "\n"


def _ring(args: argparse.Namespace) -> KeyRing:
    return store_of(args).issuer(args.preset or "plain").keys


def _print_kids(args: argparse.Namespace, **kids: Any) -> None:
    if args.json:
        print_json({"preset": args.preset or "plain", **kids})
    else:
        for kid in next(iter(kids.values())):
            print(kid)
