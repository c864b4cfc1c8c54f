"""``fake-idp forge``."""

from __future__ import annotations

import argparse
import functools

from fake_idp.cli.common import bold, dim, issuer_of, print_json
from fake_idp.cli.mint import add_token_options, print_token
from fake_idp.cli.parser import completed, example
from fake_idp.errors import InvalidValue

__all__ = ["add"]


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    completed(
        parser.add_argument("id", nargs="?", metavar="ID", help="the forgery, for example sig.none"),
        "forgery",
    )
    parser.add_argument("--list", action="store_true", help="list the forgeries")
    parser.add_argument(
        "--in", dest="theme", metavar="THEME", help="list those of one theme, for example sig"
    )
    add_token_options(parser)
    parser.epilog = example(
        "fake-idp forge --list --in sig",
        "fake-idp forge 'sig.hs-confusion[jwk]' --preset okta --sub alice",
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    if args.list or args.theme:
        _list(args)
        return
    if args.id is None:
        raise InvalidValue("forge", "give the id of a forgery, or --list")
    issuer = issuer_of(args)
    print_token(args, issuer, functools.partial(issuer.forge, args.id))


def _list(args: argparse.Namespace) -> None:
    from fake_idp.errors import UnknownName
    from fake_idp.forgeries import FORGERIES

    found = [each for each in FORGERIES.values() if args.theme in (None, each.id.partition(".")[0])]
    if not found:
        raise UnknownName("theme", args.theme, dict.fromkeys(each.partition(".")[0] for each in FORGERIES))
    if args.json:
        print_json(
            [
                {"id": each.id, "title": each.title, "source": each.source, "variants": list(each.names[1:])}
                for each in found
            ]
        )
        return
    for each in found:
        print(f"{bold(f'{each.id:22}')} {each.title}  {dim(f'[{each.source}]')}")
        if each.names[1:]:
            print(f"{'':22} {'  '.join(each.names[1:])}")
