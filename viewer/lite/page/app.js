// The start: config, sign-in, then the view that the address asks for. Every failure ends here, in words.

import { announce, button, entitle, failurePanel, h, show } from './dom.js';
import { loadClient } from './engine.js';
import { Failure, asFailure } from './failure.js';
import { Session, isRenewalFrame } from './session.js';
import { openStore } from './store.js';
import { showStudy } from './study.js';
import { showWorklist } from './worklist.js';

const view = document.getElementById('view');
const where = document.getElementById('where');
const account = document.getElementById('account');
const STUDY = /^\/studies\/([0-9.]+)(?:\/series\/([0-9.]+))?\/?$/;
const GOOGLE = /^(\/projects(?:\/[^/]+){7})\/study\/([0-9.]+)(?:\/series\/([0-9.]+))?\/?$/;

let app;
let leave = () => {};

async function start() {
  const config = window.config;
  if (!config?.servers?.length) throw new Failure('config', 'The file config/local.js is missing or names no server.');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const colour = () => { document.documentElement.dataset.mode = config.mode ?? (dark.matches ? 'dark' : 'light'); };
  colour();
  dark.addEventListener('change', colour);
  if (config.organization) document.getElementById('organization').textContent = config.organization;
  const session = new Session(config);
  app = { config, session, where, actionsFor, go, study: null };
  await session.receive();
  if (location.pathname === '/logout') return signedOut();
  if (!session.signedIn) await session.signIn();
  show(account, h('span', {}, session.current.email), button('Sign out', signOut));
  app.client = openStore(await loadClient(), config.servers[0], session);
  addEventListener('popstate', () => route());
  document.addEventListener('click', follow);
  return route();
}

async function route() {
  leave();
  leave = () => {};
  show(where);
  announce('');
  const address = location.pathname + location.search;
  try {
    refuseOtherStore(new URLSearchParams(location.search).get('gcp'));
    const done = await viewOf(location.pathname);
    // The reader may have gone on while this view was loading.
    if (location.pathname + location.search === address) leave = done ?? leave;
    else done?.();
  } catch (error) {
    if (location.pathname + location.search === address) fail(error);
  }
}

function viewOf(address) {
  if (address === '/') return showWorklist(view, app);
  const study = STUDY.exec(address);
  if (study) return showStudy(view, app, study[1], study[2]);
  const google = GOOGLE.exec(address);
  if (!google) throw new Failure('missing', 'This address names no study.');
  refuseOtherStore(`${app.config.gcpBaseUrl}${google[1]}/dicomWeb`);
  return showStudy(view, app, google[2], google[3]);
}

/** A link must not make this page send its reader's token to a store of the link's choice. */
function refuseOtherStore(url) {
  if (!url || url === app.config.servers[0].url) return;
  throw new Failure('missing', 'The link names another DICOM store than the one this viewer shows.');
}

function follow(event) {
  const link = event.target.closest?.('a[href^="/"]');
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.defaultPrevented) return;
  event.preventDefault();
  go(link.pathname);
}

function go(address) {
  if (address !== location.pathname + location.search) history.pushState(null, '', address);
  view.focus({ preventScroll: true });
  void route();
}

/** The browser may stay on the page: then it shows nothing of what was open. */
function signOut() {
  leave();
  leave = () => {};
  app.study = null;
  show(account);
  show(where);
  signedOut();
  app.session.signOut();
}

function signedOut() {
  entitle('Signed out');
  show(view, h('section', { class: 'empty' }, h('h1', {}, 'You are signed out'),
    h('p', {}, 'Nothing of what you looked at is kept in this browser.'),
    button('Sign in', signInAgain, { class: 'primary' })));
}

function signInAgain() {
  history.replaceState(null, '', '/');
  app.session.signIn({ asked: true }).catch(fail);
}

function fail(error) {
  const failure = asFailure(error);
  show(view, failurePanel(failure, actionsFor(failure)));
  announce(failure.message);
}

/** What the reader can do about it, as buttons. */
function actionsFor({ kind }) {
  const signIn = () => button('Sign in', () => app.session.signIn({ asked: true }).catch(fail), { class: 'primary' });
  const again = () => button('Try again', () => location.reload(), { class: 'primary' });
  if (kind === 'signed-out') return [signIn()];
  if (kind === 'forbidden') return [again(), button('Use another account', signOut)];
  return [again()];
}

// A page that the browser kept for its back button must not show what a signed-out reader had open.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

if (!isRenewalFrame()) start().catch(fail);
