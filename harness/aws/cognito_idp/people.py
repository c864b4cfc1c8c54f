"""A user pool's users and clients as its issuer has them: read where they are kept, whenever it asks.

Nothing is copied, so whoever is disabled, or leaves a group, is at once another person to the issuer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from harness.aws.cognito_idp import lifetimes, users

__all__ = ["Clients", "People"]

_GRANTS = {"code": "authorization_code", "client_credentials": "client_credentials"}


class People:
    """The users of a pool, in the place of the issuer's own.

    Those whom a test adds to the issuer are there too; those whom the issuer has by itself are not.

    Args:
        pool: moto's user pool.
        own: the issuer's store, which says what a user is.
    """

    def __init__(self, pool: Any, own: Any) -> None:
        self._pool = pool
        self._own = own
        self._usual = tuple(own)

    def __iter__(self) -> Iterator[Any]:
        """Everybody, by the name that they sign in with."""
        for user in list(self._pool.users.values()):
            yield replace(self._user(user), name=users.sign_in_name(self._pool, user))
        yield from (user for user in self._own if user not in self._usual)

    def find(self, name: str) -> Any:
        """The person of that name; somebody who may not sign in where the pool has nobody of it."""
        user = users.find(self._pool, name)
        if user is not None:
            return self._user(user)
        found = self._own.find(name)
        added = any(user.name == name and user not in self._usual for user in self._own)
        return found if added else replace(found, disabled=True)

    def get(self, name: str) -> Any:
        """As ``find``; raises where there is nobody, in the issuer's own words."""
        return self._user(user) if (user := users.find(self._pool, name)) else self._own.get(name)

    def add(self, name: str, **details: Any) -> Any:
        """Let the issuer know a person who is no user of the pool."""
        return self._own.add(name, **details)

    def remove(self, name: str) -> None:
        """Undo ``add``."""
        self._own.remove(name)

    def _user(self, user: Any) -> Any:
        # Until the person has a password of their own, there is no page here to choose one at.
        may = user.enabled and user.status == "CONFIRMED"
        kind, said, names = type(self._usual[0]), users.id_claims(user), users.roles(user)
        without = [name for name in ("email", "email_verified", "name") if name not in said]
        if users.preferred_role(user) is None:
            without.append("cognito:preferred_role")
        return kind(
            user.username,
            sub=user.id,
            groups=tuple(group.group_name for group in users.groups(user)),
            roles=tuple(names),
            id_claims=said,
            without=tuple(without),
            disabled=not may,
        )


class Clients:
    """The clients of a pool, in the place of the issuer's own.

    Only one that is allowed OAuth flows is a client to the endpoints of the domain.
    """

    def __init__(self, pool: Any, own: Any) -> None:
        self._pool = pool
        self._own = own
        self._usual = next(iter(own))

    def __iter__(self) -> Iterator[Any]:
        """Every client that may use the endpoints of the domain."""
        return iter([self._client(each) for each in list(self._pool.clients.values()) if _is_allowed(each)])

    def get(self, client_id: str) -> Any:
        """Find a client; raises where there is none, in the issuer's own words."""
        client = self._pool.clients.get(client_id)
        if client is not None and _is_allowed(client):
            return self._client(client)
        return self._own.get("" if client_id == self._usual.client_id else client_id)

    def add(self, client_id: str | None = None, **details: Any) -> Any:
        """Let the issuer know a client that is none of the pool."""
        return self._own.add(client_id, **details)

    def remove(self, client_id: str) -> None:
        """Undo ``add``."""
        self._own.remove(client_id)

    def _client(self, client: Any) -> Any:
        config = client.extended_config
        flows = config.get("AllowedOAuthFlows") or []
        grants = [_GRANTS[flow] for flow in flows if flow in _GRANTS]
        if "code" in flows:
            grants.append("refresh_token")
        secret = str(client.secret) if client.generate_secret else ""
        return replace(
            self._usual,
            client_id=client.id,
            client_secret=secret,
            client_name=config.get("ClientName") or client.id,
            redirect_uris=tuple(config.get("CallbackURLs") or ()),
            post_logout_redirect_uris=tuple(config.get("LogoutURLs") or ()),
            token_endpoint_auth_methods=(
                ("client_secret_basic", "client_secret_post") if secret else ("none",)
            ),
            # "implicit" alone is none that the issuer has; an empty list would mean every grant.
            grant_types=tuple(grants) or ("implicit",),
            scope=tuple(config.get("AllowedOAuthScopes") or ()),
            any_loopback=False,
            lifetimes={
                "access": lifetimes.of_token(config, "AccessToken"),
                "id": lifetimes.of_token(config, "IdToken"),
                "refresh": lifetimes.of_token(config, "RefreshToken"),
            },
            source="added",
        )


def _is_allowed(client: Any) -> bool:
    """boto/boto3#3916: a client with flows but without this flag is refused at the token endpoint."""
    return bool(client.extended_config.get("AllowedOAuthFlowsUserPoolClient"))
