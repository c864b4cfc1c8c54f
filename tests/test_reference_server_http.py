"""The reference server as its callers meet it: over HTTP, in a world, with real clients."""

import asyncio
import contextlib
import threading

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from werkzeug import Response

from harness.reference_server import create_app
from harness.world import World

RESOURCE = "https://mcp.example.com/mcp"
METADATA = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"
ENVIRON = {
    "AUTH_PROVIDER": "oidc",
    "OIDC_ISSUER": "https://acme.okta.com/oauth2/default",
    "OIDC_CLIENT_ID": "client",
    "AWS_CLOUDWATCH_ROLE_ARN": "arn:aws:iam::123456789012:role/CloudWatchMCPOIDCRole",
    "MCP_RESOURCE_URL": RESOURCE,
    "AWS_REGION": "us-east-1",
}
WHOAMI = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami", "arguments": {}}}


@contextlib.asynccontextmanager
async def serving(environ):
    """A client of a server that is in this process and in no world."""
    app = create_app(environ)
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="https://mcp.example.com") as client,
    ):
        yield client


def ask(method, path, environ=ENVIRON, **options):
    async def once():
        async with serving(environ) as client:
            return await client.request(method, path, **options)

    return asyncio.run(once())


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "OPTIONS", "PUT", "HEAD"])
def test_no_method_is_open(method):
    answer = ask(method, "/mcp")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == f'Bearer scope="cw:read", resource_metadata="{METADATA}"'


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("Basic dXNlcjpwYXNz", None),
        ("DPoP abc", None),
        ("abc", None),
        ("Bearertok", None),
        ("Bearer", "invalid_token"),
        ("Bearer  tok", "invalid_token"),
        ("Bearer\ttok", "invalid_token"),
        ("Bearer t ok", "invalid_token"),
        ("Bearer tök".encode(), "invalid_token"),
        ("Bearer a.b.c", "invalid_token"),
        ("bEaReR " + "a" * 65_000, "invalid_token"),
    ],
)
def test_what_is_no_bearer_token_is_401(header, error):
    answer = ask("POST", "/mcp", headers={"Authorization": header})
    assert answer.status_code == 401
    challenge = answer.headers["WWW-Authenticate"]
    assert ("error=" in challenge) == bool(error)
    assert answer.json().get("error") == error


@pytest.mark.parametrize(
    "headers",
    [[("Authorization", "Bearer a"), ("authorization", "Bearer b")], {"Authorization": "Bearer a, Bearer b"}],
)
def test_two_credentials_are_400(headers):
    answer = ask("POST", "/mcp", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["", "/mcp"])
def test_the_metadata_is_served_to_anyone_under_both_names(path):
    answer = ask("GET", f"/.well-known/oauth-protected-resource{path}")
    assert answer.json() == {
        "resource": RESOURCE,
        "authorization_servers": ["https://acme.okta.com/oauth2/default"],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["cw:read", "cw:write"],
    }


@pytest.mark.parametrize(("path", "status"), [("/healthz", 200), ("/mcp/", 404), ("/docs", 404), ("/", 404)])
def test_nothing_else_is_served(path, status):
    assert ask("GET", path).status_code == status


class Standalone:
    """A server in no world: its issuer and its AWS are one plain HTTP server on this machine."""

    def __init__(self, httpserver):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.issuer = httpserver.url_for("")
        jwk = jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        httpserver.expect_request("/.well-known/openid-configuration").respond_with_json(
            {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        )
        httpserver.expect_request("/keys").respond_with_json({"keys": [{**jwk, "kid": "one"}]})
        self.environ = {**ENVIRON, "OIDC_ISSUER": self.issuer, "AWS_ENDPOINT_URL": self.issuer}

    def headers(self, method="tools/call", **claims):
        token = jwt.encode(
            {
                "iss": self.issuer,
                "aud": RESOURCE,
                "sub": "alice",
                "exp": 4102444800,
                "scope": "cw:read",
                **claims,
            },
            self.key,
            algorithm="ES256",
            headers={"kid": "one"},
        )
        return {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": method,
            "Mcp-Name": "whoami",
        }


def modern(body):
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return {**body, "params": {**body["params"], "_meta": meta}}


@pytest.fixture
def standalone(httpserver):
    return Standalone(httpserver)


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Host": "mcp.example.com:444"}]
)
def test_another_host_or_origin_is_refused(standalone, headers):
    headers = {**standalone.headers(), **headers}
    answer = ask("POST", "/mcp", standalone.environ, headers=headers, json=modern(WHOAMI))
    assert answer.status_code in (403, 421)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"jsonrpc": "2.0", "id": 1}', b"1" * 5_000_000],
)
def test_a_body_that_is_no_request_is_a_4xx(standalone, body):
    headers = {**standalone.headers(), "Content-Type": "application/json"}
    assert 400 <= ask("POST", "/mcp", standalone.environ, headers=headers, content=body).status_code < 500


@pytest.mark.parametrize(
    "arguments",
    [{"namespace": ""}, {"namespace": 1}, {"namespace": None, "metric_name": ["x"]}, {"next_token": {}}],
)
def test_wrong_arguments_are_the_callers_to_correct(standalone, arguments):
    body = modern({**WHOAMI, "params": {"name": "list_metrics", "arguments": arguments}})
    headers = {**standalone.headers(), "Mcp-Name": "list_metrics"}
    result = ask("POST", "/mcp", standalone.environ, headers=headers, json=body).json()["result"]
    assert result["isError"]
    assert result["content"][0]["text"].startswith("Wrong arguments: ")


