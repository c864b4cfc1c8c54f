"""The server as a process of its own: nothing but its environment joins it to the world."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx2

from harness.serving import Address
from harness.world import World

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "harness.reference_server"]


def test_a_server_in_another_process_serves_a_caller_of_the_world():
    with World("oidc") as world:
        environ = {**os.environ, **world.target_environ, "PORT": "0"}
        with subprocess.Popen(COMMAND, cwd=ROOT, env=environ, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                found = re.search(r"listening on http://([\d.]+):(\d+)", process.stderr.readline())
                assert found
                world.internet.connect(httpx2.URL(world.resource).host, Address(found[1], int(found[2])))
                who = world.call(world.mint("alice")).is_accepted()
                world.call(world.forge("sig.wrong-key")).is_refused(401, "invalid_token")
            finally:
                process.send_signal(signal.SIGINT)
                _, log = process.communicate(timeout=20)
        assert f":{world.aws.account_id}:assumed-role/CloudWatchMCPRole/alice" in who.text
        assert process.returncode == 0
        assert "Traceback" not in log
        assert not [token for token in world.tokens if token in log]


def test_a_port_in_use_is_one_line_and_exit_2():
    with World("oidc") as world, socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environ = {**os.environ, **world.target_environ, "PORT": port}
        done = subprocess.run(
            COMMAND, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30, check=False
        )
    assert done.returncode == 2
    assert done.stderr == f"error: PORT is {port}: cannot listen on 127.0.0.1: Address already in use\n"
