"""``fake-idp forge``."""

from __future__ import annotations

import argparse
import functools
import json
import shlex
from typing import TYPE_CHECKING, Any

from fake_idp.cli.common import bold, dim, issuer_of, pairs, print_json, say
from fake_idp.cli.mint import add_token_options, print_token
from fake_idp.cli.parser import completed, example
from fake_idp.errors import InvalidValue, UnknownName

if TYPE_CHECKING:
    from fake_idp.forgeries import Forgery
    from fake_idp.issuer import Issuer

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
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="a parameter of the forgery, which --list shows; repeatable",
    )
    add_token_options(parser)
    parser.epilog = example(
        "fake-idp forge --list --in sig",
        "fake-idp forge 'sig.hs-confusion[jwk]' --preset okta --sub alice",
        "fake-idp forge time.exp-past --parameter seconds=90",
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    if args.list or args.theme:
        _list(args)
        return
    if args.id is None:
        raise InvalidValue("forge", "give the id of a forgery, or --list")
    issuer = issuer_of(args)
    print_token(args, issuer, functools.partial(_forge, args, issuer))


def _forge(args: argparse.Namespace, issuer: Issuer, sub: str | None, **options: Any) -> str:
    """What ``issuer.forge`` makes; where the key is what is wrong, it is published before the token."""
    from fake_idp.forgeries import find_forgery, publish

    known = find_forgery(args.id)[0].parameters
    parameters = pairs(args.parameter, "--parameter")
    for name in parameters:
        if name not in known:
            raise UnknownName(f"parameter of {args.id}", name, known)
    token = issuer.forge(args.id, sub, **{**options, **parameters})
    published = [key.kid for key in issuer.keys.published]
    key = publish(args.id, issuer.keys)
    if key is not None and key.kid not in published:
        state = ("--state", str(args.state)) if args.state else ()
        words = ("fake-idp", "keys", "retire", *state, "--preset", args.preset or "plain", key.kid)
        say(f"published the key that it needs; to withdraw it: {shlex.join(words)}")
    return token


def _list(args: argparse.Namespace) -> None:
    from fake_idp.forgeries import FORGERIES

    found = [each for each in FORGERIES.values() if args.theme in (None, each.id.partition(".")[0])]
    if not found:
        raise UnknownName("theme", args.theme, dict.fromkeys(each.partition(".")[0] for each in FORGERIES))
    if args.json:
        print_json([each.described() for each in found])
        return
    for forgery in found:
        print(f"{bold(f'{forgery.id:24}')} {forgery.title}  {dim(f'[{forgery.source}]')}")
        for name, parameter in forgery.parameters.items():
            usual = "" if parameter.default is None else f" (default: {json.dumps(parameter.default)})"
            print(f"{'':24} --parameter {name}={parameter.kind}: {parameter.says}{usual}")
        for words, names in _by_expectation(forgery):
            print(f"{'':24} {words}: {'  '.join(names)}")


def _by_expectation(forgery: Forgery) -> list[tuple[str, list[str]]]:
    """The names, by what a careful server does with such a token."""
    found: dict[str, list[str]] = {}
    for variant in forgery.variants.values():
        name = f"{forgery.id}[{variant.name}]" if variant.name else forgery.id
        found.setdefault(_WORDS[variant.expect], []).append(name)
    return list(found.items())


_WORDS = {"refuse": "to be refused", "accept": "to be accepted", "either": "either way will do"}
