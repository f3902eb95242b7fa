// One slide on the screen: the engine in a box, with buttons and keys for what the mouse can do.

import { codingProblem } from './codec.js';
import { number } from './dicom.js';
import { Failure } from './failure.js';
import { announce, button, h } from './dom.js';
import { loadEngine } from './engine.js';
import { watchMissing, WHOLE } from './missing.js';

const STEP = 0.25;
const WHITE = [255, 255, 255];
const CHANNEL_COLOURS = [[0, 0, 255], [0, 255, 0], [255, 0, 0], [0, 255, 255], [255, 0, 255], [255, 255, 0]];
const DECODING_PATIENCE = 20_000;

/** Opens `slide` in `container`; gives `{engine, viewer, viewport, close}`. `onFailure` hears what keeps the slide from being shown at all. */
export async function openSlide(container, slide, table, client, onFailure) {
  const problem = slide.findings.find(({ severity }) => severity === 'BLOCK' || severity === 'WRONG');
  if (problem) throw blockedBy(problem);
  const engine = await loadEngine();
  let last = null;
  watchFrames(client, slide, table, (failure) => { last = failure; }, onFailure);
  const viewer = build(engine, slide.pyramid, client);
  const viewport = h('div', {
    class: 'viewport', tabindex: '0', role: 'application', 'aria-busy': 'true', 'aria-roledescription': 'slide viewer',
    'aria-label': `Slide ${slide.title}. Arrow keys move, plus and minus zoom, 0 shows the whole slide.`,
  });
  const map = viewer.getMap();
  container.replaceChildren(viewport, tools(viewer, slide.spacing));
  watchMissing(viewport, container, map, () => last);
  const stopWatching = watchDecoding(viewport, client, onFailure);
  viewer.render({ container: viewport });
  showChannels(viewer, slide.pyramid[0]);
  viewport.addEventListener('keydown', (event) => keys(map, event));
  map.on('loadstart', () => { viewport.ariaBusy = 'true'; });
  map.on('rendercomplete', () => {
    viewport.ariaBusy = 'false';
    // The engine's own button says “‹” only.
    viewport.querySelector('.ol-overviewmap button')?.setAttribute('aria-label', 'Overview map');
  });
  viewport.focus({ preventScroll: true });
  announce(`Slide ${slide.title} is open.`);
  const close = () => {
    stopWatching();
    client.onFrameFailure = () => {};
    client.frameProblem = () => null;
    viewer.cleanup();
  };
  return { engine, viewer, viewport, close };
}

/** Hears of each frame that fails; what concerns the whole slide (coding, sign-in, permission) is told once. */
function watchFrames(client, slide, table, note, onFailure) {
  let told = false;
  client.frameProblem = (instance, bytes) => {
    const problem = codingProblem(table, slide.images.get(instance), bytes);
    if (!problem) return null;
    return problem.problem === 'unreadable' ? new Failure('damaged', problem.sentence) : blockedBy(problem);
  };
  client.onFrameFailure = (failure) => {
    note(failure);
    if (told || !WHOLE.includes(failure.kind)) return;
    told = true;
    onFailure(failure);
  };
}

function blockedBy({ sentence, rule }) {
  return new Failure('blocked', `${sentence} (Rule ${rule}.)`);
}

function build(engine, pyramid, client) {
  try {
    return new engine.viewer.VolumeImageViewer({
      client,
      metadata: pyramid.map((metadata) => new engine.metadata.VLWholeSlideMicroscopyImage({ metadata })),
      controls: ['overview'],
      useTileGridResolutions: false,
      errorInterceptor: (error) => error,
    });
  } catch (error) {
    throw new Failure('blocked', `The engine refuses this slide: ${error.message}`, error);
  }
}

/** The engine draws monochrome optical paths only when told. Each has a colour of its own, over the range of its stored bits. */
function showChannels(viewer, image) {
  const channels = viewer.getAllOpticalPaths().filter((path) => path.isMonochromatic);
  const limitValues = [0, 2 ** number(image, 'BitsStored', number(image, 'BitsAllocated', 8)) - 1];
  channels.forEach(({ identifier }, place) => {
    const color = channels.length > 1 ? CHANNEL_COLOURS[place % CHANNEL_COLOURS.length] : WHITE;
    viewer.showOpticalPath(identifier, { color, limitValues });
  });
}

/** A decoder that does not start says nothing: tiles come and are never drawn. Gives what ends the watch. */
function watchDecoding(viewport, client, onFailure) {
  const sentence = 'Tiles of this slide have come but none is drawn: the decoder does not run.';
  const late = () => onFailure(new Failure('config', sentence));
  let timer;
  client.onFrame = () => { timer ??= setTimeout(late, DECODING_PATIENCE); };
  const stop = () => clearTimeout(timer);
  viewport.addEventListener('dicommicroscopyviewer_frame_loading_ended', stop);
  return stop;
}

function tools(viewer, spacing) {
  const map = viewer.getMap();
  const power = h('output', { 'aria-label': 'Magnification', title: 'Magnification' });
  map.on('moveend', () => { power.textContent = magnification(map, spacing); });
  return h('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Slide' },
    button('+', () => zoom(map, 1), { 'aria-label': 'Zoom in', title: 'Zoom in (+)' }),
    power,
    button('−', () => zoom(map, -1), { 'aria-label': 'Zoom out', title: 'Zoom out (−)' }),
    button('Fit', () => fit(map), { 'aria-label': 'Show the whole slide', title: 'Show the whole slide (0)' }));
}

/** As on a microscope's objective: 40× where a pixel of the screen shows 0.25 µm. Empty without a pixel spacing (mm). */
function magnification(map, spacing) {
  if (!spacing) return '';
  const power = 0.01 / (map.getView().getResolution() * spacing);
  return `${power < 10 ? power.toFixed(1) : Math.round(power)}×`;
}

function keys(map, event) {
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in moves) pan(map, moves[event.key]);
  else if ('+='.includes(event.key)) zoom(map, 1);
  else if ('-_'.includes(event.key)) zoom(map, -1);
  else if (event.key === '0') fit(map);
  else return;
  event.preventDefault();
}

function zoom(map, direction) {
  const view = map.getView();
  view.animate({ zoom: view.getZoom() + direction, duration: duration() });
}

function pan(map, [right, up]) {
  const view = map.getView();
  const [width, height] = map.getSize();
  const [x, y] = [right * width * STEP * view.getResolution(), up * height * STEP * view.getResolution()];
  const turn = view.getRotation();
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const [left, bottom] = view.getCenter();
  view.animate({ center: [left + x * cos - y * sin, bottom + x * sin + y * cos], duration: duration() });
}

function fit(map) {
  const view = map.getView();
  view.fit(view.getProjection().getExtent(), { size: map.getSize(), duration: duration() });
}

function duration() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 200;
}
