// oauth4webapi: registration, private_key_jwt, PAR, DPoP, device code; it checks each answer by its RFC.
import * as oauth from "oauth4webapi";
import { exportJWK } from "jose";

const given = JSON.parse(process.argv[2]);
const said = {};
const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(given.issuer);
const as = await oauth.processDiscoveryResponse(
  issuer, await oauth.discoveryRequest(issuer, { algorithm: given.algorithm ?? "oidc", ...insecure }),
);

// A client that registers itself and authenticates with a key (RFC 7591, RFC 7523).
const keys = await oauth.generateKeyPair("ES256", { extractable: true });
const jwk = { ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "ES256", use: "sig" };
const client = await oauth.processDynamicClientRegistrationResponse(
  await oauth.dynamicClientRegistrationRequest(as, {
    client_name: "oauth4webapi",
    redirect_uris: [given.redirect_uri],
    grant_types: ["authorization_code", "refresh_token", "client_credentials",
                  "urn:ietf:params:oauth:grant-type:device_code",
                  "urn:ietf:params:oauth:grant-type:token-exchange"],
    token_endpoint_auth_method: "private_key_jwt",
    jwks: { keys: [jwk] },
  }, insecure),
);
said.registered = client.client_id;
const auth = oauth.PrivateKeyJwt({ key: keys.privateKey, kid: "k1" });
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair("ES256"));

// A pushed authorization request and a login bound to a key (RFC 9126, RFC 7636, RFC 9449, RFC 9207).
const verifier = oauth.generateRandomCodeVerifier();
const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
const pushed = await oauth.processPushedAuthorizationResponse(as, client,
  await oauth.pushedAuthorizationRequest(as, client, auth, {
    response_type: "code", redirect_uri: given.redirect_uri, scope: "openid email offline_access",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
    state, nonce, resource: given.resource,
  }, { DPoP, ...insecure }));
const url = new URL(as.authorization_endpoint);
url.searchParams.set("client_id", client.client_id);
url.searchParams.set("request_uri", pushed.request_uri);
const answer = await fetch(url, { redirect: "manual" });
const callback = oauth.validateAuthResponse(as, client, new URL(answer.headers.get("location")), state);
const tokens = await oauth.processAuthorizationCodeResponse(as, client,
  await oauth.authorizationCodeGrantRequest(
    as, client, auth, callback, given.redirect_uri, verifier, { DPoP, ...insecure }),
  { expectedNonce: nonce, requireIdToken: true });
said.token_type = tokens.token_type;
said.claims = oauth.getValidatedIdTokenClaims(tokens);
said.userinfo = await oauth.processUserInfoResponse(as, client, said.claims.sub,
  await oauth.userInfoRequest(as, client, tokens.access_token, { DPoP, ...insecure }));

// A resource server's own check of the token (RFC 9068, RFC 9449 section 7).
const api = new URL(given.resource);
const asked = await new Promise((resolve) => oauth.protectedResourceRequest(
  tokens.access_token, "GET", api, undefined, undefined,
  { DPoP, ...insecure, [oauth.customFetch]: async (to, options) => {
    resolve(new Request(to, options));
    return new Response("{}", { status: 200 });
  } }));
said.access = await oauth.validateJwtAccessToken(as, asked, given.resource, insecure);

// A device (RFC 8628): pending until somebody approves.
const device = await oauth.processDeviceAuthorizationResponse(as, client,
  await oauth.deviceAuthorizationRequest(as, client, auth, { scope: "openid" }, insecure));
said.device = device.user_code;
const poll = async () => oauth.processDeviceCodeResponse(as, client,
  await oauth.deviceCodeGrantRequest(as, client, auth, device.device_code, insecure));
said.pending = await poll().then(() => "too early", (error) => error.error);

// Token exchange (RFC 8693) and introspection (RFC 7662).
const exchanged = await oauth.processGenericTokenEndpointResponse(as, client,
  await oauth.genericTokenEndpointRequest(as, client, auth, "urn:ietf:params:oauth:grant-type:token-exchange", {
    subject_token: given.subject_token,
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    audience: "https://other.example",
  }, insecure));
said.exchanged = exchanged.access_token;
said.issued_token_type = exchanged.issued_token_type;
said.introspected = await oauth.processIntrospectionResponse(as, client,
  await oauth.introspectionRequest(as, client, auth, tokens.access_token, insecure));
await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, auth, tokens.access_token, insecure));
said.after_revocation = await oauth.processIntrospectionResponse(as, client,
  await oauth.introspectionRequest(as, client, auth, tokens.access_token, insecure));
console.log(JSON.stringify(said));
