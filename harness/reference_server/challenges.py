"""What a caller gets who is refused, and where it says how to be let in."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import JSONResponse

from harness.reference_server.errors import InsufficientScope, IssuerUnavailable, Refused, RoleRefused
from harness.reference_server.providers import Provider
from harness.reference_server.settings import Settings

__all__ = ["Challenges"]

_WELL_KNOWN = "/.well-known/oauth-protected-resource"


class Challenges:
    """The refusals and the metadata of this protected resource.

    Attributes:
        metadata_path: where the metadata is served: RFC 9728 section 3.1 puts the well-known part
            before the path of the resource.
        root_path: where clients look who do not know that.
    """

    def __init__(self, settings: Settings, provider: Provider) -> None:
        self._resource = settings.resource_url
        self._provider = provider
        parts = urlsplit(settings.resource_url)
        self.root_path = _WELL_KNOWN
        self.metadata_path = _WELL_KNOWN + parts.path.rstrip("/")
        self._metadata_url = f"{parts.scheme}://{parts.netloc}{self.metadata_path}"

    def metadata(self) -> dict[str, object]:
        """The metadata document (RFC 9728 section 2). The issuer in it is never touched up."""
        document: dict[str, object] = {
            "resource": self._resource,
            "authorization_servers": [self._provider.issuer],
            "bearer_methods_supported": ["header"],
        }
        if self._provider.scopes_supported:
            document["scopes_supported"] = list(self._provider.scopes_supported)
        return document

    def response(self, refused: Refused) -> JSONResponse:
        """The HTTP answer to a refused request."""
        body = {"error": refused.error} if refused.error else {}
        return JSONResponse(
            {**body, "error_description": refused.description},
            status_code=refused.status,
            headers={"Cache-Control": "no-store", **self.headers(refused)},
        )

    def headers(self, refused: Refused) -> dict[str, str]:
        """``WWW-Authenticate`` where a better token would help, ``Retry-After`` where time would."""
        if isinstance(refused, IssuerUnavailable):
            return {"Retry-After": str(refused.retry_after)}
        if isinstance(refused, RoleRefused):
            return {}  # another token of the same person would not do either
        return {"WWW-Authenticate": self._challenge(refused)}

    def _challenge(self, refused: Refused) -> str:
        """RFC 6750 section 3, with the ``resource_metadata`` of RFC 9728 section 5.1."""
        if isinstance(refused, InsufficientScope):
            scopes = refused.scopes
        else:
            scopes = self._provider.scopes_supported[:1]  # the least that is good for anything
        parameters = {
            "error": refused.error,
            "scope": " ".join(scopes),
            "resource_metadata": self._metadata_url,
        }
        return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in parameters.items() if value)
