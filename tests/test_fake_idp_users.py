"""The people and the applications of an issuer: what a person types about them is checked."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_idp import FakeIdpError, InvalidValue, Issuer, UnknownName
from fake_idp.clients import Client
from fake_idp.users import DEFAULT_USERS, User

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer("plain")


def test_a_person_is_kept_as_added(issuer: Issuer) -> None:
    added = issuer.users.add("dave", groups=["ops"], claims={"a": [1]}, provider="Google", disabled=True)
    assert added == User("dave", groups=("ops",), claims={"a": [1]}, provider="Google", disabled=True)
    assert issuer.users.get("dave") == added
    assert issuer.users.find("dave") == added
    assert [user.name for user in issuer.users] == ["alice", "bob", "carol", "dave"]


def test_nothing_is_special_about_those_who_are_there_by_default() -> None:
    assert all(user == User(user.name) for user in DEFAULT_USERS)


def test_a_person_of_the_default_ones_can_be_changed_taken_away_and_come_back(issuer: Issuer) -> None:
    issuer.users.add("alice", groups=["ops"])
    assert issuer.users.get("alice").groups == ("ops",)
    issuer.users.remove("alice")
    with pytest.raises(UnknownName):
        issuer.users.get("alice")
    issuer.users.add("alice")
    assert issuer.users.get("alice") == User("alice")


@pytest.mark.parametrize(
    ("details", "error"),
    [
        ({"group": ["ops"]}, "unknown attribute of a user 'group'; did you mean 'groups'?"),
        ({"groups": "ops"}, "user attribute 'groups': must be a list of strings"),
        ({"groups": ["ops", 1]}, "user attribute 'groups': must be a string"),
        ({"roles": None}, "user attribute 'roles': must be a list of strings"),
        ({"disabled": "false"}, "user attribute 'disabled': must be true or false"),
        ({"claims": ["a"]}, "user attribute 'claims': must be an object"),
        ({"claims": {"a": object()}}, "has no JSON form"),
        ({"claims": {"a": "x" * 70_000}}, "must have at most 64000 bytes"),
        ({"password": 1}, "user attribute 'password': must be a string"),
        ({"sub": "x" * 3000}, "user attribute 'sub': must have at most 2000 characters"),
        ({"groups": ["x"] * 3000}, "user attribute 'groups': must have at most 2000 values"),
    ],
)
def test_details_of_a_person_are_checked(issuer: Issuer, details: dict[str, Any], error: str) -> None:
    with pytest.raises((UnknownName, InvalidValue)) as caught:
        issuer.users.add("dave", **details)
    assert error in str(caught.value)
    assert issuer.users.find("dave") == User("dave")


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 3000, None, 1])
def test_a_name_that_nobody_can_have_is_refused(issuer: Issuer, name: Any) -> None:
    with pytest.raises(InvalidValue, match="user name"):
        issuer.users.add(name)
    if name is not None:
        with pytest.raises(InvalidValue, match="client id"):
            issuer.clients.add(name)


def test_an_application_is_kept_as_added(issuer: Issuer) -> None:
    added = issuer.clients.add(
        "app", client_secret="s", redirect_uris=["https://app.example/cb"], scope="a b", jwks=None
    )
    assert added.scope == ("a", "b")
    assert added.token_endpoint_auth_methods == ("client_secret_basic", "client_secret_post")
    assert issuer.clients.get("app") == added
    assert issuer.clients.add().client_id != issuer.clients.add().client_id


@pytest.mark.parametrize(
    ("details", "error"),
    [
        (
            {"redirect_uri": ["x"]},
            "unknown attribute of a client 'redirect_uri'; did you mean 'redirect_uris'?",
        ),
        ({"redirect_uris": "https://x"}, "client attribute 'redirect_uris': must be a list of strings"),
        ({"any_loopback": 1}, "client attribute 'any_loopback': must be true or false"),
        ({"jwks": "x"}, "client attribute 'jwks': must be an object"),
        ({"client_secret": None}, "client attribute 'client_secret': must be a string"),
    ],
)
def test_details_of_an_application_are_checked(issuer: Issuer, details: dict[str, Any], error: str) -> None:
    with pytest.raises((UnknownName, InvalidValue)) as caught:
        issuer.clients.add("app", **details)
    assert error in str(caught.value)
    with pytest.raises(UnknownName):
        issuer.clients.get("app")


def added(add: Any, name: Any, **details: Any) -> Any:
    """What was added, or None when it was refused on purpose."""
    with contextlib.suppress(FakeIdpError):
        return add(name, **details)
    return None


@given(name=ANYTHING, key=st.sampled_from([field.name for field in fields(User)]), value=ANYTHING)
def test_nothing_that_is_typed_about_a_person_is_a_traceback(name: Any, key: str, value: Any) -> None:
    issuer = Issuer("okta", algorithm="ES256")
    details = {} if key == "name" else {key: value}
    user = added(issuer.users.add, name, **details)
    if user is None:
        return
    assert issuer.users.get(user.name) == user
    assert issuer.mint(user.name)


@given(key=st.sampled_from([field.name for field in fields(Client)][1:]), value=ANYTHING)
def test_nothing_that_is_typed_about_an_application_is_a_traceback(key: str, value: Any) -> None:
    issuer = Issuer("plain")
    client = added(issuer.clients.add, "app", **{key: value})
    if client is None:
        return
    assert issuer.clients.get("app") == client
    assert asdict(client)["client_id"] == "app"
