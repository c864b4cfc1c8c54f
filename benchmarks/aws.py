"""The emulated AWS beside bare moto: an account's set-up, a token's exchange, and a thousand metric points.

    python benchmarks/aws.py [ROUNDS]

Both stand behind the same server (uvicorn, in a process of its own) and are asked over one kept connection by
the same client with the same signed bytes. Every round measures each in turn, so that a slower minute of the
machine is everybody's; the table has the medians. Compare ratios, not numbers: machines differ.
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
import statistics
import sys
import time
from collections.abc import Iterable
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
from harness.world import PROVIDERS, RESOURCE
from harness.world.setup import Site

CALLS = 300
POINTS = 1000
NAMESPACE = "Benchmark"
START = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0) - datetime.timedelta(
    minutes=POINTS
)
Request = tuple[str, dict[str, str], bytes]


class Asked:
    """A server, asked over one kept connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

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

    def median(self, requests: Iterable[Request]) -> float:
        """Ask each, and return the median of the milliseconds."""
        return statistics.median(self.ask(request) for request in requests)


def moto_app() -> Any:
    """Bare moto as an ASGI application, run as ours is: a thread a request."""
    wsgi = DomainDispatcherApplication(create_backend_app)

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
    """Serve one of the two in this process; says port, role, tokens for it and an access key."""
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
    app = aws.app if kind == "ours" else moto_app()
    config = uvicorn.Config(
        app, http="httptools", ws="none", access_log=False, log_level="warning", timeout_keep_alive=600
    )
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


def signed(operation: str, fields: dict[str, Any], keys: tuple[str, str]) -> Request:
    """A call of CloudWatch, signed, in its JSON protocol."""
    request = AWSRequest(
        method="POST",
        url="https://monitoring.us-east-1.amazonaws.com/",
        data=json.dumps(fields).encode(),
        headers={
            "Host": "monitoring.us-east-1.amazonaws.com",
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"GraniteServiceVersion20100801.{operation}",
        },
    )
    SigV4Auth(BotocoreCredentials(*keys), "monitoring", "us-east-1").add_auth(request)
    return "/", dict(request.headers.items()), request.data


def exchange(role: str, token: str) -> Request:
    """An AssumeRoleWithWebIdentity."""
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": role,
        "RoleSessionName": "benchmark",
        "WebIdentityToken": token,
    }
    headers = {"Host": "sts.us-east-1.amazonaws.com", "Content-Type": "application/x-www-form-urlencoded"}
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


def question() -> dict[str, Any]:
    """A GetMetricData whose answer has a thousand points."""
    metric = {"Namespace": NAMESPACE, "MetricName": "Requests"}
    return {
        "StartTime": START.timestamp(),
        "EndTime": (START + datetime.timedelta(minutes=POINTS)).timestamp(),
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


def main(rounds: int) -> None:
    """Measure, and print the table."""
    for provider in PROVIDERS:
        set_up(provider)  # imports and models, once a process
    for provider in PROVIDERS:
        took = statistics.median(set_up(provider) for _ in range(20))
        print(f"set-up of {provider:<16}  {took:6.2f} ms   (limit 50)", flush=True)
    context = multiprocessing.get_context("spawn")
    servers, processes = {}, []
    for kind in ("moto", "ours"):  # moto believes anybody, so what is sent to both is what ours believes
        mine, theirs = context.Pipe()
        process = context.Process(target=serve, args=(kind, theirs), daemon=True)
        process.start()
        processes.append(process)
        port, role, tokens, keys = mine.recv()
        server = servers[kind] = Asked(port)
        for first in range(0, POINTS, 500):
            server.ask(signed("PutMetricData", points(first, 500), keys))
    requests = {
        "AssumeRoleWithWebIdentity": [exchange(role, token) for token in tokens],
        "GetMetricData": [signed("GetMetricData", question(), keys)] * CALLS,
    }
    for name, limit in (("AssumeRoleWithWebIdentity", "1.5 ms"), ("GetMetricData", "ratio 1.15")):
        taken: dict[str, list[float]] = {kind: [] for kind in servers}
        for _ in range(rounds):
            for kind, server in servers.items():
                taken[kind].append(server.median(requests[name]))
        ours, moto = (statistics.median(taken[kind]) for kind in ("ours", "moto"))
        print(f"{name:<26} {ours:6.2f} ms   moto {moto:6.2f} ms   ratio {ours / moto:4.2f}   (limit {limit})")
    for process in processes:
        process.terminate()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
