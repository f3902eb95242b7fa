// Who is signed in. The token lives in this tab's session storage only and is gone after sign-out or when the tab closes.

import { accept, answerIn, authorizationUrl, discover } from './oidc.js';
import { Failure } from './failure.js';

const KEPT = 'session';
const ASKED = 'sign-in';
const REDIRECTS = 'redirects';
const RENEW_BEFORE = 60_000;
const RENEW_PATIENCE = 10_000;

export class Session {
  #oidc; #redirectUri; #provider; #renewal;

  constructor(config) {
    this.#oidc = config.oidc;
    this.#redirectUri = location.origin + config.path;
    this.current = read(KEPT);
  }

  get signedIn() {
    return Boolean(this.current && this.current.expires > Date.now());
  }

  /** Takes the answer out of the address bar, if there is one. The page continues where the sign-in began. */
  async receive() {
    const answer = answerIn(location.hash);
    if (!answer) return;
    const asked = read(ASKED);
    sessionStorage.removeItem(ASKED);
    history.replaceState(null, '', asked?.from ?? '/');
    this.#keep(await accept(answer, asked, await this.#discovered(), this.#oidc));
    sessionStorage.removeItem(REDIRECTS);
  }

  /** Leave for the provider and come back to this address. Refuses to go round in circles. */
  async signIn({ asked = false } = {}) {
    const recent = (read(REDIRECTS) ?? []).filter((time) => Date.now() - time < 60_000);
    if (!asked && recent.length >= 2) throw new Failure('signed-out', 'Signing in did not work twice in a row.');
    const provider = await this.#discovered();
    write(REDIRECTS, [...recent, Date.now()]);
    const question = fresh();
    write(ASKED, { ...question, from: location.pathname + location.search });
    location.assign(authorizationUrl(provider, this.#oidc, this.#redirectUri, question));
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
    this.#renewal ??= this.#renewInFrame().finally(() => { this.#renewal = undefined; });
    return this.#renewal;
  }

  /** Forget everything, then let the provider forget too. The page shows that nobody is signed in, should it stay. */
  signOut() {
    sessionStorage.clear();
    localStorage.clear();
    this.current = null;
    const { endSessionEndpoint } = this.#oidc;
    const back = `${location.origin}/logout`;
    const query = new URLSearchParams({ post_logout_redirect_uri: back });
    location.replace(endSessionEndpoint ? `${endSessionEndpoint}?${query}` : back);
  }

  async #renewInFrame() {
    const question = fresh();
    const provider = await this.#discovered();
    const frame = document.createElement('iframe');
    frame.hidden = true;
    frame.title = 'Sign-in renewal';
    frame.src = authorizationUrl(provider, this.#oidc, this.#redirectUri, { ...question, hint: this.current?.email });
    const answer = new Promise((resolve, reject) => {
      const hear = (event) => {
        if (event.origin !== location.origin || event.source !== frame.contentWindow) return;
        removeEventListener('message', hear);
        resolve(answerIn(String(event.data)) ?? { error: 'no answer' });
      };
      addEventListener('message', hear);
      setTimeout(() => {
        removeEventListener('message', hear);
        reject(new Failure('signed-out', 'Your sign-in has ended and could not be renewed in the background.'));
      }, RENEW_PATIENCE);
    });
    document.body.append(frame);
    try {
      this.#keep(await accept(await answer, question, provider, this.#oidc));
    } catch (error) {
      throw new Failure('signed-out', 'Your sign-in has ended.', error);
    } finally {
      frame.remove();
    }
  }

  async #discovered() {
    this.#provider ??= await discover(this.#oidc);
    return this.#provider;
  }

  #keep(session) {
    this.current = session;
    write(KEPT, session);
  }
}

/** Inside the renewal frame: hand the answer to the page around us. True when this page is only that messenger. */
export function isRenewalFrame() {
  if (window.parent === window || !answerIn(location.hash)) return false;
  window.parent.postMessage(location.hash, location.origin);
  return true;
}

function fresh() {
  return { state: crypto.randomUUID(), nonce: crypto.randomUUID() };
}

function read(key) {
  return JSON.parse(sessionStorage.getItem(key) ?? 'null');
}

function write(key, value) {
  sessionStorage.setItem(key, JSON.stringify(value));
}
