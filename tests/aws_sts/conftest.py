"""An account, an issuer on the web, and a role that trusts it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fake_idp import Issuer
from harness.aws import Aws
from tests.aws_sts.party import ACCOUNT, AUDIENCE, Web, federated, make_role, register


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def issuer(web: Web) -> Issuer:
    issuer = Issuer("okta", audience=AUDIENCE)
    web.publish(issuer)
    return issuer


@pytest.fixture
def aws(web: Web) -> Iterator[Aws]:
    aws = Aws(account_id=ACCOUNT, fetch=web)
    yield aws
    aws.close()


@pytest.fixture
def reader(aws: Aws, issuer: Issuer) -> str:
    """A role that trusts the issuer, whose provider is registered."""
    register(aws, issuer)
    return make_role(aws, federated(issuer))
