"""Devices that wait for a person's answer (RFC 8628)."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter
from pydantic import BaseModel, Field

from fake_idp.control.answers import Body, Done
from fake_idp.control.issuers import Chosen

__all__ = ["router"]

router = APIRouter(prefix="/_control/devices", tags=["devices"])


class DeviceView(BaseModel):
    """A device that waits; as ``fake_idp.devices.Device``.

    Attributes:
        user_code: what the person types in, as it is shown.
        client_id: the application on the device.
        scope: the scopes that it asks for.
        expires_at: until when it waits, in seconds since the epoch.
    """

    user_code: str
    client_id: str
    scope: list[str]
    expires_at: float


class DenyBody(Body):
    """Which device to answer.

    Attributes:
        user_code: upper or lower case, with or without the dash.
        pending_polls: how many more polls are told ``authorization_pending`` first.
    """

    user_code: str
    pending_polls: int = Field(default=0, ge=0)


class ApproveBody(DenyBody):
    """Which device to answer, and who answers.

    Attributes:
        user: the name of the person.
    """

    user: str = "alice"


class ScriptBody(Body):
    """How the next device is answered, as soon as it asks.

    Attributes:
        user: the name of the person; null denies it.
        pending_polls: how many polls are told ``authorization_pending`` first.
    """

    user: str | None = "alice"
    pending_polls: int = Field(default=0, ge=0)


@router.get("", summary="The devices that wait for an answer")
async def list_devices(issuer: Chosen) -> list[DeviceView]:
    """Oldest first."""
    fields = DeviceView.model_fields
    return [
        DeviceView(**{name: value for name, value in asdict(device).items() if name in fields})
        for device in issuer.devices
    ]


@router.post("/approve", summary="Answer yes, as a person would at the verification page")
async def approve(issuer: Chosen, body: ApproveBody) -> Done:
    """The device gets its tokens at its next poll."""
    issuer.devices.approve(body.user_code, user=body.user, pending_polls=body.pending_polls)
    return Done(done=1)


@router.post("/deny", summary="Answer no")
async def deny(issuer: Chosen, body: DenyBody) -> Done:
    """The device is told ``access_denied`` at its next poll."""
    issuer.devices.deny(body.user_code, pending_polls=body.pending_polls)
    return Done(done=1)


@router.post("/script", status_code=201, summary="Answer the next device as soon as it asks")
async def script(issuer: Chosen, body: ScriptBody) -> Done:
    """Several scripts are used one after the other."""
    issuer.devices.script(user=body.user, pending_polls=body.pending_polls)
    return Done(done=1)