def test_an_aws_that_answers_nonsense_is_a_tool_error(standalone, httpserver):
    httpserver.expect_request("/", method="POST").respond_with_data("<html>", status=400)
    answer = ask("POST", "/mcp", standalone.environ, headers=standalone.headers(), json=modern(WHOAMI))
    assert answer.status_code == 200
    assert answer.json()["result"]["isError"]


def test_while_aws_thinks_others_are_served(standalone, httpserver):
    may_answer = threading.Event()

    def slowly(request):
        may_answer.wait(5)
        return Response("<html>", status=400)

    httpserver.expect_request("/", method="POST").respond_with_handler(slowly)

    async def two_requests():
        async with serving(standalone.environ) as client:
            call = asyncio.create_task(client.post("/mcp", headers=standalone.headers(), json=modern(WHOAMI)))
            await asyncio.sleep(0.05)
            health = await client.get("/healthz")
            waiting = not call.done()
            may_answer.set()
            return health.status_code, waiting, (await call).status_code

    assert asyncio.run(two_requests()) == (200, True, 200)


def test_not_even_a_log_at_debug_has_the_token(standalone, httpserver, caplog):
    httpserver.expect_request("/", method="POST").respond_with_data("<html>", status=400)
    headers = standalone.headers(sub="a-caller-by-name")
    with caplog.at_level("DEBUG"):
        ask("POST", "/mcp", standalone.environ, headers=headers, json=modern(WHOAMI))
    assert headers["Authorization"].removeprefix("Bearer ") not in caplog.text
    assert "a-caller-by-name" not in caplog.text


@pytest.mark.parametrize(
    "claims", [{"exp": 1e300}, {"scope": "cw:read \ud800"}, {"sub": "\x00"}, {"sub": "☃" * 2000}]
)
def test_an_odd_token_that_is_good_is_as_good_as_any(standalone, httpserver, claims):
    httpserver.expect_request("/", method="POST").respond_with_data("<html>", status=400)
    headers = standalone.headers(**claims)
    assert ask("POST", "/mcp", standalone.environ, headers=headers, json=modern(WHOAMI)).status_code == 200


# In a world.


@pytest.fixture(params=["oidc", "cognito", "identity_center"])
def world(request):
    with World(request.param) as world:
        yield world


@pytest.mark.parametrize(("mode", "version"), [("legacy", "2025-11-25"), ("2026-07-28", "2026-07-28")])
def test_the_sdks_client_calls_every_reading_tool(world, mode, version):
    world.publish_metric("Requests")

    async def converse():
        async with (
            httpx2.AsyncClient(
                proxy=world.internet.door("client"),
                verify=world.internet.client_context,
                headers={"Authorization": f"Bearer {world.mint('alice')}"},
            ) as http,
            Client(streamable_http_client(RESOURCE, http_client=http), mode=mode) as client,
        ):
            tools = (await client.list_tools()).tools
            who = await client.call_tool("whoami", {})
            metrics = await client.call_tool("list_metrics", {"namespace": "Harness"})
            span = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00+01:00"}
            data = await client.call_tool(
                "get_metric_data", {"namespace": "Harness", "metric_name": "Requests", **span}
            )
            return tools, who, metrics, data, client.protocol_version

    tools, who, metrics, data, spoken = asyncio.run(converse())
    assert spoken == version
    assert [tool.name for tool in tools] == ["whoami", "list_metrics", "get_metric_data", "put_metric_alarm"]
    assert not any("role" in name for tool in tools for name in tool.input_schema.get("properties", {}))
    assert "assumed-role/CloudWatchMCPRole/" in who.structured_content["arn"]
    assert metrics.structured_content["metrics"] == [
        {"namespace": "Harness", "metric_name": "Requests", "dimensions": {}}
    ]
    assert data.structured_content["points"] == []


def test_the_log_names_nobody_and_nothing(world):
    token = world.mint("alice.the.person")
    world.call(token)
    world.call(token + "x")
    world.call(world.mint("alice.the.person", expires_in=-10))
    assert "alice.the.person" not in world.log
    assert token not in world.log


def test_what_aws_says_of_others_is_not_passed_on():
    with World("identity_center") as world:
        world.set_trust(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:TagSession"}],
            }
        )
        answer = world.call(world.mint("alice"))
    assert "AccessDenied" in answer.text
    assert "arn:" not in answer.text


def test_a_write_needs_its_scope_and_then_the_roles_permission():
    alarm = {"alarm_name": "a", "namespace": "Harness", "metric_name": "Requests", "threshold": 1}
    with World("oidc") as world:
        refused = world.call(world.mint("alice"), "put_metric_alarm", **alarm)
        assert refused.status == 403
        challenge = refused.headers["www-authenticate"]
        assert (
            challenge
            == f'Bearer error="insufficient_scope", scope="cw:write", resource_metadata="{METADATA}"'
        )
        assert not [call for call in world.aws.journal if call.operation == "AssumeRoleWithWebIdentity"]
        denied = world.call(world.mint("alice", scopes=["cw:read", "cw:write"]), "put_metric_alarm", **alarm)
        assert "AccessDenied" in denied.text
