"""The control plane is as its OpenAPI description says: schemathesis calls every operation.

What it sends is made from the description, and in one mode deliberately against it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fake_idp import Issuer
from fake_idp.app import Site
from fake_idp.server import LoopbackServer

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def description() -> Iterator[Any]:
    with LoopbackServer() as server:
        issuer = Issuer(url=server.url, algorithm="ES256")
        server.start(Site([issuer], control=True))
        yield schemathesis.openapi.from_url(f"{server.url}/_control/openapi.json")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_answers_as_described(description: Any, mode: GenerationMode) -> None:
    called = set()
    for found in description.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=6 if mode is GenerationMode.POSITIVE else 4,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def call(case: Any) -> None:
            if case.path.endswith("/journal/next"):
                case.query = {**(case.query or {}), "timeout": "0"}
            called.add((case.method, case.path))
            case.call_and_validate(checks=CHECKS)

        with contextlib.suppress(Unsatisfiable):  # without parameters nothing can be said against it
            call()
    assert len(called) > (30 if mode is GenerationMode.POSITIVE else 20)
