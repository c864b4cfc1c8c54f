"""What ``fake-idp`` understands on the command line."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from fake_idp.presets import PRESETS

__all__ = ["WARNING", "build_parser"]

WARNING = "for tests only: it signs whatever it is asked to"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the usage is a ``--help`` away."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def build_parser(run: Mapping[str, Callable[[argparse.Namespace], None]]) -> argparse.ArgumentParser:
    """Make the parser; ``run`` has what each command does, by name."""
    parser = _Parser(
        prog="fake-idp",
        description=f"A fake OIDC issuer, {WARNING}.",
        epilog=_example("fake-idp serve", "fake-idp mint --preset okta --sub alice"),
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    keys = commands.add_parser("keys", help="list and rotate keys", epilog=_example("fake-idp keys list"))
    on_keys = keys.add_subparsers(required=True, metavar="COMMAND")
    state = argparse.ArgumentParser(add_help=False)
    state.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="state folder (default: $FAKE_IDP_STATE or ~/.local/state/fake-idp)",
    )
    state.add_argument("--json", action="store_true", help="print JSON")
    token = _token_parser()

    def command(path: str, help_: str, *example: str, parents: Sequence[Any] = (state,)) -> Any:
        group, _, name = path.rpartition(" ")
        made = (on_keys if group else commands).add_parser(
            name, parents=list(parents), help=help_, description=help_, epilog=_example(*example)
        )
        made.set_defaults(run=run[path])
        return made

    serve = command(
        "serve",
        "publish the issuers' metadata and keys",
        "fake-idp serve --preset okta --port 0",
    )
    serve.add_argument(
        "--port", type=_port, default=9000, help="port on 127.0.0.1; 0 chooses one (default: 9000)"
    )
    serve.add_argument(
        "--preset",
        action="append",
        metavar="NAME",
        help=f"{', '.join(PRESETS)}; repeatable (default: all of them)",
    )
    serve.add_argument(
        "--issuer", metavar="URL", help="the issuer's name, where it is not its loopback address"
    )

    command(
        "mint",
        "print an honest token",
        "fake-idp mint --preset okta --sub bob --aud api://mine --claim 'groups=[\"ops\"]' --expires-in 600",
        parents=(token, state),
    )
    forge = command(
        "forge",
        "print a hostile token: an honest one with one defect",
        "fake-idp forge --list",
        "fake-idp forge 'sig.hs-confusion[jwk]' --preset okta --sub alice",
        parents=(token, state),
    )
    forge.add_argument("id", nargs="?", metavar="ID", help="the forgery, for example sig.none")
    forge.add_argument("--list", action="store_true", help="list the forgeries")

    decode = command(
        "decode",
        "explain a token",
        "fake-idp mint | fake-idp decode -",
        parents=(),
    )
    decode.add_argument("token", metavar="TOKEN", help="the token, or - to read it from standard input")
    decode.add_argument("--json", action="store_true", help="print JSON")

    listing = command("keys list", "list the keys in the state folder", "fake-idp keys list --json")
    rotate = command(
        "keys rotate",
        "sign with new keys from now on; a running serve publishes them at once",
        "fake-idp keys rotate --preset okta --hard",
    )
    for each in (listing, rotate):
        each.add_argument("--preset", metavar="NAME", help=", ".join(PRESETS))
    rotate.add_argument("--hard", action="store_true", help="withdraw the old keys at once")
    return parser


def _token_parser() -> argparse.ArgumentParser:
    token = argparse.ArgumentParser(add_help=False)
    token.add_argument("--preset", metavar="NAME", help=f"{', '.join(PRESETS)} (default: plain)")
    token.add_argument("--sub", default="alice", help="the subject (default: alice)")
    token.add_argument("--aud", action="append", help="the audience; repeated for a list")
    token.add_argument(
        "--claim", action="append", default=[], metavar="NAME=JSON", help="add or replace a claim"
    )
    token.add_argument("--without", action="append", default=[], metavar="NAME", help="leave a claim out")
    token.add_argument("--scope", help="the granted scopes, separated by spaces")
    token.add_argument(
        "--expires-in", type=float, metavar="SECONDS", help="lifetime; negative for an expired token"
    )
    use = token.add_mutually_exclusive_group()
    for name in ("id", "access"):
        use.add_argument(
            f"--{name}-token", dest="token_use", action="store_const", const=name, help=f"an {name} token"
        )
    token.add_argument(
        "--header", action="append", default=[], metavar="NAME=JSON", help="add or replace a header member"
    )
    token.add_argument("--key", metavar="KID", help="sign with this key of the ring, retired ones included")
    token.add_argument("--issuer", metavar="URL", help="the issuer's name (default: as last served)")
    token.add_argument("--client-id", metavar="ID", help="the client that the token is for")
    return token


def _example(*lines: str) -> str:
    return "example:\n" + textwrap.indent("\n".join(lines), "  ")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)
