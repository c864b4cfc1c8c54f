"""Who can sign in, and which applications may ask for tokens."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from fake_idp.clients import Client
from fake_idp.control.answers import Body, Done
from fake_idp.control.issuers import Chosen
from fake_idp.users import User

__all__ = ["router"]

router = APIRouter(prefix="/_control", tags=["people and clients"])


class UserDetails(Body):
    """What there is to a person; as ``fake_idp.users.User`` has it."""

    password: str = "password"  # noqa: S105 (everybody here has that one)
    sub: str = ""
    groups: list[str] = Field(default_factory=list)
    roles: list[str] = Field(default_factory=list)
    claims: dict[str, Any] = Field(default_factory=dict)
    access_claims: dict[str, Any] = Field(default_factory=dict)
    id_claims: dict[str, Any] = Field(default_factory=dict)
    provider: str = ""
    disabled: bool = False


class NewUser(UserDetails):
    """A person to be added.

    Attributes:
        name: what the person signs in with.
    """

    name: str


class UserView(BaseModel):
    """A person, without the password; as ``fake_idp.users.User`` has it."""

    name: str
    sub: str
    groups: list[str]
    roles: list[str]
    claims: dict[str, Any]
    access_claims: dict[str, Any]
    id_claims: dict[str, Any]
    provider: str
    disabled: bool


class ClientDetails(Body):
    """What there is to an application; as ``fake_idp.clients.Client`` has it."""

    client_secret: str = ""
    client_name: str = ""
    redirect_uris: list[str] = Field(default_factory=list)
    token_endpoint_auth_methods: list[str] = Field(default_factory=lambda: ["none"])
    grant_types: list[str] = Field(default_factory=list)
    scope: list[str] = Field(default_factory=list)
    jwks: dict[str, Any] | None = None
    any_loopback: bool = False
    post_logout_redirect_uris: list[str] = Field(default_factory=list)
    claims: dict[str, Any] | None = None


class NewClient(ClientDetails):
    """An application to be added.

    Attributes:
        client_id: its id; made when left out.
    """

    client_id: str | None = None


class ClientView(BaseModel):
    """An application, without its secret; as ``fake_idp.clients.Client`` has it.

    Attributes:
        public: whether it may do without authentication.
    """

    client_id: str
    client_name: str
    redirect_uris: list[str]
    token_endpoint_auth_methods: list[str]
    grant_types: list[str]
    scope: list[str]
    jwks: dict[str, Any] | None
    any_loopback: bool
    post_logout_redirect_uris: list[str]
    claims: dict[str, Any] | None
    source: str
    public: bool


class AddedClient(ClientView):
    """An application as it was just added: the one time that its secret is shown.

    Attributes:
        client_secret: its secret; empty for a public client.
    """

    client_secret: str


@router.get("/users", summary="The people who can sign in")
async def list_users(issuer: Chosen) -> list[UserView]:
    """Everybody, those who are there by default first; anybody else can sign in by name too."""
    return [_user_view(user) for user in issuer.users]


@router.post("/users", status_code=201, summary="Add a person, or replace one of that name")
async def add_user(issuer: Chosen, body: NewUser) -> UserView:
    """What is left out is as it is for everybody."""
    details = body.given()
    return _user_view(issuer.users.add(details.pop("name"), **details))


@router.get("/users/{name:path}", summary="One person")
async def show_user(issuer: Chosen, name: str) -> UserView:
    """By the name that the person signs in with."""
    return _user_view(issuer.users.get(name))


@router.patch("/users/{name:path}", summary="Change a person")
async def change_user(issuer: Chosen, name: str, body: UserDetails) -> UserView:
    """What is left out stays as it is."""
    details = asdict(issuer.users.get(name)) | body.given()
    del details["name"]
    return _user_view(issuer.users.add(name, **details))


@router.delete("/users/{name:path}", summary="Take a person away")
async def remove_user(issuer: Chosen, name: str) -> Done:
    """Tokens that the person has stay good."""
    issuer.users.remove(name)
    return Done(done=1)


@router.get("/clients", summary="The applications that may ask for tokens")
async def list_clients(issuer: Chosen) -> list[ClientView]:
    """Without their secrets."""
    return [_client_view(client) for client in issuer.clients]


@router.post("/clients", status_code=201, summary="Add an application, or replace one of that id")
async def add_client(issuer: Chosen, body: NewClient) -> AddedClient:
    """The answer is the one that shows the secret."""
    details = body.given()
    client = issuer.clients.add(details.pop("client_id", None), **details)
    return AddedClient(**_client_view(client).model_dump(), client_secret=client.client_secret)


@router.get("/clients/{client_id:path}", summary="One application")
async def show_client(issuer: Chosen, client_id: str) -> ClientView:
    """Without its secret."""
    return _client_view(issuer.clients.get(client_id))


@router.patch("/clients/{client_id:path}", summary="Change an application")
async def change_client(issuer: Chosen, client_id: str, body: ClientDetails) -> ClientView:
    """What is left out stays as it is."""
    details = asdict(issuer.clients.get(client_id)) | body.given()
    del details["client_id"], details["source"]
    return _client_view(issuer.clients.add(client_id, **details))


@router.delete("/clients/{client_id:path}", summary="Take an application away")
async def remove_client(issuer: Chosen, client_id: str) -> Done:
    """The default one becomes what it was."""
    issuer.clients.remove(client_id)
    return Done(done=1)


def _user_view(user: User) -> UserView:
    return UserView(**{name: value for name, value in asdict(user).items() if name in UserView.model_fields})


def _client_view(client: Client) -> ClientView:
    said = asdict(client) | {"public": client.public}
    return ClientView(**{name: value for name, value in said.items() if name in ClientView.model_fields})
