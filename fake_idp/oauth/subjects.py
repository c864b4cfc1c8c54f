"""Who a token's ``sub`` is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fake_idp.oauth.jwt_validation import Refused

if TYPE_CHECKING:
    from fake_idp.issuer import Issuer
    from fake_idp.presets.base import TokenUse
    from fake_idp.users import User

__all__ = ["active", "user_of"]


def user_of(issuer: Issuer, sub: str, *, client_id: str, use: TokenUse = "access") -> User | None:
    """The person whose tokens have that ``sub``: in the vendor's form of the name, or as the name itself.

    A person who was taken away is found too, so that ``active`` can refuse them; None is somebody whom
    the issuer never heard of.
    """
    removed = [issuer.users.find(name) for name, _ in issuer.state.items("user-removed")]
    everybody: list[User] = [*issuer.users, *removed]
    for user in everybody:
        if issuer.preset.subject(user, issuer=issuer.token_issuer, client_id=client_id, use=use) == sub:
            return user
    return next((user for user in everybody if user.name == sub), None)


def active(user: User) -> User:
    """The person, who may still use what was issued to them.

    Raises:
        Refused: they were disabled or taken away.
    """
    if user.disabled:
        raise Refused("the person may not sign in any more")
    return user
