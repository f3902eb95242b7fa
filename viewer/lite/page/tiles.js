// What still loads of a slide, what is missing and why, and what is never drawn. The engine tells none of it.

import { button, h } from './dom.js';
import { Failure } from './failure.js';

const EVENTS = 'dicommicroscopyviewer_frame_loading_';
const LOST = {
  colours: "The slide's colour profile could not be read: colours are shown as the scanner stored them.",
  annotations: 'Annotations could not be read: some or all of those that are switched on are not drawn.',
};
const DECODING_PATIENCE = 20_000;

/** Adds signs and notices to `container`; gives what ends the watch. */
export function watchTiles({ client, viewport, container, map, onFailure }) {
  const loading = h('p', { class: 'loading' }, 'Loading…');
  const notice = h('section', { class: 'notice', role: 'alert', hidden: true });
  container.append(loading, h('div', { class: 'notices' }, notice));
  const missing = new Set();
  let [reason, drawn, told, timer] = [null, 0, false, null];

  const never = () => onFailure(new Failure('config', 'Tiles have come but none is drawn: the decoder does not run.'));
  client.onAnswer = (failure, { frameNumbers }) => {
    if (frameNumbers) reason = failure ?? reason;
    if (frameNumbers && !failure && !drawn) timer ??= setTimeout(never, DECODING_PATIENCE);
    // These concern the whole slide, and are told once, in place of missing tiles.
    if (told || !['signed-out', 'forbidden'].includes(failure?.kind)) return;
    told = true;
    onFailure(failure);
  };
  const name = ({ detail: { payload } }) => (
    [payload.sopInstanceUID, payload.frameNumber, payload.channelIdentifier].join(' '));
  viewport.addEventListener(`${EVENTS}error`, (event) => {
    missing.add(name(event));
    tell();
  });
  viewport.addEventListener(`${EVENTS}ended`, (event) => {
    clearTimeout(timer);
    if (!event.detail.payload.pixelArray) return;
    drawn += 1;
    if (missing.delete(name(event)) || drawn === 1) tell();
  });
  // Heard on its way down, as it does not bubble. A slide that is left gives its canvas back in the same way.
  viewport.addEventListener('webglcontextlost', ({ target }) => target.isConnected && onFailure(
    new Failure('browser', 'The browser took back what this slide was drawn with.')), { capture: true, once: true });
  const busy = (is) => { viewport.ariaBusy = is; loading.hidden = !is; };
  map.on('loadstart', () => busy(true));
  map.on('rendercomplete', () => {
    busy(false);
    // The engine's own button says “‹” only.
    viewport.querySelector('.ol-overviewmap button')?.setAttribute('aria-label', 'Overview map');
  });

  function tell() {
    notice.hidden = !missing.size || told;
    if (notice.hidden) return;
    const tiles = missing.size === 1 ? '1 tile of this slide is' : `${missing.size} tiles of this slide are`;
    const others = drawn ? 'The others are shown.' : 'None of this slide could be shown so far.';
    const why = reason?.message ?? 'The viewer could not decode them.';
    const again = button('Load again', () => location.reload());
    notice.replaceChildren(h('p', {}, `${tiles} missing. ${why} ${others}`), again);
  }

  return () => clearTimeout(timer);
}

/** Says what the engine tells only its log, once; it hands `error` to this, and gets it back. */
export function tellLost(container, error) {
  const kind = error.message.includes('ICC') ? 'colours' : 'annotations';
  // Others are thrown as well, to who asked for what failed.
  if (error.message.startsWith('Failed to') && !container.querySelector(`.${kind}`)) {
    container.querySelector('.notices')?.append(
      h('section', { class: `notice ${kind}`, role: 'alert' }, h('p', {}, LOST[kind])));
  }
  return error;
}
