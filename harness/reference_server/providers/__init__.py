"""The three provider paths. This is the only place that knows how many there are."""

from __future__ import annotations

import difflib

from harness.reference_server.errors import ConfigurationError
from harness.reference_server.providers.base import Provider
from harness.reference_server.providers.cognito import Cognito
from harness.reference_server.providers.identity_center import IdentityCenter
from harness.reference_server.providers.oidc import Oidc
from harness.reference_server.settings import Settings, Variables

__all__ = ["Provider", "configured_provider"]

_PROVIDERS: dict[str, type[Provider]] = {
    "identity_center": IdentityCenter,
    "cognito": Cognito,
    "oidc": Oidc,
}


def configured_provider(variables: Variables, settings: Settings) -> Provider:
    """The provider that ``AUTH_PROVIDER`` names, with its own settings.

    Raises:
        ConfigurationError: naming the variable that is missing or wrong.
    """
    name = variables.required("AUTH_PROVIDER")
    if name not in _PROVIDERS:
        near = difflib.get_close_matches(name, _PROVIDERS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"it must be one of {', '.join(_PROVIDERS)}"
        raise ConfigurationError("AUTH_PROVIDER", f"is {name!r}; {hint}")
    return _PROVIDERS[name].from_variables(variables, settings)
