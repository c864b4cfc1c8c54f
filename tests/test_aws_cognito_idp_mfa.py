"""The second factor of user pools: an authenticator app."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from harness.aws.cognito_idp import totp
from tests.aws_account import refused
from tests.aws_user_pool import PASSWORD, Pool


class App:
    """An authenticator app, by another library."""

    def __init__(self, pool: Pool, secret: str) -> None:
        self.pool = pool
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self.totp = TOTP(key, 6, SHA1(), 30)

    def code(self, seconds: float = 0) -> str:
        return self.totp.generate(int(self.pool.clock.now() + seconds)).decode()


@pytest.fixture
def pool() -> Pool:
    made = Pool()
    made.user("alice")
    configure(made, "OPTIONAL")
    return made


def configure(pool: Pool, mode: str) -> None:
    pool.idp.set_user_pool_mfa_config(
        UserPoolId=pool.id, SoftwareTokenMfaConfiguration={"Enabled": True}, MfaConfiguration=mode
    )


def set_up(pool: Pool, client: str) -> App:
    token = pool.sign_in(client)["AccessToken"]
    app = App(pool, pool.idp.associate_software_token(AccessToken=token)["SecretCode"])
    pool.idp.verify_software_token(AccessToken=token, UserCode=app.code(), FriendlyDeviceName="phone")
    pool.idp.set_user_mfa_preference(
        AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    return app


def answer(pool: Pool, client: str, session: str, code: str) -> dict[str, Any]:
    found: dict[str, Any] = pool.idp.respond_to_auth_challenge(
        ClientId=client,
        ChallengeName="SOFTWARE_TOKEN_MFA",
        Session=session,
        ChallengeResponses={"USERNAME": "alice", "SOFTWARE_TOKEN_MFA_CODE": code},
    )
    return found


# RFC 6238 appendix B, SHA-1; the last six digits of its eight.
@pytest.mark.parametrize(
    ("now", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(now: int, code: str) -> None:
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert totp.code(secret, now // 30) == code
    assert totp.step_of(secret, code, now) == now // 30


class TestSignIn:
    def test_the_code_is_asked_for_and_opens(self, pool: Pool) -> None:
        client = pool.client()
        app = set_up(pool, client)
        asked = pool.start(client, USERNAME="alice", PASSWORD=PASSWORD)
        assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
        assert asked["ChallengeParameters"]["FRIENDLY_DEVICE_NAME"] == "phone"
        assert "AuthenticationResult" not in asked
        pool.clock.advance(30)
        result = answer(pool, client, asked["Session"], app.code())
        assert pool.claims(result["AuthenticationResult"]["AccessToken"])["username"] == "alice"

    def test_a_wrong_code_can_be_corrected(self, pool: Pool) -> None:
        client = pool.client()
        app = set_up(pool, client)
        pool.clock.advance(60)
        session = pool.start(client, USERNAME="alice", PASSWORD=PASSWORD)["Session"]
        message = refused("CodeMismatchException", answer, pool, client, session, app.code(-300))
        assert message == "Invalid code received for user"
        assert answer(pool, client, session, app.code())["AuthenticationResult"]

    def test_a_code_is_good_once(self, pool: Pool) -> None:
        client = pool.client()
        app = set_up(pool, client)
        session = pool.start(client, USERNAME="alice", PASSWORD=PASSWORD)["Session"]
        refused("ExpiredCodeException", answer, pool, client, session, app.code())
        pool.clock.advance(30)
        assert answer(pool, client, session, app.code())["AuthenticationResult"]

    @pytest.mark.parametrize("seconds", [-30, 30])
    def test_an_app_s_clock_may_be_one_step_off(self, pool: Pool, seconds: float) -> None:
        client = pool.client()
        app = set_up(pool, client)
        pool.clock.advance(120)
        session = pool.start(client, USERNAME="alice", PASSWORD=PASSWORD)["Session"]
        refused("CodeMismatchException", answer, pool, client, session, app.code(3 * seconds))
        assert answer(pool, client, session, app.code(seconds))["AuthenticationResult"]

    def test_every_user_has_a_key_of_their_own(self, pool: Pool) -> None:
        token = pool.sign_in(pool.client())["AccessToken"]
        keys = {pool.idp.associate_software_token(AccessToken=token)["SecretCode"] for _ in range(3)}
        assert len(keys) == 3


class TestSetup:
    def test_an_app_counts_once_it_is_verified(self, pool: Pool) -> None:
        client = pool.client()
        token = pool.sign_in(client)["AccessToken"]
        pool.idp.associate_software_token(AccessToken=token)
        refused(
            "EnableSoftwareTokenMFAException",
            pool.idp.verify_software_token,
            AccessToken=token,
            UserCode="000000",
        )
        message = refused(
            "InvalidParameterException",
            pool.idp.set_user_mfa_preference,
            AccessToken=token,
            SoftwareTokenMfaSettings={"Enabled": True},
        )
        assert message == "User has not verified software token mfa"
        assert pool.sign_in(client)["AccessToken"]

    def test_a_new_app_replaces_the_old_one_when_it_is_verified(self, pool: Pool) -> None:
        client = pool.client()
        old = set_up(pool, client)
        pool.clock.advance(60)
        session = pool.start(client, USERNAME="alice", PASSWORD=PASSWORD)["Session"]
        token = answer(pool, client, session, old.code())["AuthenticationResult"]["AccessToken"]
        pool.idp.associate_software_token(AccessToken=token)
        pool.clock.advance(60)
        session = pool.start(client, USERNAME="alice", PASSWORD=PASSWORD)["Session"]
        assert answer(pool, client, session, old.code())["AuthenticationResult"]

    def test_a_pool_may_demand_it_at_the_first_sign_in(self, pool: Pool) -> None:
        configure(pool, "ON")
        client = pool.client()
        asked = pool.start(client, USERNAME="alice", PASSWORD=PASSWORD)
        assert asked["ChallengeName"] == "MFA_SETUP"
        assert json.loads(asked["ChallengeParameters"]["MFAS_CAN_SETUP"]) == ["SOFTWARE_TOKEN_MFA"]
        call: dict[str, Any] = {
            "ClientId": client,
            "ChallengeName": "MFA_SETUP",
            "ChallengeResponses": {"USERNAME": "alice"},
        }
        session = asked["Session"]
        refused("InvalidParameterException", pool.idp.respond_to_auth_challenge, Session=session, **call)
        begun = pool.idp.associate_software_token(Session=session)
        app = App(pool, begun["SecretCode"])
        done = pool.idp.verify_software_token(Session=begun["Session"], UserCode=app.code())
        assert done["Status"] == "SUCCESS"
        result = pool.idp.respond_to_auth_challenge(Session=done["Session"], **call)
        assert result["AuthenticationResult"]["AccessToken"]
        asked = pool.start(client, USERNAME="alice", PASSWORD=PASSWORD)
        assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"

    def test_a_pool_without_it_takes_no_app(self) -> None:
        pool = Pool()
        pool.user("alice")
        token = pool.sign_in(pool.client())["AccessToken"]
        refused("SoftwareTokenMFANotFoundException", pool.idp.associate_software_token, AccessToken=token)

    def test_text_messages_as_a_factor_are_refused_by_name(self, pool: Pool) -> None:
        token = pool.sign_in(pool.client())["AccessToken"]
        message = refused(
            "NotImplemented",
            pool.idp.set_user_mfa_preference,
            AccessToken=token,
            SMSMfaSettings={"Enabled": True},
        )
        assert "SetUserMFAPreference" in message

    def test_what_an_administrator_sets(self, pool: Pool) -> None:
        client = pool.client()
        set_up(pool, client)
        names = {"UserPoolId": pool.id, "Username": "alice"}
        assert pool.idp.admin_get_user(**names)["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"]
        pool.idp.admin_set_user_mfa_preference(**names, SoftwareTokenMfaSettings={"Enabled": False})
        assert pool.sign_in(client)["AccessToken"]
