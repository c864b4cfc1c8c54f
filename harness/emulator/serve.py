"""``harness aws serve``: the emulated AWS alone, for people who have an issuer of their own."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import sys
from collections.abc import Iterable

from fake_idp.errors import FakeIdpError
from fake_idp.server import listen
from fake_idp.server import serve as serve_app
from harness.emulator.aws import EmulatedAws
from harness.emulator.fetching import TrustError
from harness.emulator.site import Site
from harness.errors import UsageError
from harness.internet import Internet
from harness.internet.variables import FOREIGN, forgetting
from harness.serving import Address

__all__ = ["serve"]

_WARNING = "for tests only"
_OLD_TOOLS = (
    "# Tools from before July 2023 (the AWS CLI 2.12) know no AWS_ENDPOINT_URL: serve with --internet."
)


def serve(
    *,
    port: int = 0,
    account_id: str | None = None,
    region: str = "us-east-1",
    trust: Iterable[str] = (),
    internet: bool = False,
    as_json: bool = False,
) -> int:
    """Serve an AWS account on a port of this machine until Ctrl-C; returns the exit code.

    Args:
        port: on 127.0.0.1; 0 chooses one.
        account_id: twelve digits; any when left out.
        region: of the account.
        trust: issuers elsewhere whose documents may be fetched (``harness.emulator.fetching.Trusted``).
        internet: whether it answers under AWS's own host names too, by a proxy and TLS.
        as_json: whether to print for a program.

    Raises:
        UsageError: the port is taken, the account id is none, or an issuer is written otherwise.
    """
    try:
        aws = EmulatedAws(account_id=account_id, region=region, trust=trust)
        listener = listen(port)
    except TrustError as error:
        raise UsageError(f"--trust {error}") from None
    except ValueError as error:
        raise UsageError(f"--account: {error}") from None
    except FakeIdpError as error:
        raise UsageError(str(error)) from None
    token = secrets.token_hex(16)
    endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
    net = _internet(aws) if internet else None
    environ = {
        **(
            net.environ("client", inherited=os.environ) if net is not None else {"AWS_ENDPOINT_URL": endpoint}
        ),
        "AWS_ACCESS_KEY_ID": aws.administrator.access_key_id,
        "AWS_SECRET_ACCESS_KEY": aws.administrator.secret_access_key,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }
    print_how = _print_json if as_json else _print_text
    try:
        serve_app(
            Site(aws, control_token=token),
            listener,
            ready=lambda: print_how(aws, endpoint=endpoint, token=token, environ=environ),
        )
    except KeyboardInterrupt:
        print("ended", file=sys.stderr)
    finally:
        if net is not None:
            net.close()
        aws.close()
    return 0


def _internet(aws: EmulatedAws) -> Internet:
    """Make an internet with AWS's names in it, and those of trusted issuers that are on this machine."""
    net = Internet()
    address = net.serve(aws.hosts[0], aws.app)
    for host in aws.hosts[1:]:
        net.connect(host, address)
    for trusted in aws.trusted:
        if trusted.address.scheme == "http":
            at = trusted.address
            net.connect(trusted.host.partition(":")[0], Address(at.hostname or "", at.port or 80))
    return net


def _print_json(aws: EmulatedAws, *, endpoint: str, token: str, environ: dict[str, str]) -> None:
    said = {
        "account": aws.account_id,
        "region": aws.region,
        "endpoint": endpoint,
        "environment": environ,
        "control": f"{endpoint}/_control",
        "control_token": token,
        "warning": _WARNING,
    }
    print(json.dumps(said), flush=True)


def _print_text(aws: EmulatedAws, *, endpoint: str, token: str, environ: dict[str, str]) -> None:
    lines = [
        f"# An emulated AWS, {_WARNING}: account {aws.account_id} at {endpoint}",
        "# Paste this into another shell; AWS's tools and SDKs there are then its administrator.",
        *forgetting(FOREIGN if "HTTPS_PROXY" in environ else ()),
        *(f"export {name}={shlex.quote(value)}" for name, value in environ.items()),
        "",
        "aws sts get-caller-identity",
        *([_OLD_TOOLS] if "AWS_ENDPOINT_URL" in environ else []),
        "",
        "# What it was asked, and how to break it:",
        f"curl -sS {endpoint}/_control/journal",
        f'curl -sS {endpoint}/_control/faults --json \'{{"where": "sts:*", "fault": "throttling"}}\'',
        f"# whoever comes by way of another machine adds: -H 'Authorization: Bearer {token}'",
    ]
    print("\n".join(lines), flush=True)
    print("\nCtrl-C ends it.", file=sys.stderr, flush=True)
