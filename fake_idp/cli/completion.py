"""``fake-idp completion``: what a shell offers after Tab, written down from the parser itself."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from fake_idp.cli.parser import build_parser, example

__all__ = ["add"]


class _Option(NamedTuple):
    """An option, or with an empty name the first argument that is none.

    Attributes:
        name: for example ``--preset``.
        takes: what comes after it: ``nothing``, ``anything``, ``file``, ``directory``, or words.
        help: what it is for.
    """

    name: str
    takes: str
    help: str


def add(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("shell", choices=tuple(_SHELLS), help=f"{', '.join(_SHELLS)}")
    parser.epilog = example(
        "source <(fake-idp completion bash)",
        "fake-idp completion zsh > ~/.zfunc/_fake-idp",
        "fake-idp completion fish > ~/.config/fish/completions/fake-idp.fish",
    )
    parser.set_defaults(run=lambda args: print(_SHELLS[args.shell](), end=""))


def _commands(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, list[_Option]]]:
    """Every command by its path, with its options; a path's own commands are its first argument."""
    options: list[_Option] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            options.append(_Option("", " ".join(action.choices), "command"))
            for name, inner in action.choices.items():
                yield from _commands(inner, f"{path} {name}".strip())
        else:
            options += [
                _Option(name, _takes(action), action.help or "") for name in action.option_strings or ("",)
            ]
    yield path, options


def _takes(action: argparse.Action) -> str:
    kind = getattr(action, "complete", None)
    if action.nargs == 0:
        return "nothing"
    if kind in ("file", "directory"):
        return str(kind)
    if kind == "preset":
        from fake_idp.presets import PRESETS

        return " ".join(PRESETS)
    if kind == "forgery":
        from fake_idp.forgeries import FORGERIES

        return " ".join(name for each in FORGERIES.values() for name in each.names)
    if kind == "algorithm":
        from fake_idp.algorithms import ALGORITHMS

        return " ".join(ALGORITHMS)
    return " ".join(action.choices) if action.choices else "anything"


def _bash() -> str:
    names, after = [], []
    for path, options in _commands(build_parser(None)):
        words = " ".join(each.name for each in options if each.name)
        first = next((each.takes for each in options if not each.name), "")
        names.append(f"    {shlex.quote(path)}) options={shlex.quote(words)} first={shlex.quote(first)} ;;")
        after += [
            f"    {shlex.quote(f'{path} {each.name}')}) takes={shlex.quote(each.takes)} ;;"
            for each in options
            if each.name and each.takes != "nothing"
        ]
    return _BASH.format(names="\n".join(names), after="\n".join(after))


_BASH = """\
# Completion of fake-idp for bash. Made by: fake-idp completion bash
_fake_idp() {{
  local path='' word options first takes='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    case "$path" in
      ''|keys) [[ $word == -* ]] || path=${{path:+$path }}$word ;;
    esac
  done
  case "$path" in
{names}
    *) return ;;
  esac
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
  case "$path $previous" in
{after}
  esac
  if [[ -z $takes ]]; then
    if [[ $current == -* ]]; then takes=$options; else takes=$first; fi
  fi
  case "$takes" in
    anything) ;;
    file) compopt -o filenames 2>/dev/null; _fake_idp_reply -f "$current" ;;
    directory) compopt -o filenames 2>/dev/null; _fake_idp_reply -d "$current" ;;
    *) _fake_idp_reply -W "$takes" "$current" ;;
  esac
}}
# Line by line, since mapfile is missing from the bash of macOS, and names may have spaces or brackets.
_fake_idp_reply() {{
  local word
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "${{@:1:$#-1}}" -- "${{@: -1}}")
}}
complete -F _fake_idp fake-idp
"""


def _zsh() -> str:
    """The function of bash, through zsh's own bridge to it."""
    return (
        "#compdef fake-idp\n# Completion of fake-idp for zsh. Made by: fake-idp completion zsh\n"
        "autoload -Uz bashcompinit && bashcompinit\n" + _bash()
    )


def _fish() -> str:
    lines = [
        "# Completion of fake-idp for fish. Made by: fake-idp completion fish",
        "complete -c fake-idp -f",
    ]
    for path, options in _commands(build_parser(None)):
        when = (
            " && ".join(f"__fish_seen_subcommand_from {word}" for word in path.split())
            or "__fish_use_subcommand"
        )
        for each in options:
            line = ["complete", "-c", "fake-idp", "-n", when]
            if each.name:
                line += ["-l", each.name[2:]] if each.name.startswith("--") else ["-s", each.name[1:]]
                line += ["-d", each.help.replace("%%", "%")]
            if each.takes in ("file", "directory"):
                line += ["-r", "-F"]
            elif each.takes == "anything":
                line += ["-x"] if each.name else []
            elif each.takes != "nothing":
                line += ["-x", "-a", each.takes] if each.name else ["-a", each.takes]
            lines.append(" ".join(shlex.quote(word) for word in line))
    return "\n".join(lines) + "\n"


_SHELLS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
