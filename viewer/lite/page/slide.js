// One slide on the screen: the engine in a box, with buttons and keys for what the mouse can do.

import { channelPanel } from './channels.js';
import { announce, button, h } from './dom.js';
import { loadEngine } from './engine.js';
import { Failure } from './failure.js';
import { watchTiles } from './tiles.js';

const STEP = 0.25;
const QUARTER = Math.PI / 2;

/** Opens `slide` in `container`; gives `{engine, viewer, channels, close}`. `onFailure` hears what keeps the slide from
 *  being shown at all. */
export async function openSlide(container, slide, client, onFailure) {
  if (!drawsSlides()) {
    throw new Failure('browser', 'Slides are drawn by WebGL, and this browser has none, or it is switched off.');
  }
  const engine = await loadEngine();
  const viewer = build(engine, slide, client);
  const map = viewer.getMap();
  const viewport = h('div', {
    class: 'viewport', tabindex: '0', role: 'application', 'aria-busy': 'true', 'aria-roledescription': 'slide viewer',
    'aria-label': `Slide ${slide.title}. Arrow keys move, plus and minus zoom, R turns, 0 shows the whole slide.`,
  });
  const upright = endZoomAtTheScan(map).getRotation();
  const acts = actions(map, upright);
  container.replaceChildren(viewport, tools(map, slide.spacing, upright, acts));
  const stopWatching = watchTiles({ client, slide, viewport, container, map, onFailure });
  viewer.render({ container: viewport });
  const channels = channelPanel(viewer, viewport, slide);
  viewport.addEventListener('keydown', (event) => keys(acts, event));
  viewport.focus({ preventScroll: true });
  announce(`Slide ${slide.title} is open.`);
  return { engine, viewer, channels, close: () => { stopWatching(); dispose(map, viewport); } };
}

let webgl;

function drawsSlides() {
  const context = webgl === undefined && document.createElement('canvas').getContext('webgl2');
  if (webgl === undefined) webgl = Boolean(context);
  if (context) context.getExtension('WEBGL_lose_context')?.loseContext();
  return webgl;
}

function build(engine, slide, client) {
  try {
    return new engine.viewer.VolumeImageViewer({
      client,
      metadata: slide.pyramid.map((metadata) => new engine.metadata.VLWholeSlideMicroscopyImage({ metadata })),
      controls: ['overview'],
      useTileGridResolutions: false,
      errorInterceptor: (error) => error,
    });
  } catch (error) {
    throw new Failure('blocked', `The engine refuses this slide: ${error.message}`, error);
  }
}

/** Gives the map a view that ends where a pixel of the screen shows one of the scan. The engine's own has no end, and the
 *  end that can be set on it is rounded to a power of two of the slide's size. */
function endZoomAtTheScan(map) {
  const given = map.getView();
  const extent = given.getProjection().getExtent();
  const steps = Math.ceil(Math.log2(Math.max(...extent.map(Math.abs)))) + 1;
  const view = new given.constructor({
    projection: given.getProjection(), center: given.getCenter(), rotation: given.getRotation(), extent,
    showFullExtent: true, resolutions: Array.from({ length: steps }, (_, step) => 2 ** (steps - 1 - step)),
  });
  map.setView(view);
  return view;
}

/** Frees what the slide took. The engine's own way also ends its decoders, which take most of a second to start again for
 *  the next slide, and leaves its maps, listeners of the window's, and functions on it. */
function dispose(map, viewport) {
  const overview = map.getControls().getArray().find((control) => control.getOverviewMap)?.getOverviewMap();
  for (const one of [overview, map].filter(Boolean)) {
    for (const layer of [...one.getLayers().getArray()]) {
      one.removeLayer(layer);
      layer.getSource?.()?.dispose();
      layer.dispose();
    }
    one.setTarget(null);
    one.dispose();
  }
  for (const name of ['toggleICCProfiles', 'getICCProfiles', 'cleanup', 'zoomToROI', 'toggleSegmentationInterpolation']) {
    delete window[name];
  }
  viewport.replaceChildren();
}

