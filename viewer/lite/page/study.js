// One study: its slides in a list, and the chosen one open beside it. The study that was read last stays in memory, so
// that another of its slides costs only its own tiles.

import { date, personName, text } from './dicom.js';
import { announce, entitle, failurePanel, h, show, waiting } from './dom.js';
import { loadEngine } from './engine.js';
import { Failure, asFailure } from './failure.js';
import { labelButtons } from './label.js';
import { objectPanel } from './objects.js';
import { openSlide } from './slide.js';
import { objectsOn, slideOfSeries, slidesOf } from './slides.js';
import { notReady, studyStatus } from './status.js';
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
  const { instances: [instance], slides, status, derived } = app.study;
  const chosen = seriesUID ? slideOfSeries(slides, seriesUID) : slides[0];
  if (!chosen) throw missing('This study has no slide with the series of the link.', status, [seriesUID]);
  const name = personName(instance, 'PatientName') || text(instance, 'PatientID');
  show(where, h('a', { href: '/' }, 'Studies'), h('span', {}, name), h('span', {}, date(instance, 'StudyDate')));
  const stage = h('div', { class: 'stage' }, waiting('Opening the slide…'));
  const extras = h('div', { class: 'extras' }, labelButtons(client, chosen));
  show(view, h('div', { class: 'study' }, panel(app.study, chosen, extras), stage));
  const fail = (failure) => {
    stage.querySelector('.waiting')?.remove();
    stage.append(failurePanel(failure, failure.kind === 'blocked' ? [] : actionsFor(failure), 'h2'));
    announce(failure.message);
  };
  try {
    const [unready] = notReady(status, chosen.series);
    // Where nothing is known of it, what the store has is shown, with a sentence.
    if (unready && unready.status !== 'unknown') {
      app.study = null; // To be read anew: it may be ready then.
      throw new Failure(unready.status === 'blocked' ? 'blocked' : 'unready', unready.sentence);
    }
    const opened = await openSlide(stage, chosen, client, fail);
    if (opened.channels) extras.append(opened.channels);
    void addObjects(extras, derived, chosen, opened);
    return opened.close;
  } catch (failure) {
    return fail(asFailure(failure));
  }
}

/** `{uid, instances, slides, status, derived}`. Throws `missing`, in the job's words where it has said something. */
async function readStudy(app, uid) {
  const [study, status] = await Promise.all([openStudy(app.client, uid), studyStatus(app.session, uid)]);
  const slides = slidesOf(study.instances);
  if (slides.length) return { uid, ...study, slides, status };
  const noSlide = 'This study has no series that is a slide.';
  throw missing(study.instances.length ? noSlide : 'This store has no slides of that study.', status);
}

const missing = (why, status, series) => new Failure('missing', [why, ...sentences(status, series)].join(' '));
const sentences = (status, series) => [...new Set(notReady(status, series).map(({ sentence }) => sentence))];

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

function panel({ uid, instances: [instance], slides, status }, chosen, extras) {
  const facts = Object.entries({ 'Patient ID': 'PatientID', Accession: 'AccessionNumber', Study: 'StudyDescription' })
    .map(([name, keyword]) => [name, text(instance, keyword)]).filter(([, fact]) => fact);
  return h('aside', { 'aria-label': 'Study' },
    h('h1', {}, personName(instance, 'PatientName') || 'Study'),
    h('dl', {}, facts.map(([name, fact]) => [h('dt', {}, name), h('dd', {}, fact)])),
    sentences(status).map((sentence) => h('p', { class: 'unshown' }, sentence)),
    h('h2', {}, `${slides.length} ${slides.length === 1 ? 'slide' : 'slides'}`),
    h('ul', { class: 'slides' }, slides.map((slide) => h('li', {}, entry(slide, uid, slide === chosen)))),
    extras);
}

function entry({ key, title, description, columns, rows, spacing }, studyUID, current) {
  const size = `${columns.toLocaleString()} × ${rows.toLocaleString()} px`;
  const scale = spacing ? `, ${(spacing * 1000).toFixed(2)} µm/px` : '';
  return h('a', { href: `/studies/${studyUID}/series/${key}`, 'aria-current': current && 'page' },
    h('strong', {}, title), description && h('span', {}, description), h('small', {}, size + scale));
}
