"""Identities of identity pools: guests, linked logins, identities merged, described and deleted."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.aws.cognito_identity.identities import Identities, Login
from harness.aws.errors import AwsError
from tests.aws_identity_pool import START, Cloud, new_issuer, refusal

MISMATCH = (
    "NotAuthorizedException",
    "Logins don't match. Please include at least one valid login for this identity or identity pool.",
)

# --- one person's credentials are not another's ----------------------------------------------------------


def test_bob_cannot_have_the_credentials_of_alice(cloud: Cloud) -> None:
    alice = cloud.get_id(cloud.users.mint(sub="alice"))
    for token in (cloud.users.mint(sub="bob"), cloud.users.mint(sub="bob")):
        with pytest.raises(ClientError) as raised:
            cloud.credentials(alice, token)
        assert refusal(raised) == MISMATCH
        cloud.get_id(token)


def test_an_identity_with_a_login_gives_nothing_without_it(cloud: Cloud) -> None:
    alice = cloud.get_id(cloud.users.mint(sub="alice"))
    with pytest.raises(ClientError) as raised:
        cloud.credentials(alice, None)
    assert refusal(raised) == ("NotAuthorizedException", f"Access to Identity '{alice}' is forbidden.")


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ("us-east-1:00000000-0000-0000-0000-000000000000", "ResourceNotFoundException"),
        ("alice", "ValidationException"),
        ("us-east-1:ALICE", "ValidationException"),
    ],
)
def test_an_identity_that_does_not_exist_has_no_credentials(cloud: Cloud, identity: str, code: str) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.credentials(identity, cloud.users.mint())
    assert refusal(raised)[0] == code


def test_a_pool_that_does_not_exist_has_no_identities(cloud: Cloud) -> None:
    identity = cloud.get_id(cloud.users.mint())
    cloud.pools.delete_identity_pool(IdentityPoolId=cloud.pool)
    for attempt in (cloud.get_id, lambda token: cloud.credentials(identity, token)):
        with pytest.raises(ClientError) as raised:
            attempt(cloud.users.mint())
        assert refusal(raised)[0] == "ResourceNotFoundException"


# --- guests ----------------------------------------------------------------------------------------------


def test_a_pool_without_guests_refuses_them(cloud: Cloud) -> None:
    with pytest.raises(ClientError) as raised:
        cloud.get_id(None)
    message = "Unauthenticated access is not supported for this identity pool."
    assert refusal(raised) == ("NotAuthorizedException", message)


def test_guests_are_strangers_to_each_other_and_get_the_role_of_guests(open_cloud: Cloud) -> None:
    first, second = open_cloud.get_id(None), open_cloud.get_id(None)
    assert first != second
    assert open_cloud.role_of(open_cloud.credentials(first, None)) == "Guest"


def test_a_guest_is_kept_to_the_services_for_guests_whatever_the_role_allows(open_cloud: Cloud) -> None:
    given = open_cloud.log_in(None)
    open_cloud.client("cloudwatch", given).list_metrics()
    with pytest.raises(ClientError, match="because no session policy allows the iam:ListRoles action"):
        open_cloud.client("iam", given).list_roles()


def test_nobody_else_is_kept_to_anything(open_cloud: Cloud) -> None:
    open_cloud.iam.attach_role_policy(
        RoleName="Member", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
    )
    assert open_cloud.client("iam", open_cloud.log_in(open_cloud.users.mint())).list_roles()["Roles"]


def test_a_guest_who_logs_in_keeps_the_identity_and_is_no_guest_any_more(open_cloud: Cloud) -> None:
    guest, token = open_cloud.get_id(None), open_cloud.users.mint(sub="alice")
    assert open_cloud.role_of(open_cloud.credentials(guest, token)) == "Member"
    assert open_cloud.get_id(token) == guest
    with pytest.raises(ClientError, match="is forbidden"):
        open_cloud.credentials(guest, None)


def test_a_guest_who_logs_in_as_somebody_known_is_merged_into_them(open_cloud: Cloud) -> None:
    token = open_cloud.users.mint(sub="alice")
    alice, guest = open_cloud.get_id(token), open_cloud.get_id(None)
    answer = open_cloud.pools.get_credentials_for_identity(
        IdentityId=guest, Logins={open_cloud.provider: token}
    )
    assert answer["IdentityId"] == alice
    with pytest.raises(ClientError, match="is forbidden"):
        open_cloud.credentials(guest, None)
    shown = open_cloud.pools.list_identities(IdentityPoolId=open_cloud.pool, MaxResults=60, HideDisabled=True)
    assert [one["IdentityId"] for one in shown["Identities"]] == [alice]
    everyone = open_cloud.pools.list_identities(IdentityPoolId=open_cloud.pool, MaxResults=60)
    assert {one["IdentityId"] for one in everyone["Identities"]} == {alice, guest}
    # The old id is good for those who have a login of the new one: SDKs keep it.
    again = open_cloud.pools.get_credentials_for_identity(
        IdentityId=guest, Logins={open_cloud.provider: token}
    )
    assert again["IdentityId"] == alice
    with pytest.raises(ClientError) as raised:
        open_cloud.credentials(guest, open_cloud.users.mint(sub="mallory"))
    assert refusal(raised) == MISMATCH


def test_guests_lose_their_credentials_when_the_pool_is_closed_to_them(open_cloud: Cloud) -> None:
    guest = open_cloud.get_id(None)
    open_cloud.pools.update_identity_pool(
        IdentityPoolId=open_cloud.pool, IdentityPoolName="people", AllowUnauthenticatedIdentities=False
    )
    with pytest.raises(ClientError, match="Unauthenticated access is not supported"):
        open_cloud.credentials(guest, None)


# --- linked logins ---------------------------------------------------------------------------------------


class Both:
    """A pool with two providers, the user pool and Google."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.google = cloud, new_issuer("google", cloud.clock)
        cloud.issuers.append(self.google)
        self.pool = cloud.create_pool(SupportedLoginProviders={"accounts.google.com": self.google.client_id})

    def logins(self, user: str | None = None, google: str | None = None) -> dict[str, str]:
        found = {}
        if user is not None:
            found[self.cloud.provider] = self.cloud.users.mint(sub=user)
        if google is not None:
            found["accounts.google.com"] = self.google.mint(sub=google)
        return found

    def get_id(self, **people: str) -> str:
        answer = self.cloud.pools.get_id(IdentityPoolId=self.pool, Logins=self.logins(**people))
        return str(answer["IdentityId"])

    def token_id(self, identity: str, **people: str) -> str:
        """Return the identity for which GetOpenIdToken gives a token."""
        logins = self.logins(**people)
        return str(self.cloud.pools.get_open_id_token(IdentityId=identity, Logins=logins)["IdentityId"])

    def unlink(self, identity: str, names: list[str], **people: str) -> None:
        self.cloud.pools.unlink_identity(
            IdentityId=identity, Logins=self.logins(**people), LoginsToRemove=names
        )