/** What can be done to the view, by button or key. Each goes on from where the one before is heading. */
function actions(map, upright) {
  const view = map.getView();
  let aim = null;
  const go = (change) => {
    const from = aim ?? { resolution: view.getResolution(), center: view.getCenter(), rotation: view.getRotation() };
    aim = { ...from, ...change(from) };
    view.cancelAnimations();
    const goal = aim;
    view.animate({ ...goal, duration: duration() }, (arrived) => { if (arrived && aim === goal) aim = null; });
  };
  const whole = () => view.getResolutionForExtent(view.getProjection().getExtent(), turnedSize(map, upright));
  return {
    /** To the next of the steps 1, 2, 4… pixels of the scan a pixel of the screen. */
    zoom: (direction) => go(({ resolution }) => {
      const step = direction > 0 ? Math.ceil(Math.log2(resolution) - 0.01) - 1 : Math.floor(Math.log2(resolution) + 0.01) + 1;
      return { resolution: Math.min(Math.max(2 ** step, 1), Math.max(whole(), 1)) };
    }),
    pan: ([right, up]) => go(({ resolution, center: [left, bottom], rotation }) => {
      const [width, height] = map.getSize();
      const [x, y] = [right * width * STEP * resolution, up * height * STEP * resolution];
      const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)];
      return { center: [left + x * cos - y * sin, bottom + x * sin + y * cos] };
    }),
    turn: () => go(({ rotation }) => ({ rotation: rotation + QUARTER })),
    right: () => go(() => ({ rotation: upright })),
    fit: () => go(() => {
      const [left, bottom, far, top] = view.getProjection().getExtent();
      return { rotation: upright, resolution: whole(), center: [(left + far) / 2, (bottom + top) / 2] };
    }),
  };
}

function turnedSize(map, rotation) {
  const [width, height] = map.getSize();
  return Math.abs(Math.sin(rotation)) > 0.5 ? [height, width] : [width, height];
}

function tools(map, spacing, upright, acts) {
  const power = h('output', { 'aria-label': 'Magnification', title: 'Magnification' });
  const back = button('Upright', acts.right, { title: 'Turn back as the slide lies' });
  const told = () => {
    power.textContent = magnification(map, spacing);
    back.hidden = Math.abs(Math.sin((map.getView().getRotation() - upright) / 2)) < 0.001;
  };
  map.on('moveend', told);
  back.hidden = true;
  return h('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Slide' },
    button('+', () => acts.zoom(1), { 'aria-label': 'Zoom in', title: 'Zoom in (+)' }),
    power,
    button('−', () => acts.zoom(-1), { 'aria-label': 'Zoom out', title: 'Zoom out (−)' }),
    button('Fit', acts.fit, { 'aria-label': 'Show the whole slide', title: 'Show the whole slide (0)' }),
    button('Turn', acts.turn, { 'aria-label': 'Turn by 90 degrees', title: 'Turn by 90 degrees (R)' }),
    back);
}

/** As on a microscope's objective: 40× where a pixel of the screen shows 0.25 µm. Empty without a pixel spacing (mm). */
function magnification(map, spacing) {
  if (!spacing) return '';
  const power = 0.01 / (map.getView().getResolution() * spacing);
  return `${power < 10 ? power.toFixed(1) : Math.round(power)}×`;
}

function keys(acts, event) {
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key in moves) acts.pan(moves[event.key]);
  else if ('+='.includes(event.key)) acts.zoom(1);
  else if ('-_'.includes(event.key)) acts.zoom(-1);
  else if (event.key === '0') acts.fit();
  else if (event.key.toLowerCase() === 'r') acts.turn();
  else return;
  event.preventDefault();
}

function duration() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 200;
}
