// One slide on the screen: the engine in a box, with buttons and keys for what the mouse can do.

import { channelPanel } from './channels.js';
import { announce, button, h } from './dom.js';
import { loadEngine } from './engine.js';
import { Failure } from './failure.js';
import { watchTiles } from './tiles.js';

const STEP = 0.25;
let webgl;

/** Gives `{engine, viewer, channels, close}`; `onFailure` hears what keeps the slide from being shown at all. */
export async function openSlide(container, slide, client, onFailure) {
  webgl ??= Boolean(document.createElement('canvas').getContext('webgl2'));
  if (!webgl) {
    throw new Failure('browser', 'Slides are drawn by WebGL, and this browser has none, or it is switched off.');
  }
  const engine = await loadEngine();
  const viewer = build(engine, slide, client);
  const map = viewer.getMap();
  endZoomAtTheScan(map);
  const acts = commands(map);
  const viewport = h('div', {
    class: 'viewport', tabindex: '0', role: 'application', 'aria-busy': 'true', 'aria-roledescription': 'slide viewer',
    'aria-label': `Slide ${slide.title}. Arrow keys move, plus and minus zoom, R turns, 0 shows the whole slide.`,
    keydown: (event) => press(acts, event),
  });
  container.replaceChildren(viewport, tools(map, slide.spacing, acts));
  const stopWatching = watchTiles({ client, slide, viewport, container, map, onFailure });
  viewer.render({ container: viewport });
  viewport.focus({ preventScroll: true });
  announce(`Slide ${slide.title} is open.`);
  const close = () => { stopWatching(); dispose(map); };
  return { engine, viewer, channels: channelPanel(viewer, viewport, slide), close };
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

/** Gives the map a view that ends where a pixel of the screen shows one of the scan. The engine's own has no end, and
 *  the end that can be set on it is rounded to a power of two of the slide's size. */
function endZoomAtTheScan(map) {
  const given = map.getView();
  const extent = given.getProjection().getExtent();
  const steps = Math.ceil(Math.log2(Math.max(...extent.map(Math.abs)))) + 1;
  map.setView(new given.constructor({
    projection: given.getProjection(), center: given.getCenter(), rotation: given.getRotation(), extent,
    // A slide that is smaller than the view fills it then, in place of a part of it.
    showFullExtent: true, smoothResolutionConstraint: false,
    resolutions: Array.from({ length: steps }, (_, step) => 2 ** (steps - 1 - step)),
  }));
}

/** Frees what the slide took. The engine's own way also ends its decoders, which take most of a second to start again
 *  for the next slide, and leaves its maps and listeners of the window's. */
function dispose(map) {
  const overview = map.getControls().getArray().find((control) => control.getOverviewMap)?.getOverviewMap();
  for (const drawn of [overview, map].filter(Boolean)) {
    for (const layer of [...drawn.getLayers().getArray()]) {
      drawn.removeLayer(layer);
      layer.getSource?.()?.dispose();
      layer.dispose();
    }
    drawn.setTarget(null);
    drawn.dispose();
  }
}

/** What can be done by button (those with a label) or key; each goes on from where the one before has brought it. */
function commands(map) {
  const view = map.getView();
  const upright = view.getRotation();
  /** To the next of the steps 1, 2, 4… pixels of the scan a pixel of the screen; the view itself knows the ends. */
  const zoom = (direction) => {
    view.cancelAnimations();
    const now = Math.log2(view.getResolution());
    view.setResolution(2 ** (direction > 0 ? Math.ceil(now - 0.01) - 1 : Math.floor(now + 0.01) + 1));
  };
  const pan = (right, up) => {
    const [width, height] = map.getSize();
    const [x, y] = [right * width, up * height].map((pixels) => pixels * STEP * view.getResolution());
    const [cos, sin] = [Math.cos(view.getRotation()), Math.sin(view.getRotation())];
    view.adjustCenter([x * cos - y * sin, x * sin + y * cos]);
  };
  const fit = () => {
    view.cancelAnimations();
    view.setRotation(upright);
    view.fit(view.getProjection().getExtent(), { size: map.getSize() });
  };
  return [
    { label: '+', name: 'Zoom in', keys: ['+', '='], act: () => zoom(1) },
    { label: '−', name: 'Zoom out', keys: ['-', '_'], act: () => zoom(-1) },
    { label: 'Fit', name: 'Show the whole slide', keys: ['0'], act: fit },
    { label: 'Turn', name: 'Turn by 90 degrees', keys: ['R', 'r'], act: () => view.adjustRotation(Math.PI / 2) },
    { keys: ['ArrowLeft'], act: () => pan(-1, 0) }, { keys: ['ArrowRight'], act: () => pan(1, 0) },
    { keys: ['ArrowUp'], act: () => pan(0, 1) }, { keys: ['ArrowDown'], act: () => pan(0, -1) },
  ];
}

function tools(map, spacing, acts) {
  const view = map.getView();
  const upright = view.getRotation();
  const power = h('output', { 'aria-label': 'Magnification', title: 'Magnification' });
  const turnBack = () => view.setRotation(upright);
  const back = button('Upright', turnBack, { title: 'Turn back as the slide lies', hidden: true });
  map.on('moveend', () => {
    power.textContent = magnification(view.getResolution(), spacing);
    back.hidden = Math.abs(Math.sin((view.getRotation() - upright) / 2)) < 0.001;
  });
  return h('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Slide' }, power,
    acts.filter(({ label }) => label).map(({ label, name, keys: [key], act }) => (
      button(label, act, { 'aria-label': name, title: `${name} (${key})` }))),
    back);
}

/** As on an objective: 40× where a pixel of the screen shows 0.25 µm. Empty without a pixel spacing (mm). */
function magnification(resolution, spacing) {
  if (!spacing) return '';
  const power = 0.01 / (resolution * spacing);
  return `${power < 10 ? power.toFixed(1) : Math.round(power)}×`;
}

function press(acts, event) {
  const act = acts.find(({ keys }) => keys.includes(event.key));
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act.act();
}
