// Monochrome optical paths: each in a colour of its own, with a switch and a brightness.

import { value } from './dicom.js';
import { h } from './dom.js';

const COLOURS = Object.entries({
  blue: [0, 0, 255], green: [0, 255, 0], red: [255, 0, 0],
  cyan: [0, 255, 255], magenta: [255, 0, 255], yellow: [255, 255, 0],
});
const STEPS = 100;
const TILE = 'dicommicroscopyviewer_frame_loading_ended';

/** Shows the channels of `slide`; gives a panel for them, null for a slide in colour. */
export function channelPanel(viewer, viewport, slide) {
  const channels = viewer.getAllOpticalPaths().filter((path) => path.isMonochromatic);
  if (!channels.length) return null;
  const most = 2 ** (value(slide.pyramid[0], 'BitsAllocated') ?? 8) - 1; // as the engine: BitsStored may contradict it
  const colours = channels.length > 1 ? COLOURS : [['', [255, 255, 255]]];
  const rows = channels.map((path, place) => row(viewer, path, most, colours[place % colours.length]));
  if (most > 255) watchBrightest(viewer.getMap(), viewport, most, rows);
  return h('fieldset', { class: 'channels' }, h('legend', {}, 'Channels'), rows.map(({ element }) => element));
}

function row(viewer, { identifier, description }, most, [colourName, color]) {
  const name = `${description || `Channel ${identifier}`}${colourName && ` (${colourName})`}`;
  const limits = h('output');
  const show = (brightest) => {
    viewer.setOpticalPathStyle(identifier, { color, limitValues: [0, brightest] });
    limits.textContent = `0 – ${brightest.toLocaleString()}`;
  };
  // Equal steps of the slider are equal factors: most of the range of a dim image lies in its lowest part.
  const brightness = h('input', {
    type: 'range', min: 1, max: STEPS, value: STEPS, 'aria-label': `Brightest value of ${name}`,
    input: () => show(Math.max(Math.round(most ** (brightness.value / STEPS)), 1)),
  });
  const change = () => viewer[visible.checked ? 'showOpticalPath' : 'hideOpticalPath'](identifier);
  const visible = h('input', { type: 'checkbox', checked: true, change });
  change();
  show(most);
  let highest = 0;
  const raise = (brightest) => {
    if (brightest <= highest) return;
    highest = brightest;
    brightness.value = Math.round((Math.log(brightest) / Math.log(most)) * STEPS);
    show(brightest);
  };
  return { identifier, raise, element: h('div', {}, h('label', {}, visible, ` ${name}`), brightness, limits) };
}

/** Raises the brightest values to what tiles hold, until the first view is complete: few cameras use all of 16 bits. */
function watchBrightest(map, viewport, most, rows) {
  const hear = ({ detail: { payload: { pixelArray, channelIdentifier } } }) => {
    const channel = rows.length === 1 ? rows[0] : rows.find(({ identifier }) => identifier === channelIdentifier);
    if (pixelArray) channel?.raise(Math.min(percentile(pixelArray), most));
  };
  viewport.addEventListener(TILE, hear);
  map.once('rendercomplete', () => viewport.removeEventListener(TILE, hear));
}

/** One hot pixel must not darken all others. */
function percentile(pixels) {
  const sorted = Float32Array.from(pixels).sort();
  return Math.max(Math.ceil(sorted[Math.floor((sorted.length - 1) * 0.999)]), 1);
}
