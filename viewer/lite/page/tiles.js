// What becomes of a slide's tiles: still loading, missing and why, or never drawn. The engine tells none of it.

import { values } from './dicom.js';
import { announce, button, h } from './dom.js';
import { Failure } from './failure.js';

const EVENTS = 'dicommicroscopyviewer_frame_loading_';
/** Kinds that concern the whole slide, and are told instead of missing tiles. */
const WHOLE = ['signed-out', 'forbidden'];
const LOST = {
  colours: "The slide's colour profile could not be read: colours are shown as the scanner stored them.",
  annotations: 'Annotations could not be read: some or all of those that are switched on are not drawn.',
};
const DECODING_PATIENCE = 20_000;

/** Adds signs and notices to `container`, and `complete` events to the viewport; gives what ends the watch. */
export function watchTiles({ client, slide, viewport, container, map, onFailure }) {
  const loading = h('p', { class: 'loading' }, 'Loading…');
  const noticeOf = (more, text) => h('section', { class: 'notice', role: 'alert', ...more }, h('p', {}, text));
  const notice = noticeOf({ hidden: true }, '');
  const notices = h('div', { class: 'notices' }, notice);
  container.append(loading, notices);
  const profiles = new Set(slide.pyramid.flatMap((image) => values(image, 'OpticalPathSequence'))
    .map((path) => path['00282000']?.BulkDataURI).filter(Boolean));
  const missing = new Set();
  let [reason, drawn, tries, told, timer] = [null, 0, 0, false, null];

  const never = () => onFailure(
    new Failure('config', 'Tiles of this slide have come but none is drawn: the decoder does not run.'));
  client.onAnswer = (what, failure, { BulkDataURI }) => {
    const isTile = what === 'tile';
    if (isTile && !failure && !drawn) timer ??= setTimeout(never, DECODING_PATIENCE);
    if (isTile) reason = failure ?? reason;
    if (WHOLE.includes(failure?.kind)) {
      if (!told) onFailure(failure);
      told = true;
    } else if (failure && !isTile) {
      const kind = profiles.has(BulkDataURI) ? 'colours' : 'annotations';
      notices.querySelector(`.${kind}`)?.remove();
      notices.append(noticeOf({ class: `notice ${kind}` }, `${LOST[kind]} ${failure.message}`));
    }
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
  const busy = (is) => { viewport.ariaBusy = is; loading.hidden = !is; };
  map.on('loadstart', () => busy(true));
  map.on('rendercomplete', () => {
    busy(false);
    viewport.dispatchEvent(new Event('complete'));
    // The engine's own button says “‹” only.
    viewport.querySelector('.ol-overviewmap button')?.setAttribute('aria-label', 'Overview map');
  });

  function tell() {
    notice.hidden = !missing.size || told;
    if (notice.hidden) return;
    const tiles = missing.size === 1 ? '1 tile of this slide is' : `${missing.size} tiles of this slide are`;
    const others = drawn ? 'The others are shown.' : 'None of this slide could be shown so far.';
    const sentence = `${tiles} missing. ${reason?.message ?? 'The viewer could not decode them.'} ${others}`;
    notice.replaceChildren(h('p', {}, sentence), button('Load again', again));
    if (missing.size === 1) announce(sentence);
  }

  /** Under another key the tiles in view count as never loaded; what comes is taken off the list. */
  function again() {
    tries += 1;
    for (const source of map.getLayers().getArray().map((layer) => layer.getSource?.())) {
      if (!source?.setKey) continue; // Not tiles, but what was drawn on them.
      source.refresh();
      source.setKey(`try ${tries}`);
    }
  }

  return () => {
    clearTimeout(timer);
    client.onAnswer = () => {};
  };
}
