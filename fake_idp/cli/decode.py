"""``fake-idp decode``."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from fake_idp.cli.common import bold, dim, issuer_of, json_object, print_json, read
from fake_idp.cli.parser import add_json, add_preset, add_state, completed, example
from fake_idp.decode import explain
from fake_idp.errors import InvalidValue

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
    add_preset(parser, "check it as this issuer's")
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
    issuer = None
    if args.preset or args.issuer or args.state:
        issuer = issuer_of(args)
    jwks = _jwks(args.jwks) if args.jwks else None
    text = args.token if args.token != "-" else read("-", what="standard input")  # noqa: S105
    found = explain(text, now=time.time(), issuer=issuer, jwks=jwks)
    if args.json:
        print_json(
            {
                "header": found.header,
                "claims": found.claims,
                "times": found.times,
                "checks": [asdict(check) for check in found.checks],
            }
        )
        return
    for title, members in (("header", found.header), ("payload", found.claims)):
        print(bold(title))
        for name, value in members.items():
            when = f"   ({found.times[name]})" if title == "payload" and name in found.times else ""
            print(f"  {json.dumps(name)[1:-1]}: {json.dumps(value)}{dim(when)}")
    print(bold("checks"))
    for check in found.checks:
        words = json.dumps(check.words)[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        print(f"  {_MARKS[check.verdict]:6} {check.name:12} {words}{dim(f'  [{check.source}]')}")
    count = len(found.suspicious)
    print(
        bold(f"suspicious: {count} of {len(found.checks)} checks failed" if count else "nothing suspicious")
    )


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
