"""Completion scripts, driven in the shells that they are for."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from fake_idp import FORGERIES, PRESETS
from fake_idp.cli import main
from fake_idp.cli.parser import COMMANDS


@pytest.fixture
def script(tmp_path: Path, capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Path:
    shell = getattr(request, "param", "bash")
    assert main(["completion", shell]) == 0
    file = tmp_path / f"completion.{shell}"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    return file


def bash(script: Path, line: str) -> list[str]:
    """What bash offers at the end of that line."""
    words = shlex.split(line) + ([""] if line.endswith(" ") else [])
    code = (
        f"source {shlex.quote(str(script))}\n"
        "[[ $(complete -p fake-idp) == *_fake_idp* ]] || exit 9\n"
        f"COMP_WORDS=({' '.join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}\n"
        '_fake_idp 2>/dev/null; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", code],
        cwd=script.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("fake-idp ", [*COMMANDS]),
        ("fake-idp k", ["keys"]),
        ("fake-idp keys ", ["list", "rotate", "announce", "retire", "export"]),
        ("fake-idp keys rotate --h", ["--help", "--hard"]),
        ("fake-idp mint --preset ", [*PRESETS]),
        ("fake-idp mint --sub alice --preset ok", [name for name in PRESETS if name.startswith("ok")]),
        ("fake-idp mint --grant client", ["client_credentials"]),
        ("fake-idp mint --sub ", []),
        ("fake-idp mint --claims comp", ["completion.bash"]),
        ("fake-idp mint ", []),
        ("fake-idp forge sig.hs-confusion", list(FORGERIES["sig.hs-confusion"].names)),
        ("fake-idp keys export --format ", ["pem", "jwk"]),
        ("fake-idp serve --lax p", ["pkce"]),
        ("fake-idp mint --alg ES", ["ES256", "ES384", "ES512"]),
        ("fake-idp completion ", ["bash", "zsh", "fish"]),
        ("fake-idp nonsense ", []),
    ],
)
def test_bash_offers_what_fits(script: Path, line: str, offers: list[str]) -> None:
    assert bash(script, line) == offers


def test_bash_offers_names_with_spaces_whole(script: Path) -> None:
    (script.parent / "my claims.json").touch()
    assert bash(script, "fake-idp mint --claims my") == ["my claims.json"]


@pytest.mark.parametrize("script", ["zsh", "fish"], indirect=True)
def test_other_shells_read_their_scripts(script: Path) -> None:
    shell = script.suffix[1:]
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    flags = ["-f"] if shell == "zsh" else ["--no-config"]
    # Not into /dev/null: zsh moves its dump file there, and root would replace the device by a file.
    dump = shlex.quote(str(script.parent / "zcompdump"))
    prelude = f"autoload -Uz compinit && compinit -u -d {dump}; " if shell == "zsh" else ""
    code = f"{prelude}source {shlex.quote(str(script))}"
    if shell == "fish":
        code += "; complete -C 'fake-idp mint --preset '; complete -C 'fake-idp keys '"
    else:
        code += (
            "; words=(fake-idp mint --preset ''); COMP_WORDS=(fake-idp mint --preset ''); COMP_CWORD=3"
            '; setopt localoptions ksharrays; _fake_idp; print -l -- "${COMPREPLY[@]}"'
            "; COMP_WORDS=(fake-idp keys ''); COMP_CWORD=2; _fake_idp; print -l -- \"${COMPREPLY[@]}\""
        )
    done = subprocess.run(
        [shell, *flags, "-c", code],
        cwd=script.parent,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    offered = {line.split("\t")[0] for line in done.stdout.splitlines()}
    assert {*PRESETS, "rotate", "export"} <= offered, done
