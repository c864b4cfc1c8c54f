"""AWS's own models of its services, as botocore ships them."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import botocore.session

__all__ = [
    "blind_session",
    "code_of_invalid",
    "error_shapes",
    "is_known",
    "is_unsigned",
    "operation_model",
    "partition_of",
    "service_model",
    "session",
]

_lock = threading.Lock()


@lru_cache(maxsize=1)
def session() -> Any:
    """Return the one botocore session of this process, blind as ``blind_session`` has it.

    Making one parses models for some 40 ms, so it is shared; a client of it costs about 2 ms.
    """
    return blind_session()


def blind_session() -> Any:
    """Make a botocore session that is blind to the environment and to configuration files."""
    blind = {
        "profile": (None, None, None, None),
        "config_file": (None, None, "/dev/null", None),
        "credentials_file": (None, None, "/dev/null", None),
    }
    return botocore.session.Session(session_vars=blind)


def service_model(service: str) -> Any:
    """Return botocore's model of a service, by botocore's name of it."""
    with _lock:
        return _load(service)


@lru_cache
def _load(service: str) -> Any:
    return session().get_service_model(service)


@lru_cache(maxsize=2048)
def operation_model(service: str, operation: str) -> Any:
    """Return botocore's model of an operation, which must be known."""
    return service_model(service).operation_model(operation)


@lru_cache
def error_shapes(service: str) -> Mapping[str, Any]:
    """Return the models of a service's errors by their codes."""
    return {shape.name: shape for shape in service_model(service).error_shapes}


@lru_cache(maxsize=2048)
def code_of_invalid(service: str, operation: str, usual: str) -> str:
    """Return the code by which an operation refuses a field that breaks its model.

    The operations of one service do not always agree: of Logs, those that came with deliveries have
    ``ValidationException`` among their errors and not ``InvalidParameterException``.

    Args:
        service: botocore's name.
        operation: which must be known.
        usual: the service's, for an operation that has none of its own.
    """
    codes = {shape.name for shape in operation_model(service, operation).error_shapes}
    return "ValidationException" if "ValidationException" in codes and usual not in codes else usual


@lru_cache(maxsize=256)
def partition_of(region: str) -> str:
    """Return the partition that a region's name belongs to, for example ``aws-cn``; empty for none."""
    partitions = session().get_data("partitions")["partitions"]
    return next((each["id"] for each in partitions if re.fullmatch(each["regionRegex"], region)), "")


def is_known(service: str, operation: str) -> bool:
    """Tell whether AWS has such an operation."""
    return operation in service_model(service).operation_names


def is_unsigned(service: str, operation: str) -> bool:
    """Tell whether AWS takes an operation without a signature."""
    model = operation_model(service, operation)
    return model.auth_type == "none" or bool(model.auth and "smithy.api#noAuth" in model.auth)
