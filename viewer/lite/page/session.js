// Who is signed in. The token lives in this tab's session storage only, and is gone after sign-out or with the tab.

import { accept, answerIn, authorizationUrl, discover } from './oidc.js';
import { Failure } from './failure.js';

const [KEPT, ASKED, REDIRECTS] = ['session', 'sign-in', 'redirects'];
const RENEW_BEFORE = 60_000;
const RENEW_PATIENCE = 10_000;

export class Session {
  #oidc; #redirectUri; #provider; #renewal;

  constructor({ oidc, path }) {
    this.#oidc = oidc;
    this.#redirectUri = location.origin + path;
    this.current = read(KEPT);
  }

  get signedIn() {
    return this.current?.expires > Date.now();
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
    const src = await this.#urlFor({ ...question, hint: this.current?.email });
    const frame = Object.assign(document.createElement('iframe'), { hidden: true, title: 'Sign-in renewal', src });
    const listening = new AbortController();
    try {
      const answer = await new Promise((resolve, reject) => {
        addEventListener('message', ({ origin, source, data }) => {
          if (origin !== location.origin || source !== frame.contentWindow) return;
          resolve(answerIn(String(data)) ?? { error: 'no answer' });
        }, { signal: listening.signal });
        setTimeout(reject, RENEW_PATIENCE, new Error('no answer'));
        document.body.append(frame);
      });
      await this.#accept(answer, question);
    } catch (error) {
      throw new Failure('signed-out', 'Your sign-in has ended and could not be renewed in the background.', error);
    } finally {
      listening.abort();
      frame.remove();
    }
  }

  async #urlFor(question) {
    this.#provider ??= await discover(this.#oidc);
    return authorizationUrl(this.#provider, this.#oidc, this.#redirectUri, question);
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
