"""The emulated AWS beside bare moto and beside an application that does nothing, behind the same server.

    python benchmarks/aws.py [ROUNDS]

Each stands behind uvicorn, in a process of its own, and is asked over one kept connection by the same client
with the same signed bytes. Every round asks each in turn, so that a slower minute of the machine is
everybody's; the tables have the medians of the rounds. Compare ratios, not numbers: machines differ.

*nothing* is an ASGI application that reads the request and answers with a few bytes: what the client, the
server and the loopback cost by themselves. *moto* is as ``moto_server`` runs it, *moto, direct* is without
its dispatcher, which looks through a folder at each request.
"""

from __future__ import annotations

import asyncio
import datetime
import functools
import http.client
import io
import json
import multiprocessing
import secrets
import socket
import ssl
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlencode, urlsplit

import uvicorn
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app

from fake_idp import Clock, Issuer
from harness.aws import Aws
from harness.internet import Internet
from harness.world import PROVIDERS, RESOURCE, World
from harness.world.setup import ROLE_NAME, Site

CALLS = 100
POINTS = 1000
NAMESPACE = "Benchmark"
STS = "sts.us-east-1.amazonaws.com"
START = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0) - datetime.timedelta(
    minutes=POINTS
)
Request = tuple[str, dict[str, str], bytes]


class Asked:
    """A server, asked over one kept connection."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def ask(self, request: Request) -> float:
        """Ask once, and return the milliseconds; the answer must be 200."""
        path, headers, body = request
        start = time.perf_counter()
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        said = answer.read()
        took = 1000 * (time.perf_counter() - start)
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {said[:400]!r}")
        return took

    def median(self, requests: Sequence[Request]) -> float:
        """Ask each, and return the median of the milliseconds; a connection is made first, uncounted."""
        self._connection.close()  # the one of the round before was idle for long
        self.ask(requests[0])
        return statistics.median(self.ask(request) for request in requests)


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """An ASGI application that does nothing."""
    if scope["type"] != "http":
        await send({"type": f"{(await receive())['type']}.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


def direct(environ: Any, start_response: Any) -> Any:
    """moto's own application for a service, chosen by the first label of the host."""
    label = environ["HTTP_HOST"].partition(".")[0]
    return _direct("cloudwatch" if label == "monitoring" else label)(environ, start_response)


@functools.lru_cache
def _direct(package: str) -> Any:
    return create_backend_app(package)


