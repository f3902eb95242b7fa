// OpenID Connect's implicit flow: the request, and whether an answer is ours. Keeps nothing; `session.js` does.

import { Failure } from './failure.js';

/** The provider's own description, read once a page. */
export async function discover(oidc) {
  const answer = await fetch(`${oidc.authority}/.well-known/openid-configuration`, { credentials: 'omit' })
    .catch((error) => { throw new Failure('network', 'The sign-in service could not be reached.', error); });
  if (!answer.ok) throw new Failure('config', `The sign-in service ${oidc.authority} has no discovery document.`);
  return answer.json();
}

/** Address to send the browser to. `hint` is the account to renew silently, if any. */
export function authorizationUrl(provider, oidc, redirectUri, { state, nonce, hint }) {
  const url = new URL(oidc.authorizationEndpoint ?? provider.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: oidc.clientId, redirect_uri: redirectUri, response_type: 'id_token token', scope: oidc.scope,
    state, nonce, ...hint && { prompt: 'none', login_hint: hint },
  });
  return url.href;
}

/** What stands in a fragment like `#access_token=…&state=…`; null when it is not an answer to a sign-in. */
export function answerIn(fragment) {
  const answer = Object.fromEntries(new URLSearchParams(fragment.replace(/^#/, '')));
  return 'access_token' in answer || 'error' in answer ? answer : null;
}

/** The session that an answer brings; throws a Failure unless it answers `asked` and the ID token proves it. */
export async function accept(answer, asked, provider, oidc, now = Date.now()) {
  const distrust = (why) => { throw new Failure('signed-out', why); };
  if (!asked || answer.state !== asked.state) distrust('This sign-in was not started on this page.');
  if (answer.error) distrust(`The sign-in was refused (${answer.error}).`);
  const claims = await verified(answer.id_token, provider, oidc);
  const wrong = [
    [claims.iss === provider.issuer, 'it comes from another provider'],
    [[claims.aud].flat().includes(oidc.clientId), 'it is meant for another application'],
    [claims.nonce === asked.nonce, 'it answers another request'],
    [claims.exp * 1000 > now, 'it has expired; is this computer’s clock right?'],
    [claims.at_hash === await halfHash(answer.access_token), 'its access token was exchanged'],
  ].filter(([right]) => !right).map(([, why]) => why);
  if (wrong.length) distrust(`The sign-in cannot be trusted: ${wrong.join('; ')}.`);
  const { access_token: token, expires_in: seconds } = answer;
  return { token, expires: now + seconds * 1000, email: claims.email, name: claims.name };
}

/** The claims of an ID token whose signature the provider's published key confirms. */
async function verified(idToken, provider, oidc) {
  const [head, body, signature] = (idToken ?? '').split('.');
  const header = json(head);
  const { keys } = await (await fetch(provider.jwks_uri, { credentials: 'omit' })).json();
  const key = keys.find((candidate) => candidate.kid === header.kid);
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const known = key && header.alg === 'RS256' && await crypto.subtle.verify(
    algorithm, await crypto.subtle.importKey('jwk', key, algorithm, false, ['verify']),
    bytes(signature), new TextEncoder().encode(`${head}.${body}`));
  if (!known) throw new Failure('signed-out', `The sign-in is not signed by ${oidc.authority}.`);
  return json(body);
}

async function halfHash(token) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)));
  return btoa(String.fromCharCode(...hash.slice(0, 16))).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

const bytes = (encoded) => (
  Uint8Array.from(atob(encoded.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0)));

function json(encoded) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes(encoded)));
  } catch (error) {
    throw new Failure('signed-out', 'The sign-in service sent no readable ID token.', error);
  }
}