@pytest.fixture
def both(cloud: Cloud) -> Both:
    return Both(cloud)


def test_logins_that_come_together_are_linked(both: Both) -> None:
    alice = both.get_id(user="alice", google="1")
    assert both.get_id(user="alice") == both.get_id(google="1") == alice
    described = both.cloud.pools.describe_identity(IdentityId=alice)
    assert described["Logins"] == [both.cloud.provider, "accounts.google.com"]


def test_a_login_is_linked_by_who_has_another_one_of_the_identity(both: Both) -> None:
    alice = both.get_id(user="alice")
    assert both.token_id(alice, user="alice", google="1") == alice
    assert both.get_id(google="1") == alice


def test_two_identities_become_one_when_a_login_of_each_comes(both: Both) -> None:
    alice, other = both.get_id(user="alice"), both.get_id(google="1")
    assert alice != other
    assert both.token_id(other, user="alice", google="1") == other
    assert both.get_id(user="alice") == both.get_id(google="1") == other
    with pytest.raises(ClientError, match="Logins don't match"):
        both.token_id(alice, user="bob")


def test_an_identity_has_one_login_of_each_public_provider(both: Both) -> None:
    both.get_id(user="alice", google="1")
    with pytest.raises(ClientError) as raised:
        both.get_id(user="bob", google="1")
    assert refusal(raised)[0] == "ResourceConflictException"
    assert both.get_id(user="bob") != both.get_id(user="alice")


def test_an_unlinked_login_is_somebody_new(both: Both) -> None:
    alice = both.get_id(user="alice", google="1")
    both.unlink(alice, ["accounts.google.com"], user="alice")
    assert both.get_id(user="alice") == alice
    assert both.get_id(google="1") != alice


def test_a_login_is_unlinked_only_by_who_has_one_of_the_identity(both: Both) -> None:
    alice = both.get_id(user="alice", google="1")
    with pytest.raises(ClientError) as raised:
        both.unlink(alice, ["accounts.google.com"], user="bob")
    assert refusal(raised) == MISMATCH
    assert both.get_id(google="1") == alice


