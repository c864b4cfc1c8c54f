"""The reference server starts with a complete configuration, or says which variable is wrong."""

import pytest

from harness.reference_server import ConfigurationError, __main__, create_app
from harness.reference_server.settings import Network, Variables

COMMON = {"MCP_RESOURCE_URL": "https://mcp.example.com/mcp", "AWS_REGION": "us-east-1"}
PATHS = {
    "identity_center": {
        "AWS_IDENTITY_CENTER_REGION": "us-east-1",
        "AWS_IDENTITY_CENTER_ISSUER": "https://identitycenter.amazonaws.com/ssoins-1234567890abcdef",
        "AWS_IDENTITY_CENTER_CLIENT_ID": "client",
        "AWS_IDENTITY_CENTER_ALLOWED_ROLES": "arn:aws:iam::123456789012:role/Read*, arn:aws:iam::*:role/X",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "the-secret-of-the-server",
    },
    "cognito": {
        "AWS_COGNITO_REGION": "us-east-1",
        "AWS_COGNITO_USER_POOL_ID": "us-east-1_Abc123xyz",
        "AWS_COGNITO_CLIENT_ID": "client",
        "AWS_COGNITO_IDENTITY_POOL_ID": "us-east-1:6f1c2e9a-0d3b-4a77-9c1e-2b8f5d4e3a21",
    },
    "oidc": {
        "OIDC_ISSUER": "https://acme.okta.com/oauth2/default",
        "OIDC_CLIENT_ID": "client",
        "AWS_CLOUDWATCH_ROLE_ARN": "arn:aws:iam::123456789012:role/CloudWatchMCPOIDCRole",
    },
}


def complete(provider):
    return {**COMMON, **PATHS[provider], "AUTH_PROVIDER": provider}


@pytest.mark.parametrize("provider", PATHS)
def test_a_complete_configuration_starts(provider):
    assert create_app(complete(provider))


@pytest.mark.parametrize(
    ("provider", "variable"),
    [(p, v) for p in PATHS for v in (*PATHS[p], "AUTH_PROVIDER", "MCP_RESOURCE_URL", "AWS_REGION")],
)
@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_variable_that_is_missing_or_empty_is_named(provider, variable, value):
    environ = complete(provider)
    del environ[variable]
    if value is not None:
        environ[variable] = value
    with pytest.raises(ConfigurationError) as raised:
        create_app(environ)
    assert raised.value.variable == variable


@pytest.mark.parametrize(
    ("provider", "variable", "value"),
    [
        ("oidc", "OIDC_ISSUER", "http://acme.okta.com"),
        ("oidc", "OIDC_ISSUER", "acme.okta.com"),
        ("oidc", "OIDC_ISSUER", "https://"),
        ("oidc", "OIDC_ISSUER", "https://acme.okta.com:port"),
        ("oidc", "OIDC_ISSUER", "https://[::1"),
        ("oidc", "OIDC_ISSUER", "https://acme.okta.com/?x=1"),
        ("oidc", "OIDC_ISSUER", "https://user@acme.okta.com"),
        ("oidc", "OIDC_ISSUER", "https://@acme.okta.com"),
        ("oidc", "OIDC_ISSUER", "https://acme.okta.com/a b"),
        ("oidc", "HTTPS_PROXY", "proxy"),
        ("oidc", "AWS_ENDPOINT_URL", "ftp://aws"),
        ("oidc", "SSL_CERT_FILE", "/nowhere/ca.pem"),
        ("oidc", "AWS_CA_BUNDLE", __file__),
        ("oidc", "AWS_CLOUDWATCH_ROLE_ARN", "arn:aws:iam::123456789012:user/alice"),
        ("oidc", "AWS_CLOUDWATCH_ROLE_ARN", "arn:aws:iam::123456789012:role/*"),
        ("oidc", "MCP_RESOURCE_URL", "mcp"),
        ("oidc", "AWS_REGION", "moon-1"),
        ("cognito", "AWS_COGNITO_USER_POOL_ID", "eu-west-1_Abc123xyz"),
        ("cognito", "AWS_COGNITO_USER_POOL_ID", "../../evil"),
        ("cognito", "AWS_COGNITO_IDENTITY_POOL_ID", "pool"),
        ("identity_center", "AWS_IDENTITY_CENTER_ALLOWED_ROLES", "*"),
        ("identity_center", "AWS_IDENTITY_CENTER_ALLOWED_ROLES", "arn:aws:iam::123456789012:user/*"),
        ("identity_center", "AWS_IDENTITY_CENTER_ALLOWED_ROLES", ","),
    ],
)
def test_a_variable_that_is_wrong_is_named(provider, variable, value):
    with pytest.raises(ConfigurationError) as raised:
        create_app({**complete(provider), variable: value})
    assert raised.value.variable == variable


def test_an_unknown_provider_gets_the_nearest_right_one():
    with pytest.raises(ConfigurationError, match="did you mean 'identity_center'"):
        create_app({**complete("oidc"), "AUTH_PROVIDER": "identity-centre"})


def test_the_default_region_will_do():
    environ = complete("oidc")
    environ["AWS_DEFAULT_REGION"] = environ.pop("AWS_REGION")
    assert create_app(environ)


def test_an_issuer_on_this_machine_may_speak_http():
    assert create_app({**complete("oidc"), "OIDC_ISSUER": "http://127.0.0.1:8080"})


def test_the_configuration_comes_from_the_mapping_alone(monkeypatch):
    for name, value in complete("oidc").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError):
        create_app({})


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://acme.okta.com", "http://proxy:1"),
        ("http://acme.okta.com", None),
        ("https://127.0.0.1:8443", None),
        ("https://sts.internal.example", None),
        ("https://notinternal.example", "http://proxy:1"),
    ],
)
def test_the_proxy_is_used_except_where_it_is_not_wanted(url, proxy):
    variables = Variables({"https_proxy": "http://proxy:1", "NO_PROXY": "127.0.0.1, .internal.example,"})
    assert Network.from_variables(variables).proxy_for(url) == proxy


def test_check_config_says_what_follows_and_no_secret(monkeypatch, capsys):
    monkeypatch.setattr(__main__.os, "environ", complete("identity_center"))
    monkeypatch.setattr("sys.argv", ["server", "--check-config"])
    assert __main__.main() == 0
    said = capsys.readouterr().out
    assert "https://identitycenter.amazonaws.com/ssoins-1234567890abcdef" in said
    assert "arn:aws:iam::123456789012:role/Read*" in said
    assert "the-secret-of-the-server" not in said


@pytest.mark.parametrize(
    ("change", "said"),
    [({"OIDC_ISSUER": ""}, "error: OIDC_ISSUER is not set"), ({"PORT": "http"}, "error: PORT is 'http'")],
)
def test_a_wrong_configuration_is_one_line_and_exit_2(monkeypatch, capsys, change, said):
    monkeypatch.setattr(__main__.os, "environ", {**complete("oidc"), **change})
    monkeypatch.setattr("sys.argv", ["server"])
    assert __main__.main() == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(said)
