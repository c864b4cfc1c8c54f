// openid-client: discovery, login with PKCE, ID token, userinfo, refresh, and what else the metadata promises.
import * as client from "openid-client";

const given = JSON.parse(process.argv[2]);
const said = {};
const config = await client.discovery(
  new URL(given.issuer), given.client_id, given.client_secret, client.ClientSecretPost(given.client_secret),
  { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
);
const server = config.serverMetadata();
const dpop = given.dpop ? client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256")) : undefined;

async function login(extra = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const parameters = {
    redirect_uri: given.redirect_uri,
    scope: given.scope,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state: client.randomState(),
    nonce: client.randomNonce(),
    ...extra,
  };
  const url = given.par
    ? await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP: dpop })
    : client.buildAuthorizationUrl(config, parameters);
  const answer = await fetch(url, { redirect: "manual" });
  if (answer.status !== 302 && answer.status !== 303) throw new Error(`${url} answers ${answer.status}`);
  return client.authorizationCodeGrant(
    config, new URL(answer.headers.get("location")),
    { pkceCodeVerifier: verifier, expectedState: parameters.state, expectedNonce: parameters.nonce },
    undefined, { DPoP: dpop },
  );
}

const tokens = await login(given.parameters);
said.claims = tokens.claims();
said.access_token = tokens.access_token;
said.token_type = tokens.token_type;
if (server.userinfo_endpoint && given.userinfo) {
  said.userinfo = await client.fetchUserInfo(config, tokens.access_token, said.claims.sub, { DPoP: dpop });
}
if (tokens.refresh_token) {
  const fresh = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: dpop });
  said.refreshed = fresh.access_token !== tokens.access_token;
  said.rotated = fresh.refresh_token !== undefined && fresh.refresh_token !== tokens.refresh_token;
  if (server.introspection_endpoint) {
    said.introspected = await client.tokenIntrospection(config, fresh.access_token);
  }
  if (server.revocation_endpoint) {
    await client.tokenRevocation(config, fresh.refresh_token ?? tokens.refresh_token);
    said.after_revocation = await client
      .refreshTokenGrant(config, fresh.refresh_token ?? tokens.refresh_token, undefined, { DPoP: dpop })
      .then(() => "accepted", (error) => error.error);
  }
}
if (given.machine) {
  const machine = await client.clientCredentialsGrant(config, given.machine, { DPoP: dpop });
  said.machine = machine.access_token;
}
if (server.end_session_endpoint) {
  said.end_session = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token }).href;
}
console.log(JSON.stringify(said));
