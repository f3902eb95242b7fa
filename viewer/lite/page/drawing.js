// Drawing on a slide: a tool, a finding, and storing what was drawn as a report. What is not stored yet stays until it is
// stored or taken away, whatever the store answers and wherever on this page the reader goes.

import { announce, button, h, show } from './dom.js';
import { drawRegion, styleOf } from './regions.js';
import { reportOf } from './report.js';
import { storeReport } from './store.js';

const TOOLS = {
  polygon: ['Outline', 'Click each corner; a double click ends the outline. Escape gives it up.'],
  box: ['Rectangle', 'Click two opposite corners. Escape gives it up.'],
  point: ['Point', 'Click the place. Escape gives it up.'],
};
const DRAWN = 'dicommicroscopyviewer_roi_drawn';
/** Regions not stored yet, by slide. */
const drafts = new Map();

addEventListener('beforeunload', (event) => { if ([...drafts.values()].some(({ length }) => length)) event.preventDefault(); });

export function mayDraw({ servers: [server], disableAnnotationTools, annotations }) {
  return server.write && !disableAnnotationTools && annotations.length > 0;
}

/** The panel for drawing on `slide`, and `close`; `stored` hears of each report that the store has taken. */
export function drawingPanel(engine, viewer, viewport, slide, { client, config, session }, stored) {
  return new Drawing(engine, viewer, viewport, slide, { client, config, session }, stored);
}

class Drawing {
  #engine; #viewer; #slide; #app; #stored; #tool = null;
  #drawn = h('ul', { class: 'drafts' }); #foot = h('div', { class: 'actions' }); #trouble = h('p', { role: 'alert', hidden: true });
  #help = h('p', { class: 'help' });

  constructor(engine, viewer, viewport, slide, app, stored) {
    Object.assign(this, { viewport });
    [this.#engine, this.#viewer, this.#slide, this.#app, this.#stored] = [engine, viewer, slide, app, stored];
    const { annotations } = app.config;
    this.finding = h('select', {}, annotations.map(({ finding }, place) => h('option', { value: place }, finding.meaning)));
    this.buttons = Object.entries(TOOLS).map(([tool, [name]]) => button(name, () => this.#take(tool), { 'aria-pressed': 'false', 'data-tool': tool }));
    this.element = h('fieldset', { class: 'drawing' }, h('legend', {}, 'Draw'),
      h('label', {}, 'Finding ', this.finding),
      h('div', { class: 'choice', role: 'group', 'aria-label': 'Tools' }, this.buttons,
        button('What is in view', () => this.#view(), { title: 'A rectangle around what the screen shows: needs no mouse' })),
      this.#help, this.#drawn, this.#trouble, this.#foot);
    this.finding.addEventListener('change', () => this.#take(null));
    viewport.addEventListener(DRAWN, this.#hear);
    document.addEventListener('keydown', this.#escape);
    for (const region of this.#pending) drawRegion(engine, viewer, region, app.config);
    this.#take(null);
    this.#draw();
  }

  close() {
    document.removeEventListener('keydown', this.#escape);
  }

  get #pending() {
    return drafts.get(this.#slide.key) ?? drafts.set(this.#slide.key, []).get(this.#slide.key);
  }

  get #chosen() {
    return this.#app.config.annotations[Number(this.finding.value)];
  }

  /** Takes a tool in hand; the same one again, or null, puts it down. */
  #take(tool) {
    this.#tool = tool === this.#tool ? null : tool;
    const allowed = this.#chosen.geometryTypes ?? Object.keys(TOOLS);
    for (const one of this.buttons) {
      one.ariaPressed = String(one.dataset.tool === this.#tool);
      one.hidden = !allowed.includes(one.dataset.tool);
    }
    const { finding } = this.#chosen;
    if (this.#tool) this.#viewer.activateDrawInteraction({ geometryType: this.#tool, styleOptions: styleOf(this.#app.config, finding) });
    else this.#viewer.deactivateDrawInteraction();
    this.viewport.classList.toggle('aiming', Boolean(this.#tool));
    this.#help.textContent = this.#tool ? TOOLS[this.#tool][1] : '';
    if (this.#tool) announce(this.#help.textContent);
  }

  #escape = (event) => { if (event.key === 'Escape' && this.#tool) this.#take(null); };

  /** The engine's own way of drawing a polygon, its corners given instead of clicked. */
  #view() {
    const map = this.#viewer.getMap();
    const [width, height] = map.getSize();
    this.#take(null);
    this.#take('polygon');
    const draw = map.getInteractions().getArray().findLast((one) => one.appendCoordinates);
    draw.appendCoordinates([[0, 0], [width, 0], [width, height], [0, height]].map((pixel) => map.getCoordinateFromPixel(pixel)));
    draw.finishDrawing();
  }

  #hear = ({ detail: { payload: { uid, scoord3d } } }) => {
    const { graphicType: type, graphicData, frameOfReferenceUID: place } = scoord3d;
    const points = type === 'POINT' ? [graphicData] : graphicData;
    this.#pending.push({ uid, finding: this.#chosen.finding, type, points, place });
    // The engine has not finished with this drawing yet.
    setTimeout(() => this.#take(null));
    this.#draw();
    announce(`${this.#chosen.finding.meaning} drawn. It is not stored yet.`);
  };

  #remove(region) {
    this.#pending.splice(this.#pending.indexOf(region), 1);
    this.#viewer.removeROI(region.uid);
    this.#draw();
    this.finding.focus();
  }

  #draw() {
    const pending = this.#pending;
    show(this.#drawn, pending.map((region) => h('li', {}, h('span', {}, `${region.finding.meaning}, not stored yet`),
      button('Remove', () => this.#remove(region), { 'aria-label': `Remove ${region.finding.meaning}` }))));
    const count = pending.length === 1 ? 'the region' : `${pending.length} regions`;
    show(this.#foot, pending.length > 0 && button(`Store ${count}`, (event) => this.#store(event.target), { class: 'primary' }));
    if (!pending.length) this.#trouble.hidden = true;
  }

  async #store(pressed) {
    pressed.disabled = true;
    const regions = [...this.#pending];
    const report = reportOf(this.#slide.base, regions, this.#app.session.current ?? {}, newUid, new Date());
    try {
      await storeReport(this.#app.client, report);
    } catch (failure) {
      pressed.disabled = false;
      this.#trouble.textContent = `${failure.message} What you drew is still here.`;
      this.#trouble.hidden = false;
      return;
    }
    drafts.set(this.#slide.key, this.#pending.filter((region) => !regions.includes(region)));
    for (const { uid } of regions) this.#viewer.removeROI(uid);
    this.#draw();
    this.#stored(report);
    announce('Stored.');
  }
}

function newUid() {
  return `2.25.${BigInt(`0x${crypto.randomUUID().replaceAll('-', '')}`)}`;
}
