// What becomes of a slide's tiles: still loading, missing and why, or never drawn. The engine tells none of it.

import { values } from './dicom.js';
import { announce, button, h } from './dom.js';
import { Failure } from './failure.js';

const EVENTS = 'dicommicroscopyviewer_frame_loading_';
/** These concern the whole slide, and are told instead of missing tiles. */
const WHOLE = ['signed-out', 'forbidden'];
const LOST = {
  colours: "The slide's colour profile could not be read: colours are shown as the scanner stored them.",
  annotations: 'Annotations could not be read: some or all of those that are switched on are not drawn.',
};
const DECODING_PATIENCE = 20_000;

/** Adds signs and notices to `container`, and `complete` events to the viewport; gives what ends the watch. */
export function watchTiles({ client, slide, viewport, container, map, onFailure }) {
  const loading = h('p', { class: 'loading' }, 'Loading…');
  const notice = h('section', { class: 'notice', role: 'alert', hidden: true });
  const notices = h('div', { class: 'notices' }, notice);
  container.append(loading, notices);
  const links = new Set(slide.pyramid.flatMap((image) => values(image, 'OpticalPathSequence'))
    .map((path) => path['00282000']?.BulkDataURI).filter(Boolean));
  const missing = new Set();
  let [reason, drawn, tries, told, timer] = [null, 0, 0, false, undefined];

  const never = () => onFailure(new Failure('config', 'Tiles of this slide have come but none is drawn: the decoder does not run.'));
  client.onAnswer = (what, failure, { BulkDataURI }) => {
    if (what === 'tile' && !failure) timer ??= setTimeout(never, DECODING_PATIENCE);
    if (!failure) return;
    if (what === 'tile') reason = failure;
    if (WHOLE.includes(failure.kind) && !told) {
      told = true;
      onFailure(failure);
    } else if (what !== 'tile') {
      const kind = links.has(BulkDataURI) ? 'colours' : 'annotations';
      notices.querySelector(`.${kind}`)?.remove();
      notices.append(h('section', { class: `notice ${kind}`, role: 'alert' }, h('p', {}, `${LOST[kind]} ${failure.message}`)));
    }
  };

  const name = ({ detail: { payload } }) => `${payload.sopInstanceUID} ${payload.frameNumber} ${payload.channelIdentifier}`;
  viewport.addEventListener(`${EVENTS}error`, (event) => {
    missing.add(name(event));
    tell();
  });
  viewport.addEventListener(`${EVENTS}ended`, (event) => {
    clearTimeout(timer);
    timer ??= null;
    if (!event.detail.payload.pixelArray) return;
    drawn += 1;
    if (missing.delete(name(event)) || drawn === 1) tell();
  });
  map.on('loadstart', () => { viewport.ariaBusy = 'true'; loading.hidden = false; });
  map.on('rendercomplete', () => {
    viewport.ariaBusy = 'false';
    loading.hidden = true;
    viewport.dispatchEvent(new Event('complete'));
    // The engine's own button says “‹” only.
    viewport.querySelector('.ol-overviewmap button')?.setAttribute('aria-label', 'Overview map');
  });

  function tell() {
    notice.hidden = !missing.size || told;
    if (notice.hidden) return;
    const tiles = missing.size === 1 ? '1 tile' : `${missing.size} tiles`;
    const others = drawn ? 'The others are shown.' : 'None of this slide could be shown so far.';
    const sentence = `${tiles} of this slide ${missing.size === 1 ? 'is' : 'are'} missing. ${reason?.message ?? 'The viewer could not decode them.'} ${others}`;
    notice.replaceChildren(h('p', {}, sentence), button('Load again', again));
    if (missing.size === 1) announce(sentence);
  }

  function again() {
    // Under another key the tiles in view count as never loaded; what comes is taken off the list.
    tries += 1;
    for (const source of map.getLayers().getArray().map((layer) => layer.getSource?.()).filter((one) => one?.setKey)) {
      source.refresh();
      source.setKey(`try ${tries}`);
    }
  }

  return () => {
    clearTimeout(timer);
    client.onAnswer = () => {};
  };
}
