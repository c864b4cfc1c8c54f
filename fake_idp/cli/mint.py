"""``fake-idp mint``."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fake_idp import random_ids
from fake_idp.cli.common import issuer_of, json_object, pairs, print_json, read
from fake_idp.cli.parser import add_json, add_preset, add_state, completed, example
from fake_idp.errors import InvalidValue
from fake_idp.presets import GRANTS

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer
    from fake_idp.options import TokenOptions

__all__ = ["add", "add_token_options", "print_token", "token_options"]

_SHARED = ("expires_in", "scope", "user", "session")
"""What the two tokens of one response have in common."""


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_token_options(parser)
    parser.epilog = example(
        "fake-idp mint --preset okta --sub bob --aud api://mine --claim 'groups=[\"ops\"]' --expires-in 600",
        "echo '{\"tenant\": 7}' | fake-idp mint --claims - --curl https://api.example.com/",
    )
    parser.set_defaults(run=_run)


def add_token_options(parser: argparse.ArgumentParser) -> None:
    """What ``mint`` and ``forge`` have in common."""
    add_preset(parser)
    parser.add_argument("--sub", help="the subject (default: alice, or the client of a machine's token)")
    parser.add_argument("--aud", action="append", help="the audience; repeated for a list")
    many: dict[str, Any] = {"action": "append", "default": []}
    parser.add_argument("--claim", **many, metavar="NAME=JSON", help="add or replace a claim; repeatable")
    completed(
        parser.add_argument(
            "--claims",
            **many,
            metavar="FILE",
            help="claims from a file with a JSON object, or - for standard input",
        ),
        "file",
    )
    parser.add_argument("--without", **many, metavar="NAME", help="leave a claim out; repeatable")
    parser.add_argument("--group", **many, metavar="NAME", help="a group that the person is in; repeatable")
    parser.add_argument("--role", **many, metavar="NAME", help="a role that the person has; repeatable")
    parser.add_argument(
        "--provider", metavar="NAME", help="where a federated person comes from, for example Google"
    )
    parser.add_argument("--scope", help="the granted scopes, separated by spaces")
    parser.add_argument(
        "--expires-in", type=float, metavar="SECONDS", help="lifetime; negative for an expired token"
    )
    use = parser.add_mutually_exclusive_group()
    for name in ("id", "access"):
        use.add_argument(
            f"--{name}-token", dest="token_use", action="store_const", const=name, help=f"an {name} token"
        )
    parser.add_argument(
        "--grant",
        choices=tuple(GRANTS),
        metavar="TYPE",
        default="authorization_code",
        help="the grant that it comes from; client_credentials makes a machine's token",
    )
    parser.add_argument("--nonce", help="the nonce of an ID token")
    parser.add_argument(
        "--header", **many, metavar="NAME=JSON", help="add or replace a header member; null leaves it out"
    )
    parser.add_argument("--key", metavar="KID", help="sign with this key of the ring, retired ones included")
    completed(
        parser.add_argument(
            "--alg",
            metavar="ALG",
            help="sign with a key of this algorithm; made and published if there is none",
        ),
        "algorithm",
    )
    parser.add_argument("--issuer", metavar="URL", help="the issuer's name (default: as last served)")
    parser.add_argument("--client-id", metavar="ID", help="the client that the token is for")
    add_json(parser, "print the whole token response")
    parser.add_argument(
        "--curl",
        nargs="?",
        const="",
        metavar="URL",
        help="print a curl command with the token (default: to the token's audience)",
    )
    add_state(parser)


def token_options(args: argparse.Namespace, issuer: Issuer) -> TokenOptions:
    """What the arguments ask of a token."""
    claims: dict[str, Any] = {}
    for name in args.claims:
        what = "standard input" if name == "-" else f"--claims {name}"
        claims |= json_object(read(name, what="--claims"), what=what)
    claims |= pairs(args.claim, "--claim")
    options: TokenOptions = {
        "aud": args.aud[0] if args.aud and len(args.aud) == 1 else args.aud,
        "claims": claims,
        "without": args.without,
        "expires_in": args.expires_in,
        "token_use": args.token_use,
        "scope": args.scope,
        "headers": pairs(args.header, "--header"),
        "key": args.key,
        "grant": args.grant,
        "nonce": args.nonce,
    }
    if args.alg:
        options["key"] = _key(args, issuer)
    if args.group or args.role or args.provider:
        if args.grant == "client_credentials":
            raise InvalidValue("--group, --role and --provider", "a machine has none of them")
        user = issuer.users.find(args.sub or "alice")
        options["user"] = replace(
            user,
            groups=(*user.groups, *args.group),
            roles=(*user.roles, *args.role),
            provider=args.provider or user.provider,
        )
    return options


def print_token(args: argparse.Namespace, issuer: Issuer, make: Callable[..., str]) -> None:
    """Print the token that ``make`` makes (``issuer.mint``, or a forgery), as it was asked for."""
    options = token_options(args, issuer)
    if args.json:
        print_json(_response(args, issuer, make, options))
        return
    token = make(args.sub, **options)
    if args.curl is not None:
        print(
            f"curl -sS -H {shlex.quote('Authorization: Bearer ' + token)} {shlex.quote(_url(args, issuer))}"
        )
    else:
        print(token)


def _run(args: argparse.Namespace) -> None:
    issuer = issuer_of(args)
    print_token(args, issuer, issuer.mint)


def _key(args: argparse.Namespace, issuer: Issuer) -> Any:
    """A key of that algorithm: of the ring where it has one, a fresh one otherwise."""
    from fake_idp import algorithms
    from fake_idp.key import Key

    wanted = algorithms.check(args.alg)
    if args.key is not None:
        key = issuer.keys.get(args.key)
        if key.algorithm != wanted:
            raise InvalidValue("--alg", f"the key {args.key!r} is for {key.algorithm}")
        return key
    for held in reversed(issuer.keys.held):
        if held.key.algorithm == wanted and held.state != "retired":
            return held.key
    key = Key(issuer.preset.new_kid(), algorithm=wanted)
    issuer.keys.add(key)
    return key


def _response(
    args: argparse.Namespace, issuer: Issuer, make: Callable[..., str], options: TokenOptions
) -> dict[str, Any]:
    """The answer of a token endpoint (RFC 6749 section 5.1, OpenID Connect Core 1.0 section 3.1.3.3).

    What was asked for is in the token that ``mint`` prints; the other one is of the same sign-in.
    """
    use = args.token_use or issuer.preset.default_use
    scope = issuer.scope if args.scope is None else tuple(args.scope.split())
    alone = args.token_use is not None or args.grant == "client_credentials"
    options["session"] = random_ids.uuid4()
    given: dict[str, Any] = {**options}
    shared = {name: given[name] for name in _SHARED if given.get(name) is not None}
    tokens: dict[str, str] = {}
    if use == "access":
        tokens["access_token"] = make(args.sub, **options)
        if not alone and "openid" in scope:
            more = {**shared, "nonce": args.nonce, "access_token": tokens["access_token"]}
            tokens["id_token"] = issuer.mint(args.sub, token_use="id", **more)  # noqa: S106 (a kind of token)
    else:
        if not alone:
            tokens["access_token"] = issuer.mint(args.sub, token_use="access", **shared)  # noqa: S106
            options["access_token"] = tokens["access_token"]
        tokens["id_token"] = make(args.sub, **options)
    lifetime = issuer.preset.lifetime_of(use) if args.expires_in is None else args.expires_in
    return {
        **tokens,
        "token_type": "Bearer",
        "expires_in": int(lifetime) if lifetime == int(lifetime) else lifetime,
        "scope": " ".join(scope),
    }


def _url(args: argparse.Namespace, issuer: Issuer) -> str:
    if args.curl:
        return str(args.curl)
    audience = args.aud[0] if args.aud else issuer.audience
    candidates = (
        audience if isinstance(audience, str) else audience[0],
        issuer.endpoints.get("userinfo", ""),
    )
    for url in candidates:
        if url.startswith(("http://", "https://")):
            return url
    raise InvalidValue("--curl", "say where to: the token's audience is no URL")
