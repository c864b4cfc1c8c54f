"""What a verified AssumeRoleWithWebIdentity costs, and where: by itself, and over kept HTTP connections.

    python benchmarks/web_identity.py [CALLS]

AWS asks the issuer for its discovery document and its keys at every call; the rows without that show what is
ours alone. Medians and tenth percentiles in milliseconds. Compare ratios, not numbers: machines differ.
"""

from __future__ import annotations

import http.client
import statistics
import sys
import time
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from harness.aws.wire import Request
from harness.world import World
from harness.world.setup import ROLE_NAME

HOST = "sts.us-east-1.amazonaws.com"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def measure(title: str, call: Callable[[], object], calls: int) -> None:
    """Print how long a call takes."""
    for _ in range(30):
        call()
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    tenth = statistics.quantiles(times, n=10)[0]
    print(f"{title:48} {statistics.median(times):8.3f} {tenth:8.3f}")


def sender(connection: http.client.HTTPConnection, body: bytes) -> Callable[[], None]:
    """Return what sends the call over one connection."""

    def send() -> None:
        connection.request("POST", "/", body=body, headers={"host": HOST, **FORM})
        answer = connection.getresponse()
        if b"<AccessKeyId>" not in answer.read():
            raise SystemExit("no session was given out")

    return send


def main(calls: int) -> None:
    """Measure each part in one world."""
    with World("oidc") as world:
        fields = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": world.aws.iam.role_arn(ROLE_NAME),
            "RoleSessionName": "alice",
            "WebIdentityToken": world.mint("alice"),
        }
        body = urlencode(fields).encode()
        request = Request(host=HOST, headers=FORM, body=body)
        documents = {url: world.aws.fetch(url) for url in (world.issuer.discovery_url, world.issuer.jwks_url)}
        service = world.internet.locate(HOST)
        if service is None:
            raise SystemExit(f"{HOST} is not part of the world")
        kept = http.client.HTTPConnection(*service)
        door = urlsplit(world.internet.door("client"))
        tls = http.client.HTTPSConnection(
            str(door.hostname), door.port, context=world.internet.client_context
        )
        tls.set_tunnel(HOST, 443)
        print(f"{'milliseconds':48} {'median':>8} {'tenth':>8}")
        measure("one document of the issuer", lambda: world.aws.fetch(world.issuer.jwks_url), calls)
        for where, fetch in (("", world.aws.fetch), (", documents at hand", documents.__getitem__)):
            world.aws.fetch = fetch
            measure(f"the call in process{where}", lambda: world.aws.handle(request), calls)
            measure(f"over a kept connection{where}", sender(kept, body), calls)
            measure(f"through the proxy and TLS{where}", sender(tls, body), calls)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
