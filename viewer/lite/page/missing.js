// Tiles that did not arrive or could not be decoded: how many, why, and another try. One notice a slide, however many tiles.

import { announce, button, h } from './dom.js';

const EVENTS = 'dicommicroscopyviewer_frame_loading_';

export const WHOLE = ['blocked', 'signed-out', 'forbidden'];

/** Watches the engine's `viewport` and adds a notice to `container`; `reason` gives the last Failure of a request, if any. */
export function watchMissing(viewport, container, map, reason) {
  const missing = new Set();
  let tries = 0;
  const notice = h('section', { class: 'notice', role: 'alert', hidden: true });
  container.append(notice);
  const name = ({ detail: { payload } }) => `${payload.sopInstanceUID} ${payload.frameNumber}`;
  viewport.addEventListener(`${EVENTS}error`, (event) => {
    missing.add(name(event));
    draw();
  });
  viewport.addEventListener(`${EVENTS}ended`, (event) => {
    if (event.detail.payload.pixelArray && missing.delete(name(event))) draw();
  });

  function draw() {
    const failure = reason();
    // These concern the whole slide, and are told instead.
    if (WHOLE.includes(failure?.kind)) return;
    const tiles = missing.size === 1 ? '1 tile' : `${missing.size} tiles`;
    const why = failure ? failure.message : 'The viewer could not decode them.';
    const sentence = `${tiles} of this slide ${missing.size === 1 ? 'is' : 'are'} missing. ${why} The others are shown.`;
    notice.hidden = !missing.size;
    notice.replaceChildren(h('p', {}, sentence), button('Load again', again));
    if (missing.size === 1) announce(sentence);
  }

  function again() {
    // Under another key the tiles in view count as never loaded; what comes is taken off the list. Only sources of tiles have
    // one: refreshing the others would take drawn regions away.
    tries += 1;
    for (const source of map.getLayers().getArray().map((layer) => layer.getSource?.()).filter((one) => one?.setKey)) {
      source.refresh();
      source.setKey(`try ${tries}`);
    }
  }
}
