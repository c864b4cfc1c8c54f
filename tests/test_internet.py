"""The pocket internet, driven by clients that nobody here wrote."""

import shutil
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import httpx2
import pytest
from pytest_httpserver import HTTPServer

from harness.internet import Connection, Internet
from harness.serving import Address


async def hello(scope, receive, send):
    body = f"{scope['method']} {scope['path']} {dict(scope['headers'])[b'host'].decode()}".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def internet():
    made = Internet()
    made.serve("acme.okta.com", hello)
    made.serve("*.amazonaws.com", hello)
    yield made
    made.close()


def test_a_host_of_the_world_answers_by_its_real_name_over_tls(internet):
    assert internet.http().get("https://acme.okta.com/a/b").text == "GET /a/b acme.okta.com"


def test_a_pattern_of_names_answers_for_each_of_them(internet):
    for host in ("sts.amazonaws.com", "monitoring.eu-west-1.amazonaws.com"):
        assert internet.http().get(f"https://{host}/").text == f"GET / {host}"


def test_names_are_compared_without_case_and_trailing_dot(internet):
    assert internet.http().get("https://ACME.okta.com/x").status_code == 200
    # Not by TLS: a certificate never has the dot, and clients differ on taking it off (RFC 6066 section 3).
    assert internet.http().get("http://acme.okta.com./x").status_code == 200


def test_plain_http_goes_through_the_proxy_too(internet):
    assert internet.http().get("http://acme.okta.com/x?y=1").text == "GET /x acme.okta.com"


def test_a_host_outside_the_world_is_refused_and_recorded(internet):
    client = internet.http("somebody")
    with pytest.raises(httpx2.ProxyError, match="403"):
        client.get("https://evil.example/")
    assert client.get("http://169.254.169.254/latest/api/token").status_code == 403
    refused = [entry for entry in internet.record if not entry.allowed]
    assert refused == [
        Connection(caller="somebody", host="evil.example", port=443, allowed=False),
        Connection(caller="somebody", host="169.254.169.254", port=80, allowed=False),
    ]


def test_a_port_that_is_not_of_the_web_is_refused(internet):
    with pytest.raises(httpx2.ProxyError):
        internet.http().get("https://acme.okta.com:8443/")


def test_an_unplugged_host_is_unreachable_until_it_is_plugged_in_again(internet):
    client = internet.http()
    assert client.get("https://acme.okta.com/").status_code == 200
    internet.unplug("acme.okta.com")
    with pytest.raises(httpx2.TransportError):
        client.get("https://acme.okta.com/")
    with pytest.raises(httpx2.ProxyError, match="502"):
        client.get("https://acme.okta.com/")
    internet.plug("acme.okta.com")
    assert client.get("https://acme.okta.com/").status_code == 200


def test_a_client_without_the_authority_does_not_trust_the_world(internet):
    with (
        httpx2.Client(proxy=internet.door("client"), verify=ssl.create_default_context()) as client,
        pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.get("https://acme.okta.com/")


def test_two_internets_have_the_same_names_and_nothing_else_in_common(internet):
    other = Internet()
    try:
        other.serve("acme.okta.com", hello)
        with (
            httpx2.Client(proxy=other.door("client"), verify=internet.client_context) as client,
            pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            client.get("https://acme.okta.com/")
        assert internet.record == ()
    finally:
        other.close()


def test_anybodys_server_can_stand_behind_a_name(internet, httpserver: HTTPServer):
    httpserver.expect_request("/jwks").respond_with_json({"keys": []})
    internet.connect("attacker.example", Address(httpserver.host, httpserver.port))
    assert internet.http().get("https://attacker.example/jwks").json() == {"keys": []}


@pytest.mark.parametrize(
    "garbage", [b"\r\n\r\n", b"GET\r\n\r\n", b"CONNECT x:y HTTP/1.1\r\n\r\n", b"\x16\x03\x01" * 9]
)
def test_garbage_at_the_door_is_answered_or_hung_up_on_and_the_door_stays_open(internet, garbage):
    import socket

    host, port = internet.door("client").removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1000)[:12] in {b"", b"HTTP/1.1 400"}
    assert internet.http().get("https://acme.okta.com/").status_code == 200


def test_urllib_finds_its_way_by_the_environment(internet, monkeypatch):
    for name, value in internet.environ("urllib").items():
        monkeypatch.setenv(name, value)
    # Not urlopen, whose opener keeps the proxies of the first time that anybody used it.
    with urllib.request.build_opener().open("https://acme.okta.com/u", timeout=5) as answer:
        assert answer.read() == b"GET /u acme.okta.com"


def test_a_python_program_that_sends_prepared_requests_finds_its_way_by_the_environment(internet, tmp_path):
    script = (
        "import requests, mine\n"
        "prepared = requests.Request('GET', 'https://acme.okta.com/x').prepare()\n"
        "print(requests.Session().send(prepared).status_code, mine.value)\n"
    )
    (tmp_path / "mine.py").write_text("value = 'kept'")
    environ = internet.environ("client", inherited={"PYTHONPATH": str(tmp_path)})
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout, done.stderr) == ("200 kept\n", "")


def test_curl_finds_its_way_by_the_environment(internet):
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("needs curl")
    environ = internet.environ("curl")
    for url in ("https://acme.okta.com/c", "http://acme.okta.com/c"):
        done = subprocess.run(
            [curl, "-sS", url], env=environ, capture_output=True, text=True, timeout=20, check=True
        )
        assert done.stdout == "GET /c acme.okta.com"


def test_closing_removes_every_file(internet):
    folder = Path(internet.folder)
    assert folder.exists()
    internet.close()
    assert not folder.exists()
