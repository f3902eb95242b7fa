// Monochrome optical paths: each in a colour of its own, with a switch and a brightness. A camera of 16 bits seldom uses
// them all, so the brightest value starts as what the first tiles hold.

import { value } from './dicom.js';
import { h } from './dom.js';

const COLOURS = [[0, 0, 255], [0, 255, 0], [255, 0, 0], [0, 255, 255], [255, 0, 255], [255, 255, 0]];
const NAMES = ['blue', 'green', 'red', 'cyan', 'magenta', 'yellow'];
const WHITE = [255, 255, 255];
const STEPS = 100;
/** Of the values of a tile so many are no brighter: one hot pixel must not darken all others. */
const SHARE = 0.999;

/** Shows the channels of `slide`; gives a panel for them, null for a slide in colour. */
export function channelPanel(viewer, viewport, slide) {
  const channels = viewer.getAllOpticalPaths().filter((path) => path.isMonochromatic);
  if (!channels.length) return null;
  const bits = Number(value(slide.pyramid[0], 'BitsStored') ?? value(slide.pyramid[0], 'BitsAllocated') ?? 8);
  const most = 2 ** bits - 1;
  const rows = channels.map((path, place) => row(viewer, path, most, channels.length > 1 ? place % COLOURS.length : -1));
  if (bits > 8) watchBrightest(viewport, most, rows);
  return h('fieldset', { class: 'channels' }, h('legend', {}, 'Channels'), rows.map(({ element }) => element));
}

function row(viewer, { identifier, description }, most, place) {
  const color = COLOURS[place] ?? WHITE;
  const name = [description || `Channel ${identifier}`, NAMES[place] && `(${NAMES[place]})`].filter(Boolean).join(' ');
  const brightness = h('input', {
    type: 'range', min: 1, max: STEPS, value: STEPS, 'aria-label': `Brightest value of ${name}`,
    input: () => show(fromStep(Number(brightness.value))),
  });
  const shown = h('output', {});
  const visible = h('input', { type: 'checkbox', checked: true, change: () => {
    if (visible.checked) viewer.showOpticalPath(identifier);
    else viewer.hideOpticalPath(identifier);
  } });
  // Equal steps of the slider are equal factors: most of the range of a dim image lies in its lowest part.
  const fromStep = (step) => Math.max(Math.round(most ** (step / STEPS)), 1);
  function show(brightest) {
    viewer.setOpticalPathStyle(identifier, { color, limitValues: [0, brightest] });
    shown.textContent = `0 – ${brightest.toLocaleString()}`;
  }
  viewer.showOpticalPath(identifier, { color, limitValues: [0, most] });
  show(most);
  const set = (brightest) => {
    brightness.value = Math.round((Math.log(brightest) / Math.log(most)) * STEPS);
    show(brightest);
  };
  return { identifier, set, element: h('div', {}, h('label', {}, visible, ` ${name}`), brightness, shown) };
}

/** Raises each channel's brightest value to what its tiles hold, until the first view is complete. */
function watchBrightest(viewport, most, rows) {
  const brightest = new Map();
  const hear = ({ detail: { payload } }) => {
    const { pixelArray, channelIdentifier } = payload;
    const line = rows.find(({ identifier }) => identifier === channelIdentifier) ?? (rows.length === 1 ? rows[0] : null);
    if (!pixelArray || !line) return;
    const top = Math.min(percentile(pixelArray), most);
    if (top <= (brightest.get(line) ?? 0)) return;
    brightest.set(line, top);
    line.set(top);
  };
  viewport.addEventListener('dicommicroscopyviewer_frame_loading_ended', hear);
  viewport.addEventListener('complete', () => viewport.removeEventListener('dicommicroscopyviewer_frame_loading_ended', hear));
}

function percentile(pixels) {
  const sorted = Float32Array.from(pixels).sort();
  return Math.max(Math.ceil(sorted[Math.floor((sorted.length - 1) * SHARE)]), 1);
}
