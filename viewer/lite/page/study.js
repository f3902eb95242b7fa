// One study: its slides in a list, and the chosen one open beside it. The study that was read last stays in memory, so that
// another of its slides costs only its own tiles.

import { date, personName, text } from './dicom.js';
import { announce, entitle, failurePanel, h, show, waiting } from './dom.js';
import { loadEngine } from './engine.js';
import { Failure, asFailure } from './failure.js';
import { labelButtons } from './label.js';
import { objectPanel } from './objects.js';
import { openSlide } from './slide.js';
import { objectsOn, slideOfSeries, slidesOf } from './slides.js';
import { saysOf, studyStatus, whyNotReady } from './status.js';
import { openStudy } from './store.js';

/** Shows the study and the slide that holds `seriesUID` (the first one without). Gives what to call on leaving. */
export async function showStudy(view, app, studyUID, seriesUID) {
  const { client, where, actionsFor } = app;
  if (app.study?.uid !== studyUID) {
    app.study = null;
    show(view, waiting('Opening the study…'));
    void loadEngine().catch(() => {}); // Said when the slide opens.
    app.study = await readStudy(app, studyUID);
  }
  entitle('Slide');
  const { instances, slides, status, derived } = app.study;
  const chosen = seriesUID ? slideOfSeries(slides, seriesUID) : slides[0];
  if (!chosen) throw new Failure('missing', `This study has no slide with the series of the link. ${saysOf(status, [seriesUID]).join(' ')}`);
  const name = personName(instances[0], 'PatientName') || text(instances[0], 'PatientID');
  show(where, h('a', { href: '/' }, 'Studies'), h('span', {}, name), h('span', {}, date(instances[0], 'StudyDate')));
  const stage = h('div', { class: 'stage' }, waiting('Opening the slide…'));
  const extras = h('div', { class: 'extras' }, labelButtons(client, chosen));
  show(view, h('div', { class: 'study' }, panel(app.study, studyUID, chosen, extras), stage));
  const fail = (failure) => {
    stage.querySelector('.waiting')?.remove();
    stage.append(failurePanel(failure, failure.kind === 'blocked' ? [] : actionsFor(failure), 'h2'));
    announce(failure.message);
  };
  let shown = { close: () => {} };
  try {
    const unready = whyNotReady(status, chosen.series);
    if (unready) {
      app.study = null; // To be read anew: it may be ready then.
      throw new Failure(unready.kind, unready.sentence);
    }
    shown = await openSlide(stage, chosen, client, fail);
    if (shown.channels) extras.append(shown.channels);
    void addObjects(extras, derived, chosen, shown);
  } catch (failure) {
    fail(asFailure(failure));
  }
  return () => shown.close();
}

/** `{uid, instances, slides, status, derived}`. Throws `missing`, in the job's words where it has said something. */
async function readStudy(app, uid) {
  const [{ instances, derived }, status] = await Promise.all([openStudy(app.client, uid), studyStatus(app.session, uid)]);
  const slides = slidesOf(instances);
  if (!slides.length) {
    const why = instances.length ? 'This study has no series that is a slide.' : 'This store has no slides of that study.';
    throw new Failure('missing', [why, ...saysOf(status)].join(' '));
  }
  return { uid, instances, slides, status, derived };
}

/** What was made from the images, told once the slide is open: it is not what the reader waits for. */
async function addObjects(extras, derived, slide, { engine, viewer }) {
  try {
    const objects = objectsOn(slide, await derived());
    // The reader may have gone on meanwhile, and the engine's map is gone with the slide.
    if (extras.isConnected) extras.append(...objectPanel(engine, viewer, slide, objects).flat().filter(Boolean));
  } catch (failure) {
    extras.append(h('p', { role: 'alert' }, `What was made from this slide cannot be listed. ${failure.message}`));
  }
}

function panel({ instances: [instance], slides, status }, studyUID, chosen, extras) {
  const facts = [
    ['Patient ID', text(instance, 'PatientID')], ['Accession', text(instance, 'AccessionNumber')],
    ['Study', text(instance, 'StudyDescription')],
  ].filter(([, fact]) => fact);
  return h('aside', { 'aria-label': 'Study' },
    h('h1', {}, personName(instance, 'PatientName') || 'Study'),
    h('dl', {}, facts.map(([name, fact]) => [h('dt', {}, name), h('dd', {}, fact)])),
    saysOf(status).map((sentence) => h('p', { class: 'unshown' }, sentence)),
    h('h2', {}, `${slides.length} ${slides.length === 1 ? 'slide' : 'slides'}`),
    h('ul', { class: 'slides' }, slides.map((slide) => h('li', {}, entry(slide, studyUID, slide === chosen)))),
    extras);
}

function entry(slide, studyUID, current) {
  const size = `${slide.columns.toLocaleString()} × ${slide.rows.toLocaleString()} px`;
  const scale = slide.spacing ? `, ${(slide.spacing * 1000).toFixed(2)} µm/px` : '';
  const link = { href: `/studies/${studyUID}/series/${slide.key}`, 'aria-current': current && 'page' };
  return h('a', link, h('strong', {}, slide.title), slide.description && h('span', {}, slide.description),
    h('small', {}, size + scale));
}
