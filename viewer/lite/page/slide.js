// One slide on the screen: the engine in a box, with buttons and keys for what the mouse can do.

import { channelPanel } from './channels.js';
import { announce, button, h, setting } from './dom.js';
import { Failure } from './failure.js';
import { tellLost, watchTiles } from './tiles.js';

const PAN = 0.25;
const ALIASES = { '=': '+', _: '-', r: 'R' };
let webgl;
let loading;

/** The global of dicom-microscopy-viewer, which SLIM uses too: loaded once a page, early, to open a slide at once. */
export function loadEngine() {
  loading ??= new Promise((resolve, reject) => {
    const folder = setting('engine');
    // The engine logs whole slides and layers: a console keeps what it shows, patients' names and all.
    console.info = console.log = console.debug = () => {};
    // Where the engine looks for its worker and decoders; it would guess /static/js/ otherwise.
    window.PUBLIC_LIB_URL = new URL(folder, location.href).href;
    const load = () => resolve(window.dicomMicroscopyViewer);
    const error = () => reject(new Failure('config', 'The image engine is missing from this site.'));
    document.head.append(h('script', { src: `${folder}viewer.js`, load, error }));
  });
  return loading;
}

/** Gives `{viewer, channels, close}`; `onFailure` hears what keeps the slide from being shown at all. */
export function openSlide(engine, container, slide, client, onFailure) {
  webgl ??= Boolean(document.createElement('canvas').getContext('webgl'));
  if (!webgl) {
    throw new Failure('browser', 'Slides are drawn by WebGL, and this browser has none, or it is switched off.');
  }
  const viewer = build(engine, slide, client, (error) => tellLost(container, error));
  const map = viewer.getMap();
  endZoomAtTheScan(map);
  const { tools, keydown } = controls(map, slide.spacing);
  const viewport = h('div', {
    class: 'viewport', tabindex: '0', role: 'application', 'aria-busy': 'true', 'aria-roledescription': 'slide viewer',
    'aria-label': `Slide ${slide.title}. Arrow keys move, plus and minus zoom, R turns, 0 shows the whole slide.`,
    keydown,
  });
  container.replaceChildren(viewport, tools);
  const stopWatching = watchTiles({ client, viewport, container, map, onFailure });
  viewer.render({ container: viewport });
  viewport.focus({ preventScroll: true });
  announce(`Slide ${slide.title} is open.`);
  const close = () => { stopWatching(); dispose(map); };
  return { viewer, channels: channelPanel(viewer, viewport, slide), close };
}

function build(engine, slide, client, errorInterceptor) {
  try {
    return new engine.viewer.VolumeImageViewer({
      client,
      metadata: slide.pyramid.map((metadata) => new engine.metadata.VLWholeSlideMicroscopyImage({ metadata })),
      controls: ['overview'],
      useTileGridResolutions: false,
      errorInterceptor,
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
    for (const layer of drawn.getAllLayers()) {
      drawn.removeLayer(layer);
      layer.getSource()?.dispose();
      layer.dispose();
    }
    drawn.dispose();
  }
}

/** `{tools, keydown}`: the buttons, and what keys do; each press goes on from where the one before has brought it. */
function controls(map, spacing) {
  const view = map.getView();
  const upright = view.getRotation();
  /** To the next of the steps 1, 2, 4… pixels of the scan a pixel of the screen; the view itself knows the ends. */
  const zoom = (direction) => {
    view.cancelAnimations();
    const now = Math.log2(view.getResolution());
    view.setResolution(2 ** (direction > 0 ? Math.ceil(now - 0.01) - 1 : Math.floor(now + 0.01) + 1));
  };
  const pan = (right, up) => {
    const [x, y] = map.getSize().map((pixels) => pixels * PAN * view.getResolution());
    const [cos, sin] = [Math.cos(view.getRotation()), Math.sin(view.getRotation())];
    view.adjustCenter([right * x * cos - up * y * sin, right * x * sin + up * y * cos]);
  };
  const turnBack = () => view.setRotation(upright);
  const fit = () => {
    view.cancelAnimations();
    turnBack();
    view.fit(view.getProjection().getExtent(), { size: map.getSize() });
  };
  const acts = {
    '+': () => zoom(1), '-': () => zoom(-1), 0: fit, R: () => view.adjustRotation(Math.PI / 2),
    ArrowLeft: () => pan(-1, 0), ArrowRight: () => pan(1, 0), ArrowUp: () => pan(0, 1), ArrowDown: () => pan(0, -1),
  };
  const keydown = (event) => {
    const act = acts[ALIASES[event.key] ?? event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  const tool = (label, key, name) => button(label, acts[key], { 'aria-label': name, title: `${name} (${key})` });
  const back = button('Upright', turnBack, { title: 'Turn back as the slide lies', hidden: true });
  const power = h('output', { 'aria-label': 'Magnification', title: 'Magnification' });
  map.on('moveend', () => {
    power.textContent = magnification(view.getResolution(), spacing);
    back.hidden = Math.abs(Math.sin((view.getRotation() - upright) / 2)) < 0.001;
  });
  const tools = h('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Slide' }, power,
    tool('+', '+', 'Zoom in'), tool('−', '-', 'Zoom out'),
    tool('Fit', '0', 'Show the whole slide'), tool('Turn', 'R', 'Turn by 90 degrees'), back);
  return { tools, keydown };
}

/** As on an objective: 40× where a pixel of the screen shows 0.25 µm. Empty without a pixel spacing (mm). */
function magnification(resolution, spacing) {
  if (!spacing) return '';
  const power = 0.01 / (resolution * spacing);
  return `${power < 10 ? power.toFixed(1) : Math.round(power)}×`;
}
