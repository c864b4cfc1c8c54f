"""One world: an internet, an issuer, an AWS account, a clock and a server under test."""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import secrets
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import httpx2

from fake_idp import Clock, Issuer
from harness.answer import Answer
from harness.aws import Aws
from harness.driver import WIRES, Driver, Session
from harness.errors import no_such
from harness.internet import Internet
from harness.target import Target
from harness.world import cognito, identity_center, oidc
from harness.world.setup import ROLE_NAME, SERVER_NAME, SERVER_POLICY, Setup, Site, create_role

__all__ = ["PROVIDERS", "RESOURCE", "World"]

#: The provider paths, by the names of ``AUTH_PROVIDER``.
PROVIDERS = {"identity_center": identity_center.set_up, "cognito": cognito.set_up, "oidc": oidc.set_up}

#: The production URL of the server under test.
RESOURCE = "https://mcp.example.com/mcp"

_REGION = "us-east-1"


class World:
    """Everything that one scenario needs, apart from every other world.

    Attributes:
        provider: the provider path: ``identity_center``, ``cognito`` or ``oidc``.
        wire: the MCP revision that ``call`` speaks.
        internet: the hosts, and the record of who reached for what.
        aws: the AWS account, with its journal.
        issuer: who signs the tokens, with its keys, faults and journal.
        setup: how the provider path was set up: the role, its trust policy, the server's variables.
        driver: the MCP client; its answers are kept.
    """

    def __init__(
        self,
        provider: str = "oidc",
        *,
        target: Target | None = None,
        wire: str = WIRES[0],
        resource: str = RESOURCE,
    ) -> None:
        """Set a world up, and start the server under test in it.

        Raises:
            UsageError: if there is no such provider path or wire.
            TargetError: if the server does not start.
        """
        if provider not in PROVIDERS:
            raise no_such("provider path", provider, PROVIDERS)
        self.provider = provider
        self.wire = wire
        self.resource = resource
        self.clock = Clock()
        self.tokens: list[str] = []
        self._moved: Any = None
        self._end = contextlib.ExitStack()
        self.internet = Internet()
        self._end.callback(self.internet.close)
        try:
            self.aws = Aws(
                account_id=f"{secrets.randbelow(9 * 10**11) + 10**11}",
                region=_REGION,
                fetch=self.internet.fetch,
                now=self.clock.now,
                new_issuer=functools.partial(Issuer, clock=self.clock),
            )
            self._end.callback(self.aws.close)
            address = self.internet.serve(self.aws.hosts[0], self.aws.app)
            for host in self.aws.hosts[1:]:
                self.internet.connect(host, address)
            self.server = self.aws.iam.create_user(SERVER_NAME, SERVER_POLICY, policy_name="host")
            self.setup = self._set_up()
            self.issuer = self.setup.issuer
            self._end.callback(self.issuer.keys.release)
            self._running = (target or Target()).start(self.target_environ)
            self._end.callback(self._running.stop)
            self.internet.connect(httpx2.URL(resource).host, self._running.address)
            self.driver = Driver(self._http, resource, wire=wire, aws_calls=self._aws_calls)
        except BaseException:
            self.close()
            raise

    def _set_up(self) -> Setup:
        site = Site(
            internet=self.internet,
            aws=self.aws,
            resource=self.resource,
            server_arn=f"arn:aws:iam::{self.aws.account_id}:user/{SERVER_NAME}",
            new_issuer=functools.partial(Issuer, clock=self.clock),
        )
        return PROVIDERS[self.provider](site)

    def _aws_calls(self, since: int) -> tuple[Any, ...]:
        return tuple(self.aws.journal[since:])

    # What the parts are given.

    @functools.cached_property
    def target_environ(self) -> dict[str, str]:
        """The environment of the server under test: the guide's variables, and the way into this world."""
        return {
            **self.setup.environ,
            "MCP_RESOURCE_URL": self.resource,
            "AWS_REGION": _REGION,
            "AWS_DEFAULT_REGION": _REGION,
            "AWS_ACCESS_KEY_ID": self.server.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.server.secret_access_key,
            **self.internet.environ("target"),
        }

    @functools.cached_property
    def environ(self) -> dict[str, str]:
        """The environment of a client in this world."""
        return {**self.internet.environ("client"), "AWS_REGION": _REGION, "AWS_DEFAULT_REGION": _REGION}

    @functools.cached_property
    def _http(self) -> httpx2.Client:
        return self.internet.http("client")

    def http(self) -> httpx2.Client:
        """An HTTP client that is in this world."""
        return self._http

    def boto3(self, **credentials: str) -> Any:
        """A ``boto3.Session`` that is in this world, over its proxy and TLS.

        Args:
            credentials: ``aws_access_key_id``, ``aws_secret_access_key`` and ``aws_session_token``;
                the account's administrator where none are given.
        """
        import boto3
        import botocore.config
        import botocore.session

        session = botocore.session.Session()
        session.set_config_variable("region", _REGION)
        session.set_config_variable("ca_bundle", str(self.internet.ca_file))
        proxy = self.internet.door("client")
        session.set_default_client_config(botocore.config.Config(proxies={"https": proxy, "http": proxy}))
        if not credentials:
            root = self.aws.administrator
            credentials = {
                "aws_access_key_id": root.access_key_id,
                "aws_secret_access_key": root.secret_access_key,
            }
        return boto3.Session(botocore_session=session, **credentials)

    # What a scenario does.

    def mint(
        self,
        sub: str = "alice",
        *,
        claims: Mapping[str, Any] | None = None,
        scopes: Sequence[str] = (),
        **options: Any,
    ) -> str:
        """An honest token of this path for a person; ``options`` are those of ``Issuer.mint``."""
        token = self.issuer.mint(sub, claims=self._claims(claims, scopes), **options)
        self.tokens.append(token)
        return token

    def forge(
        self, forgery: str, sub: str = "alice", *, claims: Mapping[str, Any] | None = None, **options: Any
    ) -> str:
        """A hostile token: what ``mint`` makes, with one thing wrong."""
        token = self.issuer.forge(forgery, sub, claims=self._claims(claims, ()), **options)
        self.tokens.append(token)
        return token

    def _claims(self, claims: Mapping[str, Any] | None, scopes: Sequence[str]) -> dict[str, Any]:
        scoped = {self.setup.scope_claim: list(scopes)} if scopes and self.setup.scope_claim else {}
        return {**self.setup.claims, **scoped, **(claims or {})}

    def call(self, token: str | None, tool: str = "whoami", **arguments: Any) -> Answer:
        """Call a tool of the server under test, in a conversation of its own."""
        return self.driver.call(token, tool, arguments)

    def session(self, token: str) -> Session:
        """Begin a conversation that goes on."""
        return self.driver.open(token)

    def travel(self, **delta: float) -> None:
        """Move this process's clock: ``hours=2``, ``minutes=-5``, ``seconds=1``. Nobody sleeps.

        The issuer, AWS and a target in this process follow together.
        """
        step = datetime.timedelta(**delta)
        import time_machine  # imports pytest, which a world that stays where it is can do without

        if self._moved is None:
            travel = time_machine.travel(datetime.datetime.now(datetime.UTC) + step, tick=True)
            self._moved = travel.start()
            self._end.callback(travel.stop)
        else:
            self._moved.shift(step)

    def publish_metric(self, name: str, value: float = 1.0, *, namespace: str = "Harness") -> None:
        """Put a data point into the account's CloudWatch."""
        metric = {"MetricName": name, "Value": value, "Unit": "Count"}
        self.aws.call("cloudwatch", "put_metric_data", Namespace=namespace, MetricData=[metric])

    def create_role(self, name: str, trust: Mapping[str, Any] | None = None) -> str:
        """Another role that may read CloudWatch; it trusts as this path's role does unless told otherwise."""
        return create_role(self.aws, trust or self.setup.trust, name=name)

    def set_trust(self, document: Mapping[str, Any]) -> None:
        """Replace the trust policy of this path's role."""
        self.aws.call(
            "iam", "update_assume_role_policy", RoleName=ROLE_NAME, PolicyDocument=json.dumps(document)
        )

    @property
    def log(self) -> str:
        """What has been logged since the server under test started."""
        return self._running.log.text

    # Its end.

    def close(self) -> None:
        """End the world: its clock, its server, its account, its hosts."""
        self._end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
