// One study: its slides in a list with their readiness, and the chosen one open beside it.

import { annotationSwitches } from './annotations.js';
import { date, personName, text } from './dicom.js';
import { drawingPanel, mayDraw } from './drawing.js';
import { Failure } from './failure.js';
import { announce, entitle, failurePanel, h, show, waiting } from './dom.js';
import { loadEngine } from './engine.js';
import { labelButtons } from './label.js';
import { badge, findingList, objectLine } from './readiness.js';
import { regionSwitches } from './regions.js';
import { watchProfiles } from './profiles.js';
import table from './rules.js';
import { openSlide } from './slide.js';
import { judgedObjects, objectsOf, objectsOn, slideOfSeries, studySlides } from './slides.js';
import { openStudy } from './store.js';

/** Shows the study and the slide that holds `seriesUID` (the first one without). Gives what to call on leaving. */
export async function showStudy(view, app, studyUID, seriesUID) {
  const { client, where, actionsFor } = app;
  show(view, waiting('Opening the study…'));
  entitle('Slide');
  void loadEngine().catch(() => {}); // Said when the slide opens.
  const { instances, derived } = await openStudy(client, studyUID);
  const { slides, findings } = studySlides(instances, table);
  if (!slides.length) throw new Failure('missing', 'This study has no series that is a slide.');
  const chosen = seriesUID ? slideOfSeries(slides, seriesUID) : slides[0];
  if (!chosen) throw new Failure('missing', 'This study has no slide with the series of the link.');
  const name = personName(instances[0], 'PatientName') || text(instances[0], 'PatientID');
  show(where, h('a', { href: '/' }, 'Studies'), h('span', {}, name), h('span', {}, date(instances[0], 'StudyDate')));
  const stage = h('div', { class: 'stage' }, waiting('Opening the slide…'));
  const extras = h('div', { class: 'extras' }, labelButtons(client, chosen));
  const about = h('div', {}, aboutSlide(chosen));
  const side = panel(instances[0], studyUID, slides, chosen, findings, [extras, about]);
  show(view, h('div', { class: 'study' }, side, stage));
  const stopWatching = watchProfiles(client, chosen, (profiles) => {
    const again = studySlides(instances, table, profiles).slides.find(({ key }) => key === chosen.key);
    show(about, aboutSlide(again));
  });
  const shown = await open(stage, chosen, client, actionsFor);
  const drawing = shown.viewer && mayDraw(app.config) ? draw(shown, chosen, app, extras) : null;
  void addObjects(side, extras, { instances, slides, chosen, derived }, shown, app.config);
  return () => {
    stopWatching();
    drawing?.close();
    shown.close();
  };
}

async function open(stage, slide, client, actionsFor) {
  const fail = (failure) => {
    stage.querySelector('.waiting')?.remove();
    stage.append(failurePanel(failure, failure.kind === 'blocked' ? [] : actionsFor(failure), 'h2'));
    announce(failure.message);
  };
  try {
    return await openSlide(stage, slide, table, client, fail);
  } catch (failure) {
    if (failure.kind !== 'blocked') throw failure;
    fail(failure);
    return { close: () => {} };
  }
}

/** The panel to draw with. What the store took is shown as after a reload. */
function draw({ engine, viewer, viewport }, slide, app, extras) {
  const stored = (report) => extras.append(...[regionSwitches(engine, viewer, slide, [report], app.config)].filter(Boolean));
  const drawing = drawingPanel(engine, viewer, viewport, slide, app, stored);
  extras.append(drawing.element);
  return drawing;
}

/** What was made from the images, told once the slide is open: it is not what the reader waits for. */
async function addObjects(side, extras, { instances, slides, chosen, derived }, { engine, viewer }, config) {
  try {
    const objects = objectsOf(await derived());
    for (const slide of slides) {
      const line = objectLine(objectsOn(slide, objects));
      if (line) side.querySelector(`[data-slide="${slide.key}"]`)?.append(line);
    }
    const { findings, drawable } = judgedObjects(instances, objects, table);
    const told = findingList('About annotations', findings, table);
    if (told) side.append(told);
    if (!viewer) return;
    const of = (kind) => objectsOn(chosen, drawable).filter((object) => object.kind === kind).map(({ item }) => item);
    extras.append(...[
      annotationSwitches(engine, viewer, of('ANN')), regionSwitches(engine, viewer, chosen, of('SR'), config),
    ].filter(Boolean));
  } catch (failure) {
    extras.append(h('p', { role: 'alert' }, `What was made from this slide cannot be listed. ${failure.message}`));
  }
}

function aboutSlide({ findings }) {
  return findingList('About this slide', findings, table);
}

function panel(instance, studyUID, slides, chosen, findings, below) {
  const facts = [
    ['Patient ID', text(instance, 'PatientID')], ['Accession', text(instance, 'AccessionNumber')],
    ['Study', text(instance, 'StudyDescription')],
  ].filter(([, fact]) => fact);
  return h('aside', { 'aria-label': 'Study' },
    h('h1', {}, personName(instance, 'PatientName') || 'Study'),
    h('dl', {}, facts.map(([name, fact]) => [h('dt', {}, name), h('dd', {}, fact)])),
    findingList('About this study', findings, table),
    h('h2', {}, `${slides.length} ${slides.length === 1 ? 'slide' : 'slides'}`),
    h('ul', { class: 'slides' }, slides.map((slide) => h('li', {}, entry(slide, studyUID, slide === chosen)))),
    below);
}

function entry(slide, studyUID, current) {
  const size = `${slide.columns.toLocaleString()} × ${slide.rows.toLocaleString()} px`;
  const scale = slide.spacing ? `, ${(slide.spacing * 1000).toFixed(2)} µm/px` : '';
  const link = { href: `/studies/${studyUID}/series/${slide.key}`, 'aria-current': current && 'page', 'data-slide': slide.key };
  return h('a', link, h('strong', {}, slide.title), slide.description && h('span', {}, slide.description),
    h('small', {}, size + scale), badge(slide));
}
