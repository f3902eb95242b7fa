// The start: config, sign-in, then the view that the address asks for. Every failure ends here, in words.

import { announce, button, byId, entitle, failurePanel, h, show } from './dom.js';
import { Failure, asFailure } from './failure.js';
import { Session, isRenewalFrame } from './session.js';
import { openStore } from './store.js';
import { showStudy } from './study.js';
import { showWorklist } from './worklist.js';

const [view, where, account] = ['view', 'where', 'account'].map(byId);
/** Our own form of link and Google's, which names the store too. */
const STUDY = /^(\/projects(?:\/[^/]+){7})?\/stud(?:y|ies)\/([0-9.]+)(?:\/series\/([0-9.]+))?\/?$/;
const PRIMARY = { class: 'primary' };
const here = () => location.pathname + location.search;

let app;
let shown;
let leave;

async function start() {
  const { config } = window;
  if (!config?.servers?.length) throw new Failure('config', 'The file config/local.js is missing or names no server.');
  if (config.organization) byId('organization').textContent = config.organization;
  const session = new Session(config);
  app = { config, session, where, actionsFor, go, whileHere, study: null };
  await session.receive();
  if (location.pathname === '/logout') return signedOut();
  if (!(session.current?.expires > Date.now())) await session.signIn();
  show(account, h('span', {}, session.current.email), button('Sign out', signOut));
  app.client = await openStore(config.servers[0], session);
  // A link to a part of the page, as the one to its content, is no other view.
  addEventListener('popstate', () => here() !== shown.address && route());
  document.addEventListener('click', follow);
  return route();
}

async function route() {
  leaveView();
  try {
    leave = await viewOf(location.pathname);
  } catch (error) {
    fail(error);
  }
}

function viewOf(address) {
  const { servers: [{ url }], gcpBaseUrl } = app.config;
  const [link, store, study, series] = STUDY.exec(address) ?? [];
  const named = [new URLSearchParams(location.search).get('gcp'), store && `${gcpBaseUrl}${store}/dicomWeb`];
  // A link must not make this page send its reader's token to a store of the link's choice.
  if (named.some((other) => other && other !== url)) {
    throw new Failure('missing', 'The link names another DICOM store than the one this viewer shows.');
  }
  if (address === '/') return showWorklist(view, app);
  if (!link) throw new Failure('missing', 'This address names no study.');
  return showStudy(view, app, study, series);
}

/** Waits for `promise` while the reader stays: a view that was left goes no further, nor shows itself over the next. */
async function whileHere(promise) {
  const visit = shown;
  await Promise.allSettled([promise]);
  if (visit !== shown) await new Promise(() => {}); // For good.
  return promise;
}

function follow(event) {
  const link = event.target.closest?.('a[href^="/"]');
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.defaultPrevented) return;
  event.preventDefault();
  go(link.pathname);
}

function go(address) {
  if (address !== here()) history.pushState(null, '', address);
  view.focus({ preventScroll: true });
  void route();
}

function leaveView() {
  shown = { address: here() };
  leave?.();
  leave = null;
  show(where);
  announce('');
}

/** The browser may stay on the page: then it shows nothing of what was open. */
function signOut() {
  leaveView();
  app.study = null;
  show(account);
  signedOut();
  app.session.signOut();
}

function signedOut() {
  entitle('Signed out');
  show(view, h('section', { class: 'empty' }, h('h1', {}, 'You are signed out'),
    h('p', {}, 'Nothing of what you looked at is kept in this browser.'),
    button('Sign in', () => location.replace('/'), PRIMARY)));
}

function fail(error) {
  const failure = asFailure(error);
  show(view, failurePanel(failure, actionsFor(failure)));
}

function actionsFor({ kind }) {
  if (kind === 'signed-out') return [button('Sign in', () => app.session.signIn({ asked: true }).catch(fail), PRIMARY)];
  const again = button('Try again', () => location.reload(), PRIMARY);
  return kind === 'forbidden' ? [again, button('Use another account', signOut)] : [again];
}

// A page that the browser kept for its back button must not show what a signed-out reader had open.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

if (!isRenewalFrame()) start().catch(fail);
