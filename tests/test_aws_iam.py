"""Users, groups, policies and providers, by the API, where moto takes what IAM refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from harness.aws import Aws, Credentials
from tests.aws_account import READ_ONLY, refused, user

ACCOUNT = "330987654321"
HERE = f"arn:aws:iam::{ACCOUNT}"


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT)
    yield aws
    aws.close()


@pytest.fixture
def iam(aws: Aws) -> Any:
    return aws.client("iam")


def document(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions) or "s3:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def long_document(characters: int) -> str:
    """Return a policy of about so many characters."""
    return document(*(f"s3:Action{number:06}" for number in range(characters // 18)))


def role(aws: Aws, name: str = "Reader") -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    text = json.dumps({"Version": "2012-10-17", "Statement": trust})
    aws.call("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=text)


class TestUniqueIds:
    def test_they_have_the_prefixes_of_the_user_guide(self, iam: Any) -> None:
        assert iam.create_user(UserName="alice")["User"]["UserId"].startswith("AIDA")
        assert iam.get_user(UserName="alice")["User"]["UserId"].startswith("AIDA")
        assert iam.create_group(GroupName="readers")["Group"]["GroupId"].startswith("AGPA")
        made = iam.create_policy(PolicyName="read", PolicyDocument=document())["Policy"]
        assert made["PolicyId"].startswith("ANPA")
        assert iam.get_policy(PolicyArn=made["Arn"])["Policy"]["PolicyId"] == made["PolicyId"]

    def test_the_administrator_has_one_too(self, aws: Aws) -> None:
        who = aws.call("sts", "get_caller_identity")
        assert who["UserId"].startswith("AIDA")
        assert len(who["UserId"]) == 21


class TestConflicts:
    def test_a_user_goes_last(self, aws: Aws, iam: Any) -> None:
        key = user(aws, {"Effect": "Allow", "Action": "*", "Resource": "*"})
        iam.create_group(GroupName="readers")
        iam.add_user_to_group(GroupName="readers", UserName="alice")
        iam.attach_user_policy(UserName="alice", PolicyArn=READ_ONLY)
        for what, undo in (
            (
                "remove users from group",
                lambda: iam.remove_user_from_group(GroupName="readers", UserName="alice"),
            ),
            ("detach all policies", lambda: iam.detach_user_policy(UserName="alice", PolicyArn=READ_ONLY)),
            ("delete policies", lambda: iam.delete_user_policy(UserName="alice", PolicyName="p")),
            (
                "delete access keys",
                lambda: iam.delete_access_key(UserName="alice", AccessKeyId=key.access_key_id),
            ),
        ):
            message = refused("DeleteConflict", iam.delete_user, UserName="alice")
            assert message == f"Cannot delete entity, must {what} first."
            undo()
        iam.delete_user(UserName="alice")
        refused("NoSuchEntity", iam.delete_user, UserName="alice")

    def test_a_group_with_somebody_in_it_stays(self, iam: Any) -> None:
        iam.create_user(UserName="alice")
        iam.create_group(GroupName="readers")
        iam.add_user_to_group(GroupName="readers", UserName="alice")
        message = refused("DeleteConflict", iam.delete_group, GroupName="readers")
        assert message == "Cannot delete entity, must remove users from group first."
        iam.remove_user_from_group(GroupName="readers", UserName="alice")
        iam.delete_group(GroupName="readers")

    def test_an_attached_policy_stays_and_one_with_versions_too(self, iam: Any) -> None:
        arn = iam.create_policy(PolicyName="read", PolicyDocument=document())["Policy"]["Arn"]
        iam.create_user(UserName="alice", PermissionsBoundary=arn)
        message = refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
        assert message == "Cannot delete a policy attached to entities."
        iam.delete_user_permissions_boundary(UserName="alice")
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document("s3:Get*"))
        assert "more than one version" in refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
        iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
        iam.delete_policy(PolicyArn=arn)
        refused("NoSuchEntity", iam.get_policy, PolicyArn=arn)


class TestQuotas:
    def test_a_managed_policy_has_6144_characters_at_most(self, iam: Any) -> None:
        message = refused(
            "LimitExceeded", iam.create_policy, PolicyName="p", PolicyDocument=long_document(6500)
        )
        assert message == "Cannot exceed quota for PolicySize: 6144"
        spacious = document().replace(" ", " " * 5000)
        assert iam.create_policy(PolicyName="p", PolicyDocument=spacious)["Policy"]["PolicyName"] == "p"

    @pytest.mark.parametrize(("kind", "most"), [("role", 10240), ("user", 2048), ("group", 5120)])
    def test_inline_policies_share_a_size(self, aws: Aws, iam: Any, kind: str, most: int) -> None:
        role(aws, "x")
        iam.create_user(UserName="x")
        iam.create_group(GroupName="x")
        put, name = getattr(iam, f"put_{kind}_policy"), {f"{kind.title()}Name": "x"}
        half = long_document(most * 2 // 3)
        put(**name, PolicyName="a", PolicyDocument=half)
        put(**name, PolicyName="a", PolicyDocument=half)
        message = refused("LimitExceeded", put, **name, PolicyName="b", PolicyDocument=half)
        assert message == f"Maximum policy size of {most} bytes exceeded for {kind} x"

    def test_ten_managed_policies_are_attached_at_most(self, aws: Aws, iam: Any) -> None:
        role(aws)
        for number in range(10):
            made = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=document())["Policy"]["Arn"]
            iam.attach_role_policy(RoleName="Reader", PolicyArn=made)
        iam.attach_role_policy(RoleName="Reader", PolicyArn=made)
        attach = iam.attach_role_policy
        message = refused("LimitExceeded", attach, RoleName="Reader", PolicyArn=READ_ONLY)
        assert message == "Cannot exceed quota for PoliciesPerRole: 10"

    def test_what_is_not_a_policy_is_not_saved(self, iam: Any) -> None:
        iam.create_user(UserName="alice")
        put = iam.put_user_policy
        message = refused(
            "MalformedPolicyDocument", put, UserName="alice", PolicyName="p", PolicyDocument=document("Get")
        )
        assert message == "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
        refused("MalformedPolicyDocument", iam.create_policy, PolicyName="p", PolicyDocument="{}")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"Resource": ""}, 'Resource  must be in ARN format or "*".'),
            ({"Resource": "a:b:c"}, 'Partition "b" is not valid for resource "arn:b:c:*:*:*".'),
            ({"Effect": "aLLow"}, "The policy failed legacy parsing"),
            ({"Resource": []}, "Policy statement must contain resources."),
            ({"Action": []}, "Policy statement must contain actions."),
            ({"Action": "s:3:x", "Resource": "x"}, 'Resource x must be in ARN format or "*".'),
            ({"Action": [None]}, "Syntax errors in policy."),
            ({"Condition": {"x": {"k": "v"}}}, "Syntax errors in policy."),
        ],
    )
    def test_of_a_documents_faults_the_one_is_named_that_aws_names(
        self, aws: Aws, iam: Any, change: dict[str, Any], message: str
    ) -> None:
        role(aws)
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **change}
        text = json.dumps({"Version": "2012-10-17", "Statement": statement})
        for call, named in ((iam.create_policy, {}), (iam.put_role_policy, {"RoleName": "Reader"})):
            said = refused("MalformedPolicyDocument", call, **named, PolicyName="p", PolicyDocument=text)
            assert said == message

    @pytest.mark.parametrize(
        ("version", "ids", "message"),
        [
            ("2013-10-17", ["a", "b"], "Syntax errors in policy."),
            ("2012-10-17", ["a", "a"], "Statement IDs (SID) in a single policy must be unique."),
        ],
    )
    def test_its_version_and_its_statements_ids_are_held(
        self, iam: Any, version: str, ids: list[str], message: str
    ) -> None:
        statements = [{"Sid": sid, "Effect": "Allow", "Action": "*", "Resource": "*"} for sid in ids]
        text = json.dumps({"Version": version, "Statement": statements})
        said = refused("MalformedPolicyDocument", iam.create_policy, PolicyName="p", PolicyDocument=text)
        assert said == message


class TestBoundaries:
    def test_a_user_has_one_and_shows_it(self, iam: Any) -> None:
        shown = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": READ_ONLY}
        made = iam.create_user(UserName="alice", PermissionsBoundary=READ_ONLY)["User"]
        assert made["PermissionsBoundary"] == shown
        assert iam.get_user(UserName="alice")["User"]["PermissionsBoundary"] == shown
        iam.delete_user_permissions_boundary(UserName="alice")
        assert "PermissionsBoundary" not in iam.get_user(UserName="alice")["User"]
        iam.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=READ_ONLY)
        assert iam.get_user(UserName="alice")["User"]["PermissionsBoundary"] == shown

    def test_a_list_of_users_leaves_it_out_and_their_tags(self, iam: Any) -> None:
        tags = [{"Key": "team", "Value": "one"}]
        iam.create_user(UserName="alice", PermissionsBoundary=READ_ONLY, Tags=tags)
        listed = iam.list_users()["Users"][-1]
        got = iam.get_user(UserName="alice")["User"]
        without = {name: value for name, value in got.items() if name not in ("PermissionsBoundary", "Tags")}
        assert len(without) == len(got) - 2
        assert listed == without

    def test_it_must_be_a_policy_that_is_there(self, aws: Aws, iam: Any) -> None:
        role(aws)
        iam.create_user(UserName="alice")
        absent = f"{HERE}:policy/absent"
        for put, name in (
            (iam.put_role_permissions_boundary, {"RoleName": "Reader"}),
            (iam.put_user_permissions_boundary, {"UserName": "alice"}),
            (iam.create_user, {"UserName": "bob"}),
        ):
            message = refused("NoSuchEntity", put, **name, PermissionsBoundary=absent)
            assert message == f"Scope ARN: {absent} does not exist or is not attachable."
        refused("NoSuchEntity", iam.get_user, UserName="bob")


class TestProviders:
    URL = "https://acme.okta.com/oauth2/default"
    ARN = f"{HERE}:oidc-provider/acme.okta.com/oauth2/default"

    def test_only_the_url_is_needed(self, iam: Any) -> None:
        made = iam.create_open_id_connect_provider(Url=self.URL)
        assert made["OpenIDConnectProviderArn"] == self.ARN
        found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=self.ARN)
        assert (found["Url"], found["ClientIDList"]) == (self.URL.removeprefix("https://"), [])

    def test_there_is_one_for_a_url(self, iam: Any) -> None:
        iam.create_open_id_connect_provider(Url=self.URL)
        message = refused("EntityAlreadyExists", iam.create_open_id_connect_provider, Url=self.URL)
        assert message == f"Provider with url {self.URL} already exists."
        iam.create_open_id_connect_provider(Url=f"{self.URL}/")

    @pytest.mark.parametrize(
        "url",
        [
            *("http://acme.okta.com", "https://acme.okta.com:8443", "https://acme.okta.com/?a=b"),
            *("acme.okta.com", "https://", "https://alice@acme.okta.com", "https://acme.okta.com/#a"),
            *(
                "https://[::1",
                "https://acme.okta.com:port",
                "HTTPS://acme.okta.com",
                " https://acme.okta.com",
            ),
            *("https://acme.okta.com ", "https://acme.okta.com/\n", "https://acme.okta.com/a b"),
            *("https://\u0430cme.okta.com", "https://*", "https://acme.okta.com?", "https://acme.okta.com/#"),
        ],
    )
    def test_it_is_an_https_url_without_port_and_query(self, iam: Any, url: str) -> None:
        message = refused("ValidationError", iam.create_open_id_connect_provider, Url=url)
        assert message == "Invalid Open ID Connect Provider URL"

    def test_thumbprints_are_five_hashes_at_most(self, iam: Any) -> None:
        create = iam.create_open_id_connect_provider
        six = [f"{number:040x}" for number in range(6)]
        message = refused("InvalidInput", create, Url=self.URL, ThumbprintList=six)
        assert message == "Thumbprint list must contain fewer than 5 entries."
        refused("InvalidInput", create, Url=self.URL, ThumbprintList=["x" * 40])
        create(Url=self.URL, ThumbprintList=six[:5])
        update = iam.update_open_id_connect_provider_thumbprint
        refused("InvalidInput", update, OpenIDConnectProviderArn=self.ARN, ThumbprintList=["x" * 40])
        update(OpenIDConnectProviderArn=self.ARN, ThumbprintList=six[:1])
        found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=self.ARN)
        assert found["ThumbprintList"] == six[:1]

    def test_client_ids_come_and_go(self, aws: Aws, iam: Any) -> None:
        iam.create_open_id_connect_provider(Url=self.URL, ClientIDList=["a"])
        provider = {"OpenIDConnectProviderArn": self.ARN}
        for client in ("b", "b"):
            iam.add_client_id_to_open_id_connect_provider(**provider, ClientID=client)
        assert iam.get_open_id_connect_provider(**provider)["ClientIDList"] == ["a", "b"]
        for client in ("a", "absent"):
            iam.remove_client_id_from_open_id_connect_provider(**provider, ClientID=client)
        found = aws.iam.provider(self.URL)
        assert found is not None
        assert found.client_ids == ("b",)

    def test_there_are_a_hundred_client_ids_at_most(self, iam: Any) -> None:
        clients = [f"client-{number}" for number in range(101)]
        create = iam.create_open_id_connect_provider
        message = refused("LimitExceeded", create, Url=self.URL, ClientIDList=clients)
        assert message == "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"
        create(Url=self.URL, ClientIDList=clients[:100])
        add = iam.add_client_id_to_open_id_connect_provider
        refused("LimitExceeded", add, OpenIDConnectProviderArn=self.ARN, ClientID="one-more")

    def test_one_that_is_not_there_is_no_entity(self, iam: Any) -> None:
        for call, more in (
            (iam.get_open_id_connect_provider, {}),
            (iam.add_client_id_to_open_id_connect_provider, {"ClientID": "a"}),
            (iam.update_open_id_connect_provider_thumbprint, {"ThumbprintList": ["0" * 40]}),
        ):
            message = refused("NoSuchEntity", call, OpenIDConnectProviderArn=self.ARN, **more)
            assert message == f"OpenIDConnect Provider not found for arn {self.ARN}"

    def test_deleting_one_again_is_no_error(self, iam: Any) -> None:
        iam.create_open_id_connect_provider(Url=self.URL)
        for _ in range(2):
            iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=self.ARN)
            assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []


def test_dates_are_whole_seconds_and_the_same_wherever_they_are_told(iam: Any) -> None:
    made = iam.create_group(GroupName="readers")["Group"]
    assert iam.get_group(GroupName="readers")["Group"] == made
    assert iam.list_groups()["Groups"] == [made]
    assert made["CreateDate"].microsecond == 0
    key = iam.create_access_key(UserName="administrator")["AccessKey"]
    assert key["CreateDate"].microsecond == 0


def test_the_account_tells_what_is_in_it(aws: Aws, iam: Any) -> None:
    role(aws)
    iam.create_open_id_connect_provider(Url="https://acme.okta.com")
    details = iam.get_account_authorization_details(Filter=["Role", "User"])
    assert [each["RoleName"] for each in details["RoleDetailList"]] == ["Reader"]
    assert [each["UserName"] for each in details["UserDetailList"]] == ["administrator"]
    assert iam.get_account_summary()["SummaryMap"]["Providers"] == 1


class TestNames:
    def test_a_name_is_taken_whatever_its_case(self, aws: Aws, iam: Any) -> None:
        role(aws)
        iam.create_user(UserName="alice")
        iam.create_group(GroupName="readers")
        document = iam.get_role(RoleName="Reader")["Role"]["AssumeRolePolicyDocument"]
        trust = {"AssumeRolePolicyDocument": json.dumps(document)}
        for create, name in (
            (iam.create_role, {"RoleName": "READER", **trust}),
            (iam.create_user, {"UserName": "Alice"}),
            (iam.create_group, {"GroupName": "Readers"}),
        ):
            message = refused("EntityAlreadyExists", create, **name)
            assert message.endswith(f"with name {next(iter(name.values()))} already exists.")

    def test_what_is_absent_is_told_in_the_words_of_aws(self, iam: Any) -> None:
        for call, fields, message in (
            (iam.get_role, {"RoleName": "x"}, "The role with name x cannot be found."),
            (iam.list_role_policies, {"RoleName": "x"}, "The role with name x cannot be found."),
            (iam.get_user, {"UserName": "x"}, "The user with name x cannot be found."),
            (iam.get_group, {"GroupName": "x"}, "The group with name x cannot be found."),
            (iam.get_policy, {"PolicyArn": f"{HERE}:policy/x"}, f"Policy {HERE}:policy/x was not found."),
        ):
            assert refused("NoSuchEntity", call, **fields) == message

    def test_a_user_without_a_name_is_the_caller(self, aws: Aws, iam: Any) -> None:
        key = user(aws, {"Effect": "Allow", "Action": "*", "Resource": "*"})
        alice = aws.client("iam", credentials=key)
        assert alice.get_user()["User"]["UserName"] == "alice"
        assert alice.list_access_keys()["AccessKeyMetadata"][0]["AccessKeyId"] == key.access_key_id
        assert alice.list_mfa_devices()["MFADevices"] == []
        assert iam.get_user()["User"]["UserName"] == "administrator"

    def test_a_session_must_say_which_user(self, aws: Aws, iam: Any) -> None:
        role(aws)
        iam.put_role_policy(RoleName="Reader", PolicyName="p", PolicyDocument=document("iam:*"))
        sts = aws.client("sts")
        given = sts.assume_role(RoleArn=f"{HERE}:role/Reader", RoleSessionName="session")["Credentials"]
        session = Credentials(
            access_key_id=given["AccessKeyId"],
            secret_access_key=given["SecretAccessKey"],
            session_token=given["SessionToken"],
        )
        message = refused("ValidationError", aws.client("iam", credentials=session).get_user)
        assert message == "Must specify userName when calling with non-User credentials"
        assert [each["UserName"] for each in iam.list_users()["Users"]] == ["administrator"]
