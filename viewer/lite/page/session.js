// Who is signed in, by OpenID Connect's implicit flow. The token lives in this tab's session storage only.

import { h } from './dom.js';
import { Failure } from './failure.js';

const [KEPT, ASKED, REDIRECTS] = ['session', 'sign-in', 'redirects'];
const RENEW_BEFORE = 60_000;

export class Session {
  #oidc; #provider; #renewal;

  constructor({ oidc }) {
    this.#oidc = oidc;
    this.current = read(KEPT);
  }

  /** Takes the answer out of the address bar, if there is one. The page continues where the sign-in began. */
  async receive() {
    const answer = answerIn(location.hash);
    if (!answer) return;
    const asked = read(ASKED);
    sessionStorage.removeItem(ASKED);
    history.replaceState(null, '', asked?.from ?? '/');
    await this.#accept(answer, asked);
    sessionStorage.removeItem(REDIRECTS);
  }

  /** Leave for the provider and come back to this address. Refuses to go round in circles. */
  async signIn({ asked = false } = {}) {
    const recent = (read(REDIRECTS) ?? []).filter((time) => Date.now() - time < 60_000);
    if (!asked && recent.length >= 2) throw new Failure('signed-out', 'Signing in did not work twice in a row.');
    const question = fresh();
    const url = await this.#urlFor(question);
    write(REDIRECTS, [...recent, Date.now()]);
    write(ASKED, { ...question, from: location.pathname + location.search });
    location.assign(url);
    await new Promise(() => {}); // The page is on its way out.
  }

  /** A token that still lives for a while; renewed in silence when it is about to end. */
  async token() {
    if (!this.current) throw new Failure('signed-out', 'This page needs you to sign in.');
    if (this.current.expires - Date.now() < RENEW_BEFORE) await this.renew();
    return this.current.token;
  }

  /** One silent renewal, however many ask for it at once. */
  renew() {
    return this.#renewal ??= this.#renewInFrame().finally(() => { this.#renewal = undefined; });
  }

  /** Forget everything, then let the provider forget too. The page shows that nobody is signed in, should it stay. */
  signOut() {
    sessionStorage.clear();
    localStorage.clear();
    this.current = null;
    const query = new URLSearchParams({ post_logout_redirect_uri: `${location.origin}/logout` });
    location.replace(`${this.#oidc.endSessionEndpoint}?${query}`);
  }

  async #renewInFrame() {
    const question = fresh();
    const src = await this.#urlFor({ ...question, hint: this.current?.email });
    const frame = h('iframe', { hidden: true, title: 'Sign-in renewal', src });
    const signal = AbortSignal.timeout(10_000);
    try {
      const answer = await new Promise((resolve, reject) => {
        signal.addEventListener('abort', reject);
        addEventListener('message', ({ origin, source, data }) => {
          if (origin === location.origin && source === frame.contentWindow) resolve(answerIn(data));
        }, { signal });
        document.body.append(frame);
      });
      await this.#accept(answer, question);
    } catch (error) {
      throw new Failure('signed-out', 'Your sign-in has ended and could not be renewed in the background.', error);
    } finally {
      frame.remove();
    }
  }

  async #urlFor(question) {
    this.#provider ??= await discover(this.#oidc);
    return authorizationUrl(this.#provider, this.#oidc, `${location.origin}/`, question);
  }

  async #accept(answer, asked) {
    this.#provider ??= await discover(this.#oidc);
    this.current = await accept(answer, asked, this.#provider, this.#oidc);
    write(KEPT, this.current);
  }
}

/** Whether this page is only the renewal frame: then the answer goes to the page around us. */
export function isRenewalFrame() {
  if (window.parent === window || !answerIn(location.hash)) return false;
  window.parent.postMessage(location.hash, location.origin);
  return true;
}

const fresh = () => ({ state: crypto.randomUUID(), nonce: crypto.randomUUID() });
const read = (key) => JSON.parse(sessionStorage.getItem(key));
const write = (key, value) => sessionStorage.setItem(key, JSON.stringify(value));

/** The provider's own description, read once a page. */
async function discover(oidc) {
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
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(answer.access_token)));
  const wrong = [
    [claims.iss === provider.issuer, 'it comes from another provider'],
    [[claims.aud].flat().includes(oidc.clientId), 'it is meant for another application'],
    [claims.nonce === asked.nonce, 'it answers another request'],
    [claims.exp * 1000 > now, 'it has expired; is this computer’s clock right?'],
    [String(bytes(claims.at_hash ?? '')) === String(digest.slice(0, 16)), 'its access token was exchanged'],
  ].filter(([right]) => !right).map(([, why]) => why);
  if (wrong.length) distrust(`The sign-in cannot be trusted: ${wrong.join('; ')}.`);
  return { token: answer.access_token, expires: now + answer.expires_in * 1000, email: claims.email };
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

const bytes = (encoded) => (
  Uint8Array.from(atob(encoded.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0)));

function json(encoded) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes(encoded)));
  } catch (error) {
    throw new Failure('signed-out', 'The sign-in service sent no readable ID token.', error);
  }
}
