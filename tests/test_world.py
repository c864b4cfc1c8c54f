"""A world, driven by real clients: boto3, the MCP SDK, any HTTP client."""

import datetime
import os
import time
from concurrent.futures import ThreadPoolExecutor

import anyio
import boto3
import httpx2
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from harness.errors import Mismatch, TargetError, UsageError
from harness.scenario import EVERY_PATH
from harness.target import Target
from harness.world import World


@pytest.fixture(params=EVERY_PATH)
def provider(request):
    return request.param


def test_the_token_goes_through_the_server_to_cloudwatch(world):
    world.publish_metric("Requests")
    metrics = world.call(world.mint("alice"), "list_metrics", namespace="Harness").is_accepted()
    assert "Requests" in metrics.text


def test_the_sdk_client_of_mcp_works_unchanged(world):
    async def converse() -> tuple[list[str], str]:
        headers = {"Authorization": f"Bearer {world.mint('alice')}"}
        async with (
            httpx2.AsyncClient(
                proxy=world.environ["HTTPS_PROXY"], verify=world.internet.client_context, headers=headers
            ) as http,
            Client(streamable_http_client(world.resource, http_client=http)) as client,
        ):
            tools = await client.list_tools()
            who = await client.call_tool("whoami", {})
            return [tool.name for tool in tools.tools], str(who.content)

    tools, who = anyio.run(converse)
    assert {"whoami", "list_metrics", "get_metric_data"} <= set(tools)
    assert f"arn:aws:sts::{world.aws.account_id}:assumed-role/" in who


def test_boto3_works_over_the_proxy_and_raises_what_aws_raises(world):
    sts = world.boto3().client("sts")
    assert sts.get_caller_identity()["Account"] == world.aws.account_id
    with pytest.raises(ClientError) as refused:
        world.boto3().client("iam").get_role(RoleName="Ghost")
    assert refused.value.response["Error"]["Code"] == "NoSuchEntity"


def test_two_worlds_have_nothing_in_common(target):
    with World("oidc", target=target) as one, World("oidc", target=target) as other:
        assert one.aws.account_id != other.aws.account_id
        other.call(one.mint("alice")).is_refused(401, "invalid_token")
        key = {
            "aws_access_key_id": one.aws.administrator.access_key_id,
            "aws_secret_access_key": one.aws.administrator.secret_access_key,
        }
        with pytest.raises(ClientError, match="InvalidClientTokenId"):
            other.boto3(**key).client("sts").get_caller_identity()


@pytest.mark.parametrize(
    "forgery", ["sig.none", "sig.wrong-key", "sig.corrupt", "sig.hs-confusion", "clm.aud"]
)
def test_sts_itself_refuses_a_forged_token(target, forgery):
    with World("oidc", target=target) as world:
        sts = boto3.client(
            "sts",
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",
            verify=str(world.internet.ca_file),
            config=Config(proxies={"https": world.environ["HTTPS_PROXY"]}),
        )

        def assume(token: str) -> dict:
            return sts.assume_role_with_web_identity(
                RoleArn=world.setup.role_arn, RoleSessionName="by-hand", WebIdentityToken=token
            )

        assert assume(world.mint("alice"))["Credentials"]["AccessKeyId"].startswith("ASIA")
        with pytest.raises(ClientError) as refused:
            assume(world.forge(forgery))
        assert refused.value.response["Error"]["Code"] == "InvalidIdentityToken"


def test_time_travel_moves_the_issuer_and_aws_and_ends_with_the_world(target):
    with World("oidc", target=target) as world:
        before = time.time()
        world.travel(hours=2)
        world.travel(minutes=30)
        assert 9000 <= time.time() - before <= 9060
        assert 9000 <= world.clock.now() - before <= 9060
        call = world.aws.client("sts").get_caller_identity()
        date = call["ResponseMetadata"]["HTTPHeaders"].get("date")
        assert date is None or datetime.datetime.now(datetime.UTC).strftime("%H") in date
        world.call(world.mint("alice")).is_accepted()
    assert time.time() - before < 600


def test_the_environment_of_this_process_is_never_changed(world):
    before = dict(os.environ)
    world.call(world.mint("alice")).is_accepted()
    assert dict(os.environ) == before


def test_an_expectation_that_is_not_met_says_what_was_expected_and_seen(world):
    with pytest.raises(Mismatch, match=r"expected 200 and a result; observed 401 invalid_token"):
        world.call(world.forge("sig.none")).is_accepted()


def test_a_name_that_does_not_exist_is_told_the_nearest_that_does():
    with pytest.raises(UsageError, match="did you mean 'cognito'"):
        World("cognto")
    with pytest.raises(UsageError, match="has no 'create_ap'"):
        Target("harness.reference_server:create_ap")
    with pytest.raises(UsageError, match="module:factory"):
        Target("harness.reference_server")


def _refuses(environ):
    raise ValueError("OIDC_ISSUER is not to my taste")


def test_a_target_that_does_not_start_says_why():
    with pytest.raises(TargetError, match="OIDC_ISSUER is not to my taste"):
        World("oidc", target=Target(f"{__name__}:_refuses"))


@pytest.mark.parametrize("provider", ["oidc", "identity_center"])
def test_callers_at_the_same_time_are_each_themselves(world):
    people = [f"person-{number}" for number in range(8)]
    tokens = {person: world.mint(person) for person in people}
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = list(pool.map(lambda person: (person, world.call(tokens[person]).data["arn"]), people * 5))
    assert all(arn.rpartition("/")[2] == person for person, arn in answers)
    exchanges = [call for call in world.aws.journal if call.operation == world.setup.assume]
    assert len(exchanges) == len(people)
