"""Who is let in to the control plane, and who is not: attacks as raw requests over real HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from fake_idp import Issuer
from fake_idp.app import Receive, Scope, Send, Site
from fake_idp.server import LoopbackServer

TOKEN = "a-control-token-0123456789"
MINT = json.dumps({"sub": "alice"})
JSON = {"Content-Type": "application/json"}


class Answer:
    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split(" ")[1])
        self.headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}

    def json(self) -> Any:
        return json.loads(self.body)


Ask = Callable[..., Answer]


def asker(address: str) -> Ask:
    """Send exactly these headers; ``Host`` is the address unless it is among them."""
    host, port = urlsplit(address).hostname, urlsplit(address).port

    def ask(
        path: str = "/_control/issuers",
        headers: dict[str, str] | list[tuple[str, str]] | None = None,
        *,
        method: str = "GET",
        body: str = "",
    ) -> Answer:
        given = list(headers.items()) if isinstance(headers, dict) else list(headers or ())
        if not any(name.lower() == "host" for name, _ in given):
            given.insert(0, ("Host", f"{host}:{port}"))
        given += [("Connection", "close"), ("Content-Length", str(len(body)))]
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given)]
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1"))
            raw = b""
            while chunk := connection.recv(65536):
                raw += chunk
        return Answer(raw)

    return ask


def served(site: Callable[[Issuer], Any]) -> Iterator[tuple[str, Ask]]:
    with LoopbackServer() as server:
        issuer = Issuer(url=server.url, algorithm="ES256")
        server.start(site(issuer))
        yield server.url, asker(server.url)


@pytest.fixture(scope="module")
def here() -> Iterator[tuple[str, Ask]]:
    """A site without a token, called from this machine."""
    yield from served(lambda issuer: Site([issuer], control=True))


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[tuple[str, Ask]]:
    """A site with a token, to which every caller is on another machine."""

    def far(issuer: Issuer) -> Any:
        site = Site([issuer], control=True, control_token=TOKEN)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await site({**scope, "client": ("192.0.2.7", 4711)}, receive, send)

        return app

    yield from served(far)


@pytest.fixture
def origin(here: tuple[str, Ask]) -> str:
    return here[0]


@pytest.fixture
def ask(here: tuple[str, Ask]) -> Ask:
    return here[1]


def assert_refused(answer: Answer, words: str, *, status: int = 403) -> None:
    assert answer.status == status
    assert words in answer.json()["error_description"]
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-fake-idp"] == "for tests only"
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert "set-cookie" not in answer.headers


def test_a_program_on_this_machine_is_let_in(ask: Ask) -> None:
    answer = ask()
    assert answer.status == 200
    assert answer.json()[0]["preset"] == "plain"
    assert ask("/_control/mint", JSON, method="POST", body=MINT).status == 200


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LocalHost", "[::1]"])
def test_every_name_of_this_machine_is_good_with_any_port(ask: Ask, name: str) -> None:
    for port in ("", ":80", ":9000"):
        assert ask(headers={"Host": name + port}).status == 200
        assert ask(headers={"Host": name + port, "Origin": f"http://{name}{port}"}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "evil.test:9000",
        "127.0.0.1.evil.test",
        "localhost.evil.test",
        "127.0.0.1:80.evil.test",
        "evil.test@127.0.0.1",
        "0.0.0.0",
        "127.0.0.2",
        "[::]",
        "2130706433",
        "localhost.",
        "",
    ],
)
def test_a_page_that_rebound_its_name_to_this_machine_is_refused(ask: Ask, host: str) -> None:
    assert_refused(ask(headers={"Host": host}), "the Host header is not this machine's")
    posted = ask("/_control/mint", {"Host": host, **JSON}, method="POST", body=MINT)
    assert_refused(posted, "the Host header")


def test_a_host_header_that_is_there_twice_is_refused(ask: Ask, origin: str) -> None:
    good = origin.removeprefix("http://")
    for pair in ([good, "evil.test"], ["evil.test", good], [good, good]):
        assert_refused(ask(headers=[("Host", host) for host in pair]), "host is there 2 times")


@pytest.mark.parametrize(
    "other",
    [
        "https://evil.test",
        "null",
        "http://localhost:3000",
        "https://127.0.0.1",
        "file://",
        "",
        "http://127.0.0.1.evil.test",
        "chrome-extension://abcdefgh",
    ],
)
def test_a_fetch_from_another_origin_is_refused(ask: Ask, other: str) -> None:
    for method, body in (("GET", ""), ("POST", MINT), ("OPTIONS", ""), ("DELETE", "")):
        answer = ask("/_control/mint", {"Origin": other, **JSON}, method=method, body=body)
        assert_refused(answer, "a page of another origin")


def test_the_same_host_at_another_port_or_scheme_is_another_origin(ask: Ask, origin: str) -> None:
    assert ask(headers={"Origin": origin}).status == 200
    assert_refused(ask(headers={"Origin": origin + "0"}), "another origin")
    assert_refused(ask(headers={"Origin": origin.replace("http:", "https:")}), "another origin")
    tls = {"Host": "localhost", "Origin": "https://localhost"}
    assert_refused(ask(headers=tls), "another origin")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "CROSS-SITE", "nonsense", ""])
def test_a_request_without_origin_that_a_browser_calls_cross_site_is_refused(ask: Ask, site: str) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert_refused(ask(headers=headers), "a page of another site")


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_person_who_types_the_address_is_let_in(ask: Ask, site: str) -> None:
    assert ask(headers={"Sec-Fetch-Site": site}).status == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain; application/json",
        "application/jsonx",
        "application/csp-report",
        "",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_what_a_page_can_send_unasked_changes_nothing(ask: Ask, content_type: str, method: str) -> None:
    answer = ask("/_control/users", {"Content-Type": content_type}, method=method, body='{"name": "mallory"}')
    assert_refused(answer, "application/json", status=415)
    bare = ask("/_control/keys/rotate", method=method)
    assert_refused(bare, "application/json", status=415)
    assert "mallory" not in {user["name"] for user in ask("/_control/users").json()}


def test_json_may_say_its_charset_and_delete_needs_no_body(ask: Ask) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert ask("/_control/mint", headers, method="POST", body=MINT).status == 200
    assert ask("/_control/journal", method="DELETE").status == 200
    assert_refused(
        ask("/_control/journal", {"Content-Type": "text/plain"}, method="DELETE"), "JSON", status=415
    )


def test_a_preflight_is_never_granted(ask: Ask) -> None:
    headers = {
        "Origin": "https://evil.test",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
        "Access-Control-Request-Private-Network": "true",
    }
    assert_refused(ask("/_control/mint", headers, method="OPTIONS"), "another origin")


def test_no_answer_may_be_read_framed_or_kept_by_another_site(ask: Ask) -> None:
    for path in ("/_control", "/_control/openapi.json", "/_control/nothing"):
        headers = ask(path).headers
        assert headers["x-fake-idp"] == "for tests only"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Host", "Forwarded", "X-Real-IP", "Via"])
def test_what_came_through_a_proxy_did_not_come_from_this_machine(
    ask: Ask, elsewhere: tuple[str, Ask], header: str
) -> None:
    assert_refused(ask(headers={header: "127.0.0.1"}), "a proxy passed this on")
    assert_refused(elsewhere[1](headers={header: "127.0.0.1"}), "not on this machine")


@pytest.mark.parametrize(
    "path", ["/_control", "/_control/openapi.json", "/_control/nothing", "/", "/console"]
)
def test_the_guard_stands_before_everything(ask: Ask, elsewhere: tuple[str, Ask], path: str) -> None:
    assert_refused(ask(path, {"Host": "evil.test"}), "the Host header")
    assert_refused(elsewhere[1](path), "you are not on this machine; send the control token")


def test_the_issuers_own_paths_are_for_everybody(ask: Ask, elsewhere: tuple[str, Ask]) -> None:
    strange = {"Host": "evil.test", "Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"}
    for each in (ask, elsewhere[1]):
        assert each("/.well-known/openid-configuration", strange).status == 200
        assert each("/.well-known/nothing", strange).status == 404


def test_the_token_lets_a_program_in_from_anywhere_by_any_name(elsewhere: tuple[str, Ask]) -> None:
    _, far = elsewhere
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert far(headers=bearer).status == 200
    assert far(headers={**bearer, "Host": "idp.internal:8443", "X-Forwarded-For": "192.0.2.7"}).status == 200
    assert far("/_control/mint", {**bearer, **JSON}, method="POST", body=MINT).status == 200
    page = {**bearer, "Host": "idp.internal", "Origin": "https://idp.internal"}
    assert far(headers=page).status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer \xe9",
    ],
)
def test_a_wrong_token_is_refused_wherever_it_comes_from(
    ask: Ask, elsewhere: tuple[str, Ask], authorization: str
) -> None:
    for each in (ask, elsewhere[1]):
        assert_refused(each(headers={"Authorization": authorization}), "does not have the control token")


def test_the_token_does_not_help_a_page_of_another_origin(elsewhere: tuple[str, Ask]) -> None:
    _, far = elsewhere
    bearer = {"Authorization": f"Bearer {TOKEN}", "Host": "idp.internal"}
    assert_refused(far(headers={**bearer, "Origin": "https://evil.test"}), "another origin")
    assert_refused(far(headers={**bearer, "Origin": "null"}), "another origin")
    assert_refused(far(headers={**bearer, "Sec-Fetch-Site": "cross-site"}), "another site")


def test_a_browser_changes_the_token_for_a_cookie_once(elsewhere: tuple[str, Ask]) -> None:
    _, far = elsewhere
    answer = far(f"/_control/issuers?token={TOKEN}&x=1%202")
    assert answer.status == 303
    assert answer.headers["location"] == "/_control/issuers?x=1+2"
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} == set(attributes)
    assert TOKEN not in answer.headers["set-cookie"] + answer.headers["location"]
    assert far(headers={"Cookie": f"other=1; {cookie}"}).status == 200
    assert_refused(far(headers={"Cookie": cookie, "Sec-Fetch-Site": "cross-site"}), "another site")
    assert_refused(far(headers={"Cookie": cookie[:-1]}), "not on this machine")
    assert_refused(far(headers={"Cookie": f"fake-idp-control={TOKEN}"}), "not on this machine")


def test_the_exchange_goes_nowhere_else(elsewhere: tuple[str, Ask]) -> None:
    _, far = elsewhere
    assert (
        far(f"/_control/%0d%0aSet-Cookie:x?token={TOKEN}").headers["location"]
        == "/_control/%0D%0ASet-Cookie%3Ax"
    )
    for bad in ("", "wrong", f"{TOKEN}&token={TOKEN}"):
        assert_refused(far(f"/_control?token={bad}"), "does not have the control token")
    assert_refused(far(f"/_control?token={TOKEN}", {"Sec-Fetch-Site": "cross-site"}), "another site")
    assert_refused(
        far(f"/_control/mint?token={TOKEN}", JSON, method="POST", body=MINT), "not on this machine"
    )


def test_without_a_token_nobody_elsewhere_gets_in(ask: Ask) -> None:
    site = Site([Issuer()], control=True, control_token="")
    for client in (("192.0.2.7", 1), ("::ffff:192.0.2.7", 1), None, ("", 0)):
        answer = call(site, client=client)
        assert answer[0]["status"] == 403
        assert b"only this machine may use the control plane" in answer[1]["body"]
    for client in (("127.0.0.1", 1), ("127.8.8.8", 1), ("::1", 1), ("::ffff:127.0.0.1", 1)):
        assert call(site, client=client)[0]["status"] == 200


def test_a_websocket_is_closed() -> None:
    site = Site([Issuer()], control=True)
    sent = call(site, kind="websocket", client=("127.0.0.1", 1))
    assert [message["type"] for message in sent] == ["websocket.close"]


def call(site: Site, *, client: Any, kind: str = "http") -> list[dict[str, Any]]:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": kind,
        "scheme": "http",
        "method": "GET",
        "path": "/_control/issuers",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": client,
        "server": ("127.0.0.1", 80),
        "root_path": "",
        "http_version": "1.1",
    }
    asyncio.run(site(scope, receive, send))
    return sent
