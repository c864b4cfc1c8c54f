"""``fake-idp``: serve issuers, mint and forge tokens, take tokens apart, rotate keys.

Standard output carries the result and nothing else, standard error the talk. Exit code 2 means that
the command was not understood or could not be done as asked.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from fake_idp.errors import FakeIdpError, InvalidValue, StateError
from fake_idp.issuer import Issuer
from fake_idp.options import WARNING, build_parser
from fake_idp.presets import PRESETS
from fake_idp.store import Store, default_url

__all__ = ["main"]

_STDIN_LIMIT = 4_000_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    try:
        args = build_parser(_COMMANDS).parse_args(argv)
        args.run(args)
        sys.stdout.flush()
    except FakeIdpError as error:
        print(f"fake-idp: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _mint(args: argparse.Namespace) -> None:
    issuer, options = _issuer(args), _token_options(args)
    _print_token(args, issuer, issuer.mint(args.sub, **options), options)


def _forge(args: argparse.Namespace) -> None:
    from fake_idp.forgeries import FORGERIES

    if args.list:
        if args.json:
            _print_json([_described(forgery) for forgery in FORGERIES.values()])
            return
        for forgery in FORGERIES.values():
            print(f"{forgery.id:18} {forgery.title}  [{forgery.source}]")
            if forgery.variants:
                print(f"{'':18} {'  '.join(forgery.names[1:])}")
        return
    if args.id is None:
        raise InvalidValue("forge", "give the id of a forgery, or --list")
    issuer, options = _issuer(args), _token_options(args)
    _print_token(args, issuer, issuer.forge(args.id, args.sub, **options), options)


def _decode(args: argparse.Namespace) -> None:
    from fake_idp.decode import explain

    text = args.token
    if text == "-":
        text = sys.stdin.buffer.read(_STDIN_LIMIT).decode("utf-8", "replace")
    found = explain(text, now=time.time())
    if args.json:
        _print_json(
            {
                "header": found.header,
                "claims": found.claims,
                "times": found.times,
                "suspicious": found.suspicious,
                "signature": "not checked",
            }
        )
        return
    for title, members in (("header", found.header), ("payload", found.claims)):
        print(title)
        for name, value in members.items():
            when = f"   ({found.times[name]})" if title == "payload" and name in found.times else ""
            print(f"  {json.dumps(name)[1:-1]}: {json.dumps(value)}{when}")
    print("signature\n  not checked")
    print("suspicious" if found.suspicious else "nothing suspicious")
    for line in found.suspicious:
        print(f"  {line}")


def _keys_list(args: argparse.Namespace) -> None:
    store = _store(args)
    names = [args.preset] if args.preset else store.names()
    rows = [
        {
            "preset": name,
            "kid": held.key.kid,
            "use": held.use,
            "state": held.state,
            "algorithm": held.key.algorithm,
            "issuer": issuer.url,
        }
        for name in names
        for issuer in [store.issuer(name)]
        for held in issuer.keys.held
    ]
    if args.json:
        _print_json(rows)
        return
    if not rows:
        print(f"fake-idp: no keys in {store.folder} yet; mint or serve makes them", file=sys.stderr)
    for row in rows:
        print(
            f"{row['preset']:16} {row['state']:9} {row['use']:7} {row['algorithm']:6} "
            f"{row['kid']}  {row['issuer']}"
        )


def _keys_rotate(args: argparse.Namespace) -> None:
    with _store(args).changing(args.preset or "plain") as issuer:
        issuer.keys.rotate(overlap=not args.hard)
        fresh = [held.key.kid for held in issuer.keys.held if held.state == "current"]
    if args.json:
        _print_json({"preset": issuer.preset.name, "current": fresh})
    else:
        print("\n".join(fresh))
    fate = "withdrawn" if args.hard else "still published"
    print(f"fake-idp: {issuer.preset.name} signs with new keys; the old ones are {fate}", file=sys.stderr)


def _serve(args: argparse.Namespace) -> None:
    from fake_idp.app import Site
    from fake_idp.server import listen, serve

    presets = list(dict.fromkeys(args.preset or (["plain"] if args.issuer else PRESETS)))
    if args.issuer and len(presets) != 1:
        raise InvalidValue("--issuer", "names one issuer, so give one --preset with it")
    store = _store(args)
    listener = listen(args.port)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    issuers = []
    for preset in presets:
        with store.changing(preset, url=args.issuer or default_url(preset, address)) as issuer:
            issuers.append(issuer)

    def look_for_new_keys(issuer: Issuer) -> None:
        try:
            store.refresh(issuer)
        except StateError as error:
            print(f"fake-idp: {error}; still publishing the keys from before", file=sys.stderr)

    _announce(args, issuers, address)
    serve(Site(issuers, before=look_for_new_keys), listener)


def _announce(args: argparse.Namespace, issuers: list[Issuer], address: str) -> None:
    rows = [
        {
            "preset": issuer.preset.name,
            "issuer": issuer.url,
            "discovery": address + next(iter(issuer.routes)),
            "jwks": address + urlsplit(issuer.jwks_url).path,
        }
        for issuer in issuers
    ]
    if args.json:
        _print_json({"address": address, "issuers": rows, "warning": WARNING}, indent=None)
    else:
        state = f" --state {shlex.quote(str(args.state))}" if args.state else ""
        print(f"fake-idp, {WARNING}. Ctrl-C ends it.\n")
        for row in rows:
            print(f"{row['preset']}\n  issuer     {row['issuer']}\n  discovery  {row['discovery']}")
            print(f"  keys       {row['jwks']}")
            print(f"  a token    fake-idp mint{state} --preset {row['preset']} --sub alice\n")
    sys.stdout.flush()


def _store(args: argparse.Namespace) -> Store:
    return Store(args.state)


def _issuer(args: argparse.Namespace) -> Issuer:
    return _store(args).issuer(args.preset or "plain").renamed(url=args.issuer, client_id=args.client_id)


def _token_options(args: argparse.Namespace) -> dict[str, Any]:
    aud = args.aud
    return {
        "aud": aud[0] if aud and len(aud) == 1 else aud,
        "claims": _pairs(args.claim, "--claim"),
        "without": args.without,
        "expires_in": args.expires_in,
        "token_use": args.token_use,
        "scope": args.scope,
        "headers": _pairs(args.header, "--header"),
        "key": args.key,
    }


def _pairs(given: list[str], option: str) -> dict[str, Any]:
    pairs = {}
    for pair in given:
        name, separator, text = pair.partition("=")
        if not separator or not name:
            raise InvalidValue(option, f"is name=json, and {pair!r} is not")
        try:
            pairs[name] = json.loads(text)
        except (ValueError, RecursionError):
            hint = (
                f"; for a string write {shlex.quote(name + '=' + json.dumps(text))}"
                if len(text) < 200
                else ""
            )
            raise InvalidValue(f"{option} {name}", f"the value is not JSON{hint}") from None
    return pairs


def _print_token(args: argparse.Namespace, issuer: Issuer, token: str, options: dict[str, Any]) -> None:
    if not args.json:
        print(token)
        return
    use = options["token_use"] or issuer.preset.default_use
    lifetime = issuer.preset.lifetime if options["expires_in"] is None else options["expires_in"]
    _print_json({f"{use}_token": token, "token_type": "Bearer", "expires_in": lifetime, "issuer": issuer.url})


def _described(forgery: Any) -> dict[str, Any]:
    return {
        "id": forgery.id,
        "title": forgery.title,
        "source": forgery.source,
        "variants": list(forgery.names[1:]),
    }


def _print_json(value: Any, *, indent: int | None = 2) -> None:
    print(json.dumps(value, indent=indent))


_COMMANDS = {
    "serve": _serve,
    "mint": _mint,
    "forge": _forge,
    "decode": _decode,
    "keys list": _keys_list,
    "keys rotate": _keys_rotate,
}
