"""The world of the Identity Center path: made by the guide's calls, with one issuer for all its tokens."""

from __future__ import annotations

from harness.aws.identity_center.records import IdentityCenter
from harness.world import World


def test_the_world_sets_itself_up_by_the_guides_calls() -> None:
    with World("identity_center") as world:
        calls = [call.operation for call in world.aws.journal if call.service == "sso-admin"]
        assert calls == [
            "CreateInstance",
            "UpdateInstance",
            "CreatePermissionSet",
            "AttachManagedPolicyToPermissionSet",
            "CreateApplication",
        ]
        (instance,) = world.aws.state(IdentityCenter).instances.values()
        (application,) = instance.applications.values()
        assert world.setup.environ["AWS_IDENTITY_CENTER_ISSUER"] == instance.issuer_url
        assert world.setup.environ["AWS_IDENTITY_CENTER_CLIENT_ID"] == application.client_id


def test_the_server_takes_what_identity_center_itself_would_sign() -> None:
    with World("identity_center") as world:
        (instance,) = world.aws.state(IdentityCenter).instances.values()
        signer, client_id = instance.issuer(world.aws), world.setup.environ["AWS_IDENTITY_CENTER_CLIENT_ID"]
        token = signer.mint("alice", client_id=client_id, claims=dict(world.setup.claims))
        world.call(token).is_accepted()
        world.call(signer.mint("alice", claims=dict(world.setup.claims))).is_refused(401, "invalid_token")
