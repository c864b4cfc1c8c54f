"""The environment inside a world: how its path is set up, the way in, a token, keys, an AWS identity."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fake_idp.store import Store
from harness.internet.variables import FOREIGN
from harness.login import profile
from harness.world import World

__all__ = ["environment", "isolated"]

_TOKEN_SECONDS = 8 * 3600.0


def environment(
    world: World, *, person: str | None = None, inherited: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the variables of a shell in the world.

    Args:
        world: the world.
        person: who has the AWS identity, by way of the provider path; the account's administrator when left
            out. ``TOKEN`` is this person's, or alice's.
        inherited: the environment that they will be added to, if there is one.
    """
    keys = Store(world.internet.folder / "fake-idp")
    keys.put(world.issuer)
    token = world.mint(person or "alice", expires_in=_TOKEN_SECONDS)
    return {
        **world.setup.environ,
        "MCP_RESOURCE_URL": world.resource,
        **world.environ,
        **world.internet.environ("client", inherited=inherited),
        "FAKE_IDP_STATE": str(keys.folder),
        "TOKEN": token,
        **(_administrator(world) if person is None else _person(world, person, token)),
    }


def isolated(
    world: World, inherited: Mapping[str, str], *, person: str | None = None, home: Path
) -> dict[str, str]:
    """Return the whole environment of a program in the world: ``inherited`` without what leads out of it.

    Args:
        world: the world.
        inherited: the environment of this process.
        person: as for ``environment``.
        home: becomes its ``HOME``, since that has the profiles and the logins of the AWS CLI.
    """
    config = home / ".aws" / "config"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(_profiles(world, person or "alice"), encoding="utf-8")
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith("AWS_") and name not in FOREIGN
    }
    return {**kept, **environment(world, person=person, inherited=kept), "HOME": str(home)}


def _administrator(world: World) -> dict[str, str]:
    root = world.aws.administrator
    return {"AWS_ACCESS_KEY_ID": root.access_key_id, "AWS_SECRET_ACCESS_KEY": root.secret_access_key}


def _person(world: World, person: str, token: str) -> dict[str, str]:
    """Return what an AWS SDK needs to be a person: what to exchange, or what came of the exchange."""
    if world.setup.assume == "AssumeRoleWithWebIdentity":  # SDKs make this exchange themselves
        file = world.internet.folder / "web-identity-token"
        file.write_text(token, encoding="utf-8")
        return {
            "AWS_ROLE_ARN": world.setup.role_arn,
            "AWS_ROLE_SESSION_NAME": _session_name(person),
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
        }
    exchange = _by_identity_pool if world.setup.assume == "GetCredentialsForIdentity" else _by_assume_role
    return exchange(world, person, token)


def _by_identity_pool(world: World, _: str, token: str) -> dict[str, str]:
    logins = {world.issuer.url.removeprefix("https://"): token}
    pool = world.setup.environ["AWS_COGNITO_IDENTITY_POOL_ID"]
    identity = world.aws.call("cognito-identity", "get_id", IdentityPoolId=pool, Logins=logins)["IdentityId"]
    found = world.aws.call(
        "cognito-identity", "get_credentials_for_identity", IdentityId=identity, Logins=logins
    )["Credentials"]
    return _keys(found["AccessKeyId"], found["SecretKey"], found["SessionToken"])


def _by_assume_role(world: World, person: str, _: str) -> dict[str, str]:
    sts = world.aws.client("sts", credentials=world.server)
    found = sts.assume_role(RoleArn=world.setup.role_arn, RoleSessionName=_session_name(person))[
        "Credentials"
    ]
    return _keys(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def _keys(access_key_id: str, secret_access_key: str, session_token: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret_access_key,
        "AWS_SESSION_TOKEN": session_token,
    }


def _session_name(person: str) -> str:
    """Return a person as a role session name, which has fewer characters than a subject."""
    name = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "=,.@-_") else "-"
                   for letter in person)  # fmt: skip
    return f"cloudwatch-mcp-{name}"[:64]


def _profiles(world: World, person: str) -> str:
    """Return ``~/.aws/config``.

    The AWS CLI v1 would fetch a parameter that begins with ``https://``, past the proxy and its authority.
    """
    default = f"[default]\nregion = {world.aws.region}\ncli_follow_urlparam = false\n"
    return default if world.provider != "identity_center" else f"{default}\n{profile(world, person)}"
