"""Users who sign up by themselves, forget their password, and change their address."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws_account import refused
from tests.aws_user_pool import PASSWORD, Pool

ADDRESS = "dora@example.com"


@pytest.fixture
def pool() -> Pool:
    return Pool(UsernameAttributes=["email"], AutoVerifiedAttributes=["email"])


def sign_up(pool: Pool, client: str, name: str = ADDRESS, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = pool.idp.sign_up(
        **{"ClientId": client, "Username": name, "Password": PASSWORD, **more}
    )
    return answer


def confirm(pool: Pool, client: str, code: str, name: str = ADDRESS) -> None:
    pool.idp.confirm_sign_up(ClientId=client, Username=name, ConfirmationCode=code)


def signed_up(pool: Pool, client: str) -> None:
    sign_up(pool, client)
    confirm(pool, client, pool.messages[-1].code)


class TestSignUp:
    def test_a_code_confirms_the_user_and_the_address(self, pool: Pool) -> None:
        client = pool.client()
        answer = sign_up(pool, client)
        assert answer["UserConfirmed"] is False
        assert answer["CodeDeliveryDetails"] == {
            "Destination": "d***@e***",
            "DeliveryMedium": "EMAIL",
            "AttributeName": "email",
        }
        assert refused("UserNotConfirmedException", pool.sign_in, client, ADDRESS) == (
            "User is not confirmed."
        )
        sent = pool.messages[-1]
        assert (sent.kind, sent.destination, len(sent.code)) == ("SignUp", ADDRESS, 6)
        confirm(pool, client, sent.code)
        said = pool.claims(pool.sign_in(client, ADDRESS)["IdToken"])
        assert (said["sub"], said["email_verified"]) == (answer["UserSub"], True)
        message = refused("NotAuthorizedException", confirm, pool, client, sent.code)
        assert message == "User cannot be confirmed. Current status is CONFIRMED"

    def test_a_wrong_code_and_too_many_of_them(self, pool: Pool) -> None:
        client = pool.client()
        sign_up(pool, client)
        good = pool.messages[-1].code
        wrong = "000000" if good != "000000" else "000001"
        for _ in range(5):
            message = refused("CodeMismatchException", confirm, pool, client, wrong)
            assert message == "Invalid verification code provided, please try again."
        refused("LimitExceededException", confirm, pool, client, good)
        pool.idp.resend_confirmation_code(ClientId=client, Username=ADDRESS)
        confirm(pool, client, pool.messages[-1].code)

    def test_a_code_is_good_for_a_day(self, pool: Pool) -> None:
        client = pool.client()
        sign_up(pool, client)
        pool.clock.advance(86_400)
        refused("ExpiredCodeException", confirm, pool, client, pool.messages[-1].code)

    @pytest.mark.parametrize(
        ("code", "changed"),
        [
            ("InvalidParameterException", {"Username": "dora"}),
            ("InvalidPasswordException", {"Password": "short"}),
            ("InvalidPasswordException", {"Password": "long-enough-but-lower-1"}),
            ("InvalidParameterException", {"UserAttributes": [{"Name": "custom:x", "Value": "1"}]}),
            ("NotAuthorizedException", {"UserAttributes": [{"Name": "email_verified", "Value": "true"}]}),
        ],
    )
    def test_what_is_refused(self, pool: Pool, code: str, changed: dict[str, Any]) -> None:
        refused(code, sign_up, pool, pool.client(), **changed)

    def test_a_name_is_taken_once(self, pool: Pool) -> None:
        client = pool.client()
        signed_up(pool, client)
        message = refused("UsernameExistsException", sign_up, pool, client)
        assert message == "An account with the given email already exists."

    def test_a_pool_may_leave_it_to_administrators(self) -> None:
        pool = Pool(AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})
        message = refused("NotAuthorizedException", sign_up, pool, pool.client(), "dora")
        assert message == "SignUp is not permitted for this user pool"

    def test_required_attributes_are_required(self) -> None:
        pool = Pool(Schema=[{"Name": "email", "AttributeDataType": "String", "Required": True}])
        client = pool.client()
        assert "email" in refused("InvalidParameterException", sign_up, pool, client, "dora")
        sign_up(pool, client, "dora", UserAttributes=[{"Name": "email", "Value": ADDRESS}])

    def test_a_client_with_a_secret_has_to_prove_it(self, pool: Pool) -> None:
        client = pool.client(GenerateSecret=True)
        refused("NotAuthorizedException", sign_up, pool, client)
        sign_up(pool, client, SecretHash=pool.secret_hash(client, ADDRESS))

    def test_an_administrator_confirms_whom_no_code_reached(self) -> None:
        pool = Pool()
        client = pool.client()
        assert "CodeDeliveryDetails" not in sign_up(pool, client, "dora")
        pool.idp.admin_confirm_sign_up(UserPoolId=pool.id, Username="dora")
        assert pool.sign_in(client, "dora")["AccessToken"]


class TestForgottenPassword:
    def reset(self, pool: Pool, client: str, code: str, password: str = "Better-horse-8") -> None:
        pool.idp.confirm_forgot_password(
            ClientId=client, Username=ADDRESS, ConfirmationCode=code, Password=password
        )

    def test_a_code_gives_a_new_one(self, pool: Pool) -> None:
        client = pool.client()
        signed_up(pool, client)
        pool.idp.forgot_password(ClientId=client, Username=ADDRESS)
        sent = pool.messages[-1]
        assert sent.kind == "ForgotPassword"
        refused("InvalidPasswordException", self.reset, pool, client, sent.code, "weak")
        self.reset(pool, client, sent.code)
        refused("NotAuthorizedException", pool.sign_in, client, ADDRESS)
        assert pool.sign_in(client, ADDRESS, "Better-horse-8")["AccessToken"]
        refused("ExpiredCodeException", self.reset, pool, client, sent.code)

    def test_it_is_good_for_an_hour(self, pool: Pool) -> None:
        client = pool.client()
        signed_up(pool, client)
        pool.idp.forgot_password(ClientId=client, Username=ADDRESS)
        pool.clock.advance(3600)
        refused("ExpiredCodeException", self.reset, pool, client, pool.messages[-1].code)

    def test_an_address_that_was_not_verified_gets_none(self, pool: Pool) -> None:
        client = pool.client()
        pool.user(ADDRESS)
        message = refused(
            "InvalidParameterException", pool.idp.forgot_password, ClientId=client, Username=ADDRESS
        )
        assert "no registered/verified email or phone_number" in message

    def test_an_address_is_verified_by_true_whatever_its_case(self, pool: Pool) -> None:
        client = pool.client()
        pool.user(ADDRESS, email=ADDRESS, email_verified="True")
        details = pool.idp.forgot_password(ClientId=client, Username=ADDRESS)["CodeDeliveryDetails"]
        assert (details["AttributeName"], pool.messages[-1].kind) == ("email", "ForgotPassword")

    def test_nobody_learns_who_exists_where_the_client_hides_it(self, pool: Pool) -> None:
        client = pool.client(PreventUserExistenceErrors="ENABLED")
        names = {"ClientId": client, "Username": "nobody@example.com"}
        details = pool.idp.forgot_password(**names)["CodeDeliveryDetails"]
        assert details["Destination"] == "n***@e***"
        assert pool.messages == []
        refused("ExpiredCodeException", confirm, pool, client, "123456", "nobody@example.com")
        names["ClientId"] = pool.client()
        message = refused("UserNotFoundException", pool.idp.forgot_password, **names)
        assert message == "Username/client id combination not found."

    def test_an_administrator_demands_it(self, pool: Pool) -> None:
        client = pool.client()
        signed_up(pool, client)
        pool.idp.admin_reset_user_password(UserPoolId=pool.id, Username=ADDRESS)
        refused("PasswordResetRequiredException", pool.sign_in, client, ADDRESS)
        self.reset(pool, client, pool.messages[-1].code)
        assert pool.sign_in(client, ADDRESS, "Better-horse-8")["AccessToken"]


def test_a_new_address_has_to_be_verified(pool: Pool) -> None:
    client = pool.client()
    signed_up(pool, client)
    token = pool.sign_in(client, ADDRESS)["AccessToken"]
    answer = pool.idp.update_user_attributes(
        AccessToken=token, UserAttributes=[{"Name": "email", "Value": "new@example.com"}]
    )
    assert answer["CodeDeliveryDetailsList"][0]["Destination"] == "n***@e***"
    assert pool.claims(pool.sign_in(client, "new@example.com")["IdToken"])["email_verified"] is False
    verify = {"AccessToken": token, "AttributeName": "email"}
    pool.idp.get_user_attribute_verification_code(**verify)
    pool.idp.verify_user_attribute(**verify, Code=pool.messages[-1].code)
    assert pool.claims(pool.sign_in(client, "new@example.com")["IdToken"])["email_verified"] is True


def test_an_address_of_somebody_else_s_is_refused(pool: Pool) -> None:
    client = pool.client()
    signed_up(pool, client)
    pool.user("eve@example.com")
    token = pool.sign_in(client, "eve@example.com")["AccessToken"]
    refused(
        "AliasExistsException",
        pool.idp.update_user_attributes,
        AccessToken=token,
        UserAttributes=[{"Name": "email", "Value": ADDRESS}],
    )
