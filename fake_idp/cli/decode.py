"""``fake-idp decode``."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fake_idp.cli.common import bold, dim, issuer_of, json_object, print_json, read, say, store_of
from fake_idp.cli.parser import add_json, add_preset, add_state, completed, example
from fake_idp.decode import explain, stripped
from fake_idp.errors import InvalidValue, StateError
from fake_idp.judge import read as read_token
from fake_idp.presets import PRESETS

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer

__all__ = ["add"]


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "token",
        nargs="?",
        default="-",
        metavar="TOKEN",
        help="the token, or - to read it from standard input",
    )
    add_preset(parser, "check it as this issuer's (default: the one of its name in the state folder)")
    parser.add_argument("--issuer", metavar="URL", help="the issuer's name (default: as last served)")
    completed(
        parser.add_argument(
            "--jwks",
            metavar="FILE|URL",
            help="check the signature with these keys (a URL of this machine only)",
        ),
        "file",
    )
    add_json(parser)
    add_state(parser)
    parser.epilog = example(
        "fake-idp mint | fake-idp decode", "fake-idp mint --preset okta | fake-idp decode --preset okta"
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    text = args.token if args.token != "-" else read("-", what="standard input")  # noqa: S105
    jwks = _jwks(args.jwks) if args.jwks else None
    issuer = issuer_of(args) if args.preset or args.issuer else None if jwks else _known(args, text)
    found = explain(text, now=time.time(), issuer=issuer, jwks=jwks)
    if args.json:
        print_json(
            {
                "header": found.header,
                "claims": found.claims,
                "times": found.times,
                "issuer": None if issuer is None else issuer.preset.name,
                "checks": [asdict(check) for check in found.checks],
            }
        )
        return
    for title, members in (("header", found.header), ("payload", found.claims)):
        print(bold(title))
        for name, value in members.items():
            when = f"   ({found.times[name]})" if title == "payload" and name in found.times else ""
            print(f"  {json.dumps(name)[1:-1]}: {json.dumps(value)}{dim(when)}")
    print(bold("checks" if issuer is None else f"checks, as a token of the issuer {issuer.preset.name}"))
    for check in found.checks:
        words = json.dumps(check.words)[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        print(f"  {_MARKS[check.verdict]:6} {check.name:12} {words}{dim(f'  [{check.source}]')}")
    count = len(found.suspicious)
    print(
        bold(f"suspicious: {count} of {len(found.checks)} checks failed" if count else "nothing suspicious")
    )


def _known(args: argparse.Namespace, text: str) -> Issuer | None:
    """The issuer in the state folder that has the name in the token, which anybody can write there."""
    store, (_, claims) = store_of(args), read_token(stripped(text))
    try:
        names = [name for name in store.names() if name in PRESETS]
    except StateError as error:
        say(f"{error}; no issuer to compare with")
        return None
    for issuer in map(store.issuer, names):
        if claims is not None and claims.get("iss") == issuer.token_issuer:
            return issuer
    return None


_MARKS = {"pass": "ok", "fail": "FAILED", "skip": "-"}


def _jwks(where: str) -> dict[str, Any]:
    """A JWK Set from a file, or from an issuer on this machine."""
    what = f"--jwks {where}"
    if not where.startswith(("http://", "https://")):
        return json_object(read(where, what="--jwks"), what=what)
    import http.client
    import urllib.request

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    host = urlsplit(where).hostname or ""
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise InvalidValue("--jwks", f"{host} is another machine; fetch the keys yourself, and name the file")
    # No proxy and no redirect: either would lead away from this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect())
    try:
        with opener.open(where, timeout=10) as answer:
            text = answer.read(4_000_000).decode("utf-8", "replace")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise InvalidValue("--jwks", f"{where} does not answer as it should ({error})") from None
    return json_object(text, what=what)