def test_an_identity_without_its_last_login_is_nobodys_and_no_guests_either(open_cloud: Cloud) -> None:
    both = Both(open_cloud)
    open_cloud.pools.update_identity_pool(
        IdentityPoolId=both.pool,
        IdentityPoolName="people",
        AllowUnauthenticatedIdentities=True,
        SupportedLoginProviders={"accounts.google.com": both.google.client_id},
    )
    alice = both.get_id(google="1")
    both.unlink(alice, ["accounts.google.com"], google="1")
    with pytest.raises(ClientError, match="Logins don't match"):
        both.token_id(alice, google="1")
    with pytest.raises(ClientError, match="is forbidden"):
        open_cloud.pools.get_credentials_for_identity(IdentityId=alice)


# --- described, listed, deleted --------------------------------------------------------------------------


def test_an_identity_says_when_it_was_made_and_changed(both: Both) -> None:
    alice = both.get_id(user="alice")
    both.cloud.time.shift(60)
    both.token_id(alice, user="alice")
    described = both.cloud.pools.describe_identity(IdentityId=alice)
    assert described["CreationDate"].timestamp() == described["LastModifiedDate"].timestamp() == START
    both.token_id(alice, user="alice", google="1")
    described = both.cloud.pools.describe_identity(IdentityId=alice)
    assert described["LastModifiedDate"].timestamp() == START + 60


def test_identities_are_listed_in_pages(cloud: Cloud) -> None:
    ids = [cloud.get_id(cloud.users.mint(sub=f"user-{number}")) for number in range(5)]
    listed: list[str] = []
    more: dict[str, Any] = {}
    while True:
        page = cloud.pools.list_identities(IdentityPoolId=cloud.pool, MaxResults=2, **more)
        assert page["IdentityPoolId"] == cloud.pool
        listed += [one["IdentityId"] for one in page["Identities"]]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert listed == ids


def test_a_deleted_identity_is_gone_and_its_login_somebody_new(cloud: Cloud) -> None:
    alice = cloud.get_id(cloud.users.mint(sub="alice"))
    unknown = "us-east-1:00000000-0000-0000-0000-000000000000"
    answer = cloud.pools.delete_identities(IdentityIdsToDelete=[alice, unknown])
    assert answer["UnprocessedIdentityIds"] == [{"IdentityId": unknown, "ErrorCode": "AccessDenied"}]
    with pytest.raises(ClientError) as raised:
        cloud.pools.describe_identity(IdentityId=alice)
    assert refusal(raised) == ("ResourceNotFoundException", f"Identity '{alice}' not found.")
    assert cloud.get_id(cloud.users.mint(sub="alice")) != alice


# --- whatever is linked in whatever order ----------------------------------------------------------------

LOGINS = st.builds(
    Login, provider=st.sampled_from(["a", "b", "developer"]), subject=st.sampled_from(["1", "2", "3"])
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), st.lists(LOGINS, min_size=1, max_size=3), st.integers(0, 9)),
        st.tuples(st.just("unlink"), st.lists(LOGINS, min_size=1, max_size=1), st.integers(0, 9)),
        st.tuples(st.just("guest"), st.just([]), st.integers(0, 9)),
    ),
    max_size=25,
)


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_a_login_is_of_one_identity_which_has_one_of_each_public_provider(steps: list[Any]) -> None:
    identities, pool = Identities(), "us-east-1:0"
    for now, (step, logins, number) in enumerate(steps):
        known = identities.of_pool(pool)
        asked = known[number] if number < len(known) else None
        with contextlib.suppress(AwsError):
            if step == "guest":
                identities.new_guest(pool, now=now)
            elif step == "unlink" and asked is not None:
                own = [login for login in logins if login in asked.logins]
                identities.unlink(asked, own, now=now)
            else:
                before = set(asked.logins) if asked is not None else set()
                entered = identities.enter(pool, logins, now=now, identity=asked, developer="developer")
                assert set(logins) <= set(entered.logins)
                if asked is not None and entered.id == asked.id and not asked.is_guest:
                    assert before & set(logins)  # nobody gets in without a login of the identity
        everyone = identities.of_pool(pool)
        linked = [login for one in everyone for login in one.logins]
        assert len(linked) == len(set(linked))
        for one in everyone:
            assert all(identities.owner(pool, login) == one for login in one.logins)
            public = [login.provider for login in one.logins if login.provider != "developer"]
            assert len(public) == len(set(public))
            assert one.is_enabled or not one.logins
