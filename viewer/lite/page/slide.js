// One slide on the screen: the engine in a box, with buttons and keys for what the mouse can do.

import { value } from './dicom.js';
import { Failure } from './failure.js';
import { announce, button, h } from './dom.js';
import { loadEngine } from './engine.js';

const STEP = 0.25;
const DECODING_PATIENCE = 20_000;

/** Opens `slide` in `container`; gives what closes it. `onFailure` hears once if tiles fail later. */
export async function openSlide(container, slide, client, onFailure) {
  if (slide.problem) throw new Failure('blocked', slide.problem);
  const engine = await loadEngine();
  client.frameSizes = new Map(slide.pyramid.map((image) => [value(image, 'SOPInstanceUID'), frameSize(image)]));
  let told = false;
  client.onFrameFailure = (failure) => {
    if (!told) onFailure(failure);
    told = true;
  };
  const viewer = build(engine, slide.pyramid, client);
  const viewport = h('div', {
    class: 'viewport', tabindex: '0', role: 'application', 'aria-busy': 'true', 'aria-roledescription': 'slide viewer',
    'aria-label': `Slide ${slide.title}. Arrow keys move, plus and minus zoom, 0 shows the whole slide.`,
  });
  container.replaceChildren(viewport, tools(viewer, slide.spacing));
  const stopWatching = watchDecoding(viewport, client, onFailure);
  viewer.render({ container: viewport });
  const map = viewer.getMap();
  viewport.addEventListener('keydown', (event) => keys(map, event));
  map.on('loadstart', () => { viewport.ariaBusy = 'true'; });
  map.on('rendercomplete', () => { viewport.ariaBusy = 'false'; });
  viewport.focus({ preventScroll: true });
  announce(`Slide ${slide.title} is open.`);
  return () => {
    stopWatching();
    client.onFrameFailure = () => {};
    viewer.cleanup();
  };
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

/** Bytes of one frame without compression. */
function frameSize(image) {
  const of = (keyword) => value(image, keyword) ?? 1;
  return of('Rows') * of('Columns') * of('SamplesPerPixel') * (of('BitsAllocated') / 8);
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
