"""The issuer beside its peers: start, memory, tokens and keys a second, and what a token costs in process.

    python benchmarks/issuers.py [ROUNDS]

It needs npm, and wrk (Debian's package ``wrk``); the peers are installed at the first run. Every round
measures every server in turn, so that a slower minute of the machine is everybody's; the table has the
medians. The limit is what ``openssl speed`` signs on one core. Compare ratios, not numbers: machines differ.
"""

from __future__ import annotations

import base64
import compileall
import contextlib
import http.client
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from peers import FOLDER, PORT, Peer, install

LOAD_SECONDS = 3
CONNECTIONS = 16


def ours(algorithm: str, folder: Path) -> Peer:
    """``fake-idp serve`` with one issuer, as a peer of the others."""
    command = (sys.executable, "-m", "fake_idp", "serve", "--preset", "plain", "--alg", algorithm)
    return Peer(
        name=f"fake_idp {algorithm}",
        command=(*command, "--port", PORT, "--state", str(folder / algorithm)),
        jwks="/.well-known/jwks.json",
        token="/token",
        credentials="example-client:fake-idp-secret",
    )


@contextlib.contextmanager
def running(peer: Peer) -> Iterator[tuple[int, int, float]]:
    """Start a server; yields its port, its process id and the seconds to its first discovery answer."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    start = time.perf_counter()
    process = subprocess.Popen(
        [part.replace(PORT, str(port)) for part in peer.command],
        cwd=FOLDER,  # nanoidp puts its keys where it is started
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not answers(port, peer.discovery):
            if process.poll() is not None or time.perf_counter() - start > 20:
                raise SystemExit(f"{peer.name} does not start: {' '.join(peer.command)}")
            time.sleep(0.001)
        yield port, process.pid, time.perf_counter() - start
    finally:
        process.terminate()
        process.wait(timeout=10)


def answers(port: int, path: str) -> bool:
    """Whether the server answers 200 there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def memory(pid: int) -> float:
    """Resident megabytes of a process and its children."""
    total = 0
    children = {pid}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent in children:
                children.add(int(folder.name))
    for each in children:
        with contextlib.suppress(OSError):
            found = re.search(r"VmRSS:\s+(\d+)", (Path("/proc") / str(each) / "status").read_text())
            total += int(found[1]) if found else 0
    return total / 1024


def load(url: str, *, credentials: str | None = None) -> float:
    """Requests a second, by wrk; a request that does not get 2xx ends the measurement."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{LOAD_SECONDS}s", url]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        if credentials is not None:
            basic = base64.b64encode(credentials.encode()).decode()
            script.write(
                'wrk.method = "POST"\nwrk.body = "grant_type=client_credentials"\n'
                'wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"\n'
                f'wrk.headers["Authorization"] = "Basic {basic}"\n'
            )
            script.flush()
            command += ["-s", script.name]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"{url} refuses: {said}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found, said
    return float(found[1])


def in_process(code: str, setup: str) -> float:
    """How often a second one core runs the code."""
    timed = [sys.executable, "-m", "timeit", "-n", "2000", "-r", "3", "-u", "sec", "-s", setup, code]
    said = subprocess.run(timed, check=True, capture_output=True, text=True).stdout
    found = re.search(r"([\d.e-]+) sec per loop", said)
    assert found, said
    return 1 / float(found[1])


def imports(module: str) -> float:
    """Seconds from the start of a process to the end of the import and of the process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return time.perf_counter() - start


def limit() -> float:
    """RSA-2048 signatures a second on one core, by OpenSSL."""
    said = subprocess.run(
        ["openssl", "speed", "-seconds", "2", "rsa2048"], check=True, capture_output=True, text=True
    ).stdout
    return float(said.split()[-2])


def main() -> None:
    """Measure, and print a table."""
    # As installed: an editable checkout may have no bytecode, and a shell may keep Python from writing it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(Path(__file__).parents[1] / "fake_idp", quiet=1)
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed (Debian: apt-get install wrk)")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    peers = install()
    seen: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    own: dict[str, list[float]] = defaultdict(list)
    sign = "from fake_idp import Issuer; i = Issuer('plain', algorithm='{}'); i.mint()"
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds} ...", file=sys.stderr)
        with tempfile.TemporaryDirectory() as folder:
            for peer in (ours("RS256", Path(folder)), ours("ES256", Path(folder)), *peers):
                found = seen[peer.name]
                with running(peer):
                    pass  # the first start of a state folder makes the keys
                with running(peer) as (port, pid, took):
                    found["start ms"].append(took * 1000)
                    found["idle MB"].append(memory(pid))
                    if peer.token:
                        found["tokens/s"].append(
                            load(f"http://127.0.0.1:{port}{peer.token}", credentials=peer.credentials)
                        )
                    found["JWKS/s"].append(load(f"http://127.0.0.1:{port}{peer.jwks}"))
                    found["loaded MB"].append(memory(pid))
        own["openssl rsa2048 sign/s"].append(limit())
        own["issuer.mint RS256/s"].append(in_process("i.mint()", sign.format("RS256")))
        own["issuer.mint ES256/s"].append(in_process("i.mint()", sign.format("ES256")))
        own["import fake_idp ms"].append(imports("fake_idp") * 1000)
        own["import cryptography's RSA ms"].append(
            imports("cryptography.hazmat.primitives.asymmetric.rsa") * 1000
        )
    columns = ("start ms", "idle MB", "loaded MB", "tokens/s", "JWKS/s")
    print(f"{os.cpu_count()} cores, medians of {rounds}, wrk -t1 -c{CONNECTIONS}")
    print(f"{'':<24}" + "".join(f"{column:>12}" for column in columns))
    for name, found in seen.items():
        cells = [
            f"{statistics.median(found[column]):12,.0f}" if found[column] else f"{'-':>12}"
            for column in columns
        ]
        print(f"{name:<24}" + "".join(cells))
    for name, values in own.items():
        print(f"{name:<32}{statistics.median(values):>10,.0f}")


if __name__ == "__main__":
    main()
