"""The HTML of the pages on which people sign in: plain, escaped, without scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from harness.aws.identity_center.directory.store import User

__all__ = ["ask_code", "ask_user", "message"]

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 30rem; margin: 12vh auto 0; padding: 0 1.25rem; }
h1 { font-size: 1.4rem; line-height: 1.25; }
code { font-size: 1.2rem; letter-spacing: .06em; }
label { display: block; margin: 1.25rem 0 .25rem; }
input, select, button { font: inherit; padding: .55rem .7rem; border: 1px solid #8888; border-radius: .4rem; }
input, select { width: 100%; box-sizing: border-box; }
button { margin: 1.25rem .5rem 0 0; padding: .55rem 1.2rem; cursor: pointer; }
button.main { background: #0b57d0; border-color: #0b57d0; color: #fff; }
:focus-visible { outline: 3px solid #0b57d0; outline-offset: 2px; }
footer { margin-top: 3rem; font-size: .85rem; opacity: .7; }
"""


def ask_code(action: str, *, wrong: str = "") -> str:
    """Return the page that asks for the code of a device.

    Args:
        action: where the form goes.
        wrong: a code that somebody typed in vain.
    """
    problem = f'<p role="alert">No device waits with the code {escape(wrong)}.</p>' if wrong else ""
    return _page(
        "Sign in for a device",
        f"""{problem}<form method="get" action="{escape(action)}">
<label for="user_code">The code that your device shows</label>
<input id="user_code" name="user_code" required maxlength="20" autocomplete="off" autofocus>
<button class="main">Next</button>
</form>""",
    )


def ask_user(
    action: str, *, client: str, users: Iterable[User], hidden: Mapping[str, str], code: str = ""
) -> str:
    """Return the page that asks who signs in, and whether at all.

    Args:
        action: where the form goes; it has ``user``, an id, and ``decision``, ``allow`` or ``deny``.
        client: the name of the client.
        users: of the identity store.
        hidden: fields that come back with the answer.
        code: that the device must show, where it is one.
    """
    options = "".join(
        f'<option value="{escape(user.id)}">{escape(user.display_name)} ({escape(user.name)})</option>'
        for user in users
    )
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    shown = f"<p>Your device must show the code <code>{escape(code)}</code>.</p>" if code else ""
    choice = (
        '<label for="user">Sign in as</label>'
        f'<select id="user" name="user" required>{options}</select>'
        '<button class="main" name="decision" value="allow">Allow</button>'
        if options
        else "<p>The identity store has no users yet.</p>"
    )
    return _page(
        f"Allow {client} to use your access?",
        f"""{shown}<form method="post" action="{escape(action)}">{fields}{choice}
<button name="decision" value="deny" formnovalidate>Deny</button>
</form>""",
    )


def message(title: str, text: str) -> str:
    """Return a page that says something."""
    return _page(title, f'<p role="status">{escape(text)}</p>')


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{_STYLE}</style></head>
<body><main><h1>{escape(title)}</h1>
{body}</main>
<footer>IAM Identity Center of an emulated AWS. No passwords: whoever is here may be anybody.</footer>
</body></html>
"""