def moto_app(wsgi: Any) -> Any:
    """Bare moto as an ASGI application, run as ours is: a thread a request."""

    def run(scope: Any, body: bytes) -> tuple[int, list[Any], bytes]:
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
        host = dict(headers).get("host", "localhost")
        environ = EnvironBuilder(
            method=scope["method"],
            path=scope["path"],
            base_url=f"http://{host}",
            headers=headers,
            input_stream=io.BytesIO(body),
            content_length=len(body),
        ).get_environ()
        chunks, status, said = run_wsgi_app(wsgi, environ, buffered=True)
        raw = [(name.lower().encode(), value.encode()) for name, value in said.items()]
        return int(str(status).split(" ")[0]), raw, b"".join(chunks)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await send({"type": f"{(await receive())['type']}.complete"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        status, headers, answer = await asyncio.to_thread(run, scope, body)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app


def serve(kind: str, pipe: Connection) -> None:
    """Serve one of them in this process; says port, role, tokens for it and an access key."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    issuer = Issuer("okta", audience=RESOURCE)
    documents = {issuer.discovery_url: issuer.discovery, issuer.jwks_url: issuer.jwks}
    aws = Aws(fetch=lambda url: (200, json.dumps(documents[url]()).encode()))
    provider = aws.call("iam", "create_open_id_connect_provider", Url=issuer.url, ClientIDList=[RESOURCE])
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {f"{urlsplit(issuer.url).netloc}{urlsplit(issuer.url).path}:aud": RESOURCE}
        },
    }
    role = aws.call(
        "iam",
        "create_role",
        RoleName="Reader",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Role"]["Arn"]
    keys = aws.administrator
    pipe.send(
        (
            listener.getsockname()[1],
            role,
            [issuer.mint(f"user{number}") for number in range(CALLS)],
            (keys.access_key_id, keys.secret_access_key),
        )
    )
    app = {
        "nothing": lambda: nothing,
        "moto": lambda: moto_app(DomainDispatcherApplication(create_backend_app)),
        "moto, direct": lambda: moto_app(direct),
        "ours": lambda: aws.app,
    }[kind]()
    config = uvicorn.Config(
        app, http="httptools", ws="none", access_log=False, log_level="warning", timeout_keep_alive=600
    )
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


def serve_world(pipe: Connection) -> None:
    """Serve a world, whose AWS asks the issuer over HTTP; says addresses, role, tokens and an access key."""
    with World("oidc") as world:
        keys = world.aws.administrator
        pipe.send(
            (
                world.internet.locate(STS),
                world.internet.door("client"),
                str(world.internet.ca_file),
                world.aws.iam.role_arn(ROLE_NAME),
                [world.mint(f"user{number}") for number in range(CALLS)],
                (keys.access_key_id, keys.secret_access_key),
            )
        )
        pipe.recv()


def signed(operation: str, fields: dict[str, Any], keys: tuple[str, str]) -> Request:
    """A call of CloudWatch, signed, in its JSON protocol."""
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": f"GraniteServiceVersion20100801.{operation}",
    }
    return sign("monitoring", headers, json.dumps(fields).encode(), keys)


def who_am_i(keys: tuple[str, str]) -> Request:
    """A GetCallerIdentity, signed."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return sign("sts", headers, b"Action=GetCallerIdentity&Version=2011-06-15", keys)


def sign(service: str, headers: dict[str, str], body: bytes, keys: tuple[str, str]) -> Request:
    """A signed request."""
    host = f"{service}.us-east-1.amazonaws.com"
    request = AWSRequest(method="POST", url=f"https://{host}/", data=body, headers={"Host": host, **headers})
    SigV4Auth(BotocoreCredentials(*keys), service, "us-east-1").add_auth(request)
    return "/", dict(request.headers.items()), body


def exchange(role: str, token: str) -> Request:
    """An AssumeRoleWithWebIdentity."""
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": role,
        "RoleSessionName": "benchmark",
        "WebIdentityToken": token,
    }
    headers = {"Host": STS, "Content-Type": "application/x-www-form-urlencoded"}
    return "/", headers, urlencode(form).encode()


def points(first: int, count: int) -> dict[str, Any]:
    """A PutMetricData of one point a minute."""
    data = [
        {
            "MetricName": "Requests",
            "Value": float(number),
            "Timestamp": (START + datetime.timedelta(minutes=number)).timestamp(),
        }
        for number in range(first, first + count)
    ]
    return {"Namespace": NAMESPACE, "MetricData": data}


def question(count: int) -> dict[str, Any]:
    """A GetMetricData whose answer has so many points."""
    metric = {"Namespace": NAMESPACE, "MetricName": "Requests"}
    return {
        "StartTime": START.timestamp(),
        "EndTime": (START + datetime.timedelta(minutes=count)).timestamp(),
        "MetricDataQueries": [{"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}],
    }


def set_up(provider: str) -> float:
    """How many milliseconds a fresh account for one provider path takes, names and TLS left out."""
    internet, clock = Internet(), Clock()
    new_issuer = functools.partial(Issuer, clock=clock)
    start = time.perf_counter()
    account = f"{secrets.randbelow(9 * 10**11) + 10**11}"
    aws = Aws(account_id=account, fetch=internet.fetch, now=clock.now, new_issuer=new_issuer)
    aws.iam.create_user("server")
    site = Site(
        internet=internet,
        aws=aws,
        resource=RESOURCE,
        server_arn=f"arn:aws:iam::{account}:user/server",
        new_issuer=new_issuer,
    )
    PROVIDERS[provider](site)
    took = 1000 * (time.perf_counter() - start)
    aws.close()
    internet.close()
    return took


def verify_once() -> Callable[[], object]:
    """OpenSSL's check of one RS256 signature: what every check of a token has in it."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signature, public = key.sign(b"token", padding.PKCS1v15(), hashes.SHA256()), key.public_key()
    return lambda: public.verify(signature, b"token", padding.PKCS1v15(), hashes.SHA256())


def timed(call: Callable[[], object], calls: int = 300) -> float:
    """Call, and return the median of the milliseconds."""
    taken = []
    for _ in range(calls):
        start = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def show_set_up() -> None:
    """Print how long accounts take."""
    print(f"{'A fresh account, set up for':<42}{'ms':>8}{'limit':>9}{'of limit':>10}")
    for provider in PROVIDERS:
        set_up(provider)  # imports and models, once a process
    for provider in PROVIDERS:
        took = statistics.median(set_up(provider) for _ in range(20))
        print(f"{provider:<42}{took:>8.2f}{50:>9}{took / 50:>10.2f}", flush=True)


def show_calls(rounds: int, rows: dict[str, dict[str, tuple[Asked, list[Request]]]]) -> None:
    """Ask all in turn, and print a table: a call a block, and in it whoever was asked."""
    taken: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for call, asked in rows.items():
            for who, (server, requests) in asked.items():
                taken.setdefault((call, who), []).append(server.median(requests))
    for call, asked in rows.items():
        medians = {who: statistics.median(taken[call, who]) for who in asked}
        print(f"\n{call:<42}{'ms':>8}{'of moto':>9}{'direct':>10}{'of nothing':>12}")
        for who, took in medians.items():
            others = [took / medians[each] for each in ("moto", "moto, direct", "nothing")]
            print(f"{who:<42}{took:>8.2f}{others[0]:>9.2f}{others[1]:>10.2f}{others[2]:>12.1f}")


def start(context: Any, target: Callable[..., None], *arguments: str) -> tuple[Any, Connection, Any]:
    """Start a server in a process of its own, and return it, the pipe to it and what it says."""
    mine, theirs = context.Pipe()
    process = context.Process(target=target, args=(*arguments, theirs), daemon=True)
    process.start()
    return process, mine, mine.recv()


def main(rounds: int) -> None:
    """Measure, and print the tables."""
    show_set_up()
    context = multiprocessing.get_context("spawn")
    servers, processes = {}, []
    role, tokens, keys = "", [], ("", "")
    for kind in ("nothing", "moto", "moto, direct", "ours"):
        process, _, (port, role, tokens, keys) = start(context, serve, kind)  # what ours believes
        processes.append(process)
        server = servers[kind] = Asked(http.client.HTTPConnection("127.0.0.1", port, timeout=30))
        for first in range(0, POINTS, 500):
            server.ask(signed("PutMetricData", points(first, 500), keys))
    world, end, (address, door, ca_file, world_role, world_tokens, world_keys) = start(context, serve_world)
    plain = Asked(http.client.HTTPConnection(*address, timeout=30))
    at = urlsplit(door)
    secured = http.client.HTTPSConnection(str(at.hostname), at.port, context=_context(ca_file), timeout=30)
    secured.set_tunnel(STS, 443)
    tls = Asked(secured)

    def all_of(requests: list[Request]) -> dict[str, tuple[Asked, list[Request]]]:
        return {kind: (server, requests) for kind, server in servers.items()}

    in_world = [exchange(world_role, token) for token in world_tokens]
    show_calls(
        rounds,
        {
            "AssumeRoleWithWebIdentity (limit 1.5 ms)": {
                **all_of([exchange(role, token) for token in tokens]),
                "ours, issuer asked over HTTP": (plain, in_world),
                "ours, that too, by proxy and TLS": (tls, in_world),
            },
            f"GetMetricData, {POINTS} points (limit 1.15)": all_of(
                [signed("GetMetricData", question(POINTS), keys)] * CALLS
            ),
            "GetMetricData, 3 points (limit 1.15)": all_of(
                [signed("GetMetricData", question(3), keys)] * CALLS
            ),
            "GetCallerIdentity": {
                **all_of([who_am_i(keys)] * CALLS),
                "ours, by proxy and TLS": (tls, [who_am_i(world_keys)] * CALLS),
            },
        },
    )
    print(f"\n{'What the machine itself takes':<42}{'ms':>8}")
    print(f"{'one RS256 signature checked by OpenSSL':<42}{timed(verify_once()):>8.3f}")
    print(f"{'a connection by proxy and TLS':<42}{timed(lambda: connect(at, ca_file), 50):>8.2f}")
    end.send("end")
    world.join()
    for process in processes:
        process.terminate()


def connect(door: Any, ca_file: str) -> None:
    """Open a connection to AWS by a world's proxy, TLS and all, and close it."""
    connection = http.client.HTTPSConnection(
        str(door.hostname), door.port, context=_context(ca_file), timeout=30
    )
    connection.set_tunnel(STS, 443)
    connection.connect()
    connection.close()


@functools.lru_cache
def _context(ca_file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_file)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
