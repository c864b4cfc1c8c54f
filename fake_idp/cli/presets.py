"""``fake-idp presets``."""

from __future__ import annotations

import argparse
import json

from fake_idp.cli.common import bold, dim, print_json
from fake_idp.cli.parser import add_json, completed, example
from fake_idp.issuer import Issuer
from fake_idp.presets import PRESETS, Preset, find_preset

__all__ = ["add"]


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    completed(
        parser.add_argument("preset", nargs="?", metavar="PRESET", help="show the claims of this one"),
        "preset",
    )
    add_json(parser)
    parser.epilog = example("fake-idp presets", "fake-idp presets cognito")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    if args.preset is None:
        _list(args)
    else:
        _show(args, find_preset(args.preset))


def _list(args: argparse.Namespace) -> None:
    if args.json:
        print_json(
            [{"preset": each.name, "title": each.title, "issuer": each.url} for each in PRESETS.values()]
        )
        return
    for each in PRESETS.values():
        print(f"{bold(f'{each.name:22}')} {each.title}\n{'':22} {dim(each.url)}")


def _show(args: argparse.Namespace, preset: Preset) -> None:
    issuer = Issuer(preset, algorithm="ES256")  # a name for ``kid`` is needed, a slow key is not
    samples = {use: issuer.draft(token_use=use).claims for use in ("access", "id")}
    if args.json:
        print_json(
            {
                "preset": preset.name,
                "title": preset.title,
                "issuer": preset.url,
                "grants": list(preset.grants),
                "claims": samples,
                "sources": dict(preset.sources),
            }
        )
        return
    print(f"{bold(preset.title)}\n  issuer  {preset.url}\n  grants  {', '.join(preset.grants) or 'none'}")
    for use, claims in samples.items():
        print(bold(f"{use} token"))
        for name, value in claims.items():
            source = preset.sources.get(name, "")
            print(f"  {name}: {json.dumps(value)}{dim(f'  [{source}]') if source else ''}")
