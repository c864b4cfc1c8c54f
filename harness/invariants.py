"""What must hold in every scenario, without being asked."""

from __future__ import annotations

from harness.errors import Mismatch
from harness.scenario import Scenario
from harness.world import World

__all__ = ["check"]

#: The longest that an answer may take, in seconds.
ANSWER_SECONDS = 10.0

#: How often a server may ask for the JWKS in one scenario, whatever is thrown at it.
JWKS_FETCHES = 10

#: What AWS names its own requests to an issuer, by which they are told from the server's.
_AWS_AGENT = "aws-internal"


def check(world: World, scenario: Scenario) -> None:
    """Hold every invariant against what happened in the world.

    Raises:
        Mismatch: for the first that is broken.
    """
    for invariant in (_server_errors, _time, _own_identity, _outbound, _leaks, _jwks, _honest):
        invariant(world, scenario)


def _server_errors(world: World, scenario: Scenario) -> None:
    for answer in world.driver.answers:
        if answer.status >= 500 and not (answer.status == 503 and scenario.outage):
            raise Mismatch(expected="no server error", observed=answer.summary)


def _time(world: World, scenario: Scenario) -> None:
    slowest = max((answer.seconds for answer in world.driver.answers), default=0.0)
    if slowest > ANSWER_SECONDS:
        raise Mismatch(expected=f"an answer within {ANSWER_SECONDS:.0f} s", observed=f"{slowest:.1f} s")


def _own_identity(world: World, scenario: Scenario) -> None:
    """The server's own AWS identity assumes roles and does nothing else in a caller's name."""
    for call in world.aws.journal:
        if call.access_key_id == world.server.access_key_id and call.operation != "AssumeRole":
            raise Mismatch(
                expected="the caller's own credentials, never the server's",
                observed=f"{call.operation} by the server",
            )


def _outbound(world: World, scenario: Scenario) -> None:
    """The server under test reached for no host that is not part of the world."""
    for connection in world.internet.record:
        if connection.caller == "target" and not world.internet.knows(connection.host):
            raise Mismatch(expected="no host outside the world", observed=str(connection))


def _leaks(world: World, scenario: Scenario) -> None:
    """No token, secret or traceback in a body or the log."""
    shown = "\n".join([world.log, *(answer.body for answer in world.driver.answers)])
    secrets = [
        ("a traceback", "Traceback (most recent call last)"),
        ("the server's secret key", world.server.secret_access_key),
        *((f"token {number}", token) for number, token in enumerate(world.tokens, 1)),
    ]
    for key in {call.access_key_id for call in world.aws.journal if call.access_key_id}:
        session = world.aws.sessions.find(key)
        if session is not None:
            secrets.append(("a caller's secret key", session.credentials.secret_access_key))
            secrets.append(("a caller's session token", session.credentials.session_token or ""))
    for name, secret in secrets:
        if secret and secret in shown:
            raise Mismatch(expected="no token, secret or traceback in a body or the log", observed=name)


def _jwks(world: World, scenario: Scenario) -> None:
    fetches = [
        request
        for request in world.issuer.journal.requests(endpoint="jwks")
        if not request.headers.get("user-agent", "").startswith(_AWS_AGENT)
    ]
    if len(fetches) > JWKS_FETCHES:
        raise Mismatch(
            expected=f"at most {JWKS_FETCHES} fetches of the JWKS", observed=f"{len(fetches)} fetches"
        )


def _honest(world: World, scenario: Scenario) -> None:
    """The honest person is still served, unless the scenario says why not."""
    if scenario.broken_afterwards:
        return
    world.issuer.faults.clear()
    answer = world.call(world.mint("alice"))
    if answer.status != 200 or answer.is_tool_error_answer:
        raise Mismatch(expected="an honest token accepted afterwards", observed=answer.summary)
