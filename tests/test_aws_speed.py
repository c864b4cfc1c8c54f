"""What keeps the emulated AWS quick, by counts: what is loaded, fetched, read and made, and how often."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from moto.cognitoidp.models import cognitoidp_backends

from fake_idp import Clock, Issuer, key_pool
from harness.aws import Aws
from harness.aws.iam import account
from harness.internet import Internet
from harness.world import PROVIDERS, RESOURCE
from harness.world.setup import Setup, Site
from tests.aws_account import READ_ONLY, user

SERVICES = (
    "cloudformation",
    "cloudwatch",
    "cognito_identity",
    "cognito_idp",
    "identity_center",
    "logs",
    "sts",
)


def loaded(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_emulated_aws_loads_no_service_before_it_is_called() -> None:
    heavy = {"fastapi", "pydantic", "regex", "promql_parser", "joserfc", "jwt", "cbor2", "pytest", "mcp"}
    found = loaded("harness.aws")
    assert not heavy & found
    assert not {f"harness.aws.{service}" for service in SERVICES} & found
    assert {name.split(".")[1] for name in found if name.startswith("moto.")} & {
        *SERVICES,
        "cognitoidp",
    } == set()


def test_a_shell_in_a_world_loads_the_services_of_its_own_path_only() -> None:
    found = loaded("harness.shell")
    assert (
        not {"fastapi", "pydantic", "joserfc", "regex", "promql_parser", "pytest", "moto.cognitoidp"} & found
    )
    assert not {f"harness.aws.{service}" for service in SERVICES} & found


@pytest.fixture
def internet() -> Iterator[Internet]:
    net = Internet()
    yield net
    net.close()


def set_up(internet: Internet, provider: str) -> tuple[Aws, Setup]:
    clock = Clock()
    new_issuer = functools.partial(Issuer, clock=clock)
    aws = Aws(fetch=internet.fetch, now=clock.now, new_issuer=new_issuer)
    aws.iam.create_user("server")
    site = Site(
        internet=internet,
        aws=aws,
        resource=RESOURCE,
        server_arn=f"arn:aws:iam::{aws.account_id}:user/server",
        new_issuer=new_issuer,
    )
    return aws, PROVIDERS[provider](site)


@pytest.mark.parametrize("provider", sorted(PROVIDERS))
def test_an_account_is_set_up_without_a_key_being_made(
    provider: str, internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    take = key_pool.take
    monkeypatch.setattr(key_pool, "take", lambda: taken.append(provider) or take())
    aws, setup = set_up(internet, provider)
    assert taken == []
    assert len(aws.journal) < 20
    setup.issuer.mint("alice", claims=dict(setup.claims))
    assert taken == [provider]
    aws.close()


def test_a_web_identity_costs_one_look_at_each_document_of_its_issuer() -> None:
    issuer = Issuer("okta", audience=RESOURCE)
    documents = {issuer.discovery_url: issuer.discovery, issuer.jwks_url: issuer.jwks}
    fetched: list[str] = []

    def fetch(url: str) -> tuple[int, bytes]:
        fetched.append(url)
        return 200, json.dumps(documents[url]()).encode()

    aws = Aws(fetch=fetch)
    provider = aws.call("iam", "create_open_id_connect_provider", Url=issuer.url, ClientIDList=[RESOURCE])
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{issuer.url.removeprefix('https://')}:aud": RESOURCE}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = aws.call("iam", "create_role", RoleName="Reader", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for sub in ("alice", "bob"):
        fetched.clear()
        aws.call(
            "sts",
            "assume_role_with_web_identity",
            RoleArn=role,
            RoleSessionName=sub,
            WebIdentityToken=issuer.mint(sub),
        )
        assert fetched == [issuer.discovery_url, issuer.jwks_url]
    aws.close()


def test_a_policy_is_read_once_however_often_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = Aws()
    caller = user(aws, {"Effect": "Allow", "Action": "cloudwatch:List*", "Resource": "*", "Sid": "Once"})
    aws.call("iam", "attach_user_policy", UserName="alice", PolicyArn=READ_ONLY)
    cloudwatch = aws.client("cloudwatch", credentials=caller)
    cloudwatch.list_metrics()
    read: list[str] = []
    parse = account.parse
    monkeypatch.setattr(account, "parse", lambda text: read.append(text) or parse(text))
    for _ in range(5):
        cloudwatch.list_metrics()
    assert read == []
    changed = {"Effect": "Allow", "Action": "cloudwatch:*", "Resource": "*", "Sid": "Changed"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [changed]})
    aws.call("iam", "put_user_policy", UserName="alice", PolicyName="p", PolicyDocument=document)
    cloudwatch.list_metrics()
    cloudwatch.list_metrics()
    assert len(read) == 1
    aws.close()


def test_a_user_pool_does_not_hold_the_private_key_that_moto_ships() -> None:
    aws = Aws(new_issuer=Issuer)
    pool_id = aws.call("cognito-idp", "create_user_pool", PoolName="people")["UserPool"]["Id"]
    assert cognitoidp_backends[aws.account_id]["us-east-1"].user_pools[pool_id].json_web_key is None
    aws.close()
