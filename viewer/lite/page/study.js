// One study: its slides in a list, the chosen one open beside it. Kept in memory: another slide costs only its tiles.

import { date, objectsOn, personName, slideOfSeries, slidesOf, text } from './dicom.js';
import { entitle, failurePanel, h, setting, show, waiting } from './dom.js';
import { Failure, asFailure } from './failure.js';
import { labelButtons } from './label.js';
import { objectPanel } from './objects.js';
import { loadEngine, openSlide } from './slide.js';
import { openStudy } from './store.js';

const FACTS = { 'Patient ID': 'PatientID', Accession: 'AccessionNumber', Study: 'StudyDescription' };
const READY = ['ready', 'ready_degraded'];
/** Google answers who may not list a bucket with 403 for what is not there, too: one sentence for all of them. */
const NOTHING_SAID = 'What the preparation job says of this study could not be read: it has said nothing yet, or your '
  + 'account may not read it. What is shown may lack tiles or be wrong.';

/** Shows the study and the slide that holds `seriesUID` (the first one without). Gives what to call on leaving. */
export async function showStudy(view, app, studyUID, seriesUID) {
  if (app.study?.uid !== studyUID) {
    app.study = null;
    show(view, waiting('Opening the study…'));
    void loadEngine().catch(() => {}); // Said when the slide opens.
    app.study = await app.whileHere(readStudy(app, studyUID));
  }
  entitle('Slide');
  const { instances: [instance], slides, status } = app.study;
  const chosen = seriesUID ? slideOfSeries(slides, seriesUID) : slides[0];
  if (!chosen) throw missing('This study has no slide with the series of the link.', status, [seriesUID]);
  const name = personName(instance, 'PatientName') || text(instance, 'PatientID');
  show(app.where, h('a', { href: '/' }, 'Studies'), h('span', {}, name), h('span', {}, date(instance, 'StudyDate')));
  const stage = h('div', { class: 'stage' }, waiting('Opening the slide…'));
  const extras = h('div', { class: 'extras' }, labelButtons(app.client, chosen));
  show(view, h('div', { class: 'study' }, panel(app.study, chosen, extras), stage));
  const fail = (failure) => {
    stage.querySelector('.waiting')?.remove();
    stage.append(failurePanel(failure, failure.kind === 'blocked' ? [] : app.actionsFor(failure), 'h2'));
  };
  try {
    const [unready] = notReady(status, chosen.series);
    // Where nothing is known of it, what the store has is shown, with a sentence.
    if (unready && unready.status !== 'unknown') {
      app.study = null; // To be read anew: it may be ready then.
      throw new Failure(unready.status === 'blocked' ? 'blocked' : 'unready', unready.sentence);
    }
    const engine = await app.whileHere(loadEngine());
    const { viewer, channels, close } = openSlide(engine, stage, chosen, app.client, fail);
    if (channels) extras.append(channels);
    void addObjects(extras, app.study, chosen, engine, viewer);
    return close;
  } catch (failure) {
    return fail(asFailure(failure));
  }
}

/** `{uid, instances, slides, status, derived}`. Throws `missing`, in the job's words where it has said something. */
async function readStudy({ client, session }, uid) {
  const [study, status] = await Promise.all([openStudy(client, uid), studyStatus(session, uid)]);
  const slides = slidesOf(study.instances);
  if (slides.length) return { uid, ...study, slides, status };
  const noSlide = 'This study has no series that is a slide.';
  throw missing(study.instances.length ? noSlide : 'This store has no slides of that study.', status);
}

/** What the preparation job says of a study, an object beside the store (its README and ADR 15):
 *  `{status, sentence, series: [{series, status, sentence}]}`; null in a stack whose page does not ask. */
async function studyStatus(session, studyUID) {
  const root = setting('status');
  if (!root) return null;
  try {
    const headers = { Authorization: `Bearer ${await session.token()}` };
    const url = `${root}${encodeURIComponent(`viewer/${studyUID}.json`)}?alt=media`;
    const answer = await fetch(url, { headers, cache: 'no-store' });
    if (answer.ok) return await answer.json();
  } catch { /* Nothing was read. */ }
  return { status: 'unknown', series: [], sentence: NOTHING_SAID };
}

/** What the job does not call ready, `[{status, sentence}]`: of these series, or any; else of the study as a whole. */
function notReady(status, series) {
  if (!status) return [];
  const named = status.series.filter((entry) => !series || series.includes(entry.series));
  const unready = named.filter((entry) => !READY.includes(entry.status));
  if (unready.length || (series && named.length) || READY.includes(status.status)) return unready;
  return [status];
}

const missing = (why, status, series) => new Failure('missing', [why, ...sentences(status, series)].join(' '));
const sentences = (status, series) => [...new Set(notReady(status, series).map(({ sentence }) => sentence))];

/** What was made from the images, told once the slide is open: it is not what the reader waits for. */
async function addObjects(extras, { derived }, slide, engine, viewer) {
  try {
    const objects = objectsOn(slide, await derived());
    // The reader may have gone on meanwhile, and the engine's map is gone with the slide.
    if (extras.isConnected) extras.append(...objectPanel(engine, viewer, slide, objects));
  } catch (failure) {
    extras.append(h('p', { role: 'alert' }, `What was made from this slide cannot be listed. ${failure.message}`));
  }
}

function panel({ uid, instances: [instance], slides, status }, chosen, extras) {
  const facts = Object.entries(FACTS).map(([name, keyword]) => [name, text(instance, keyword)]);
  return h('aside', { 'aria-label': 'Study' },
    h('h1', {}, personName(instance, 'PatientName') || 'Study'),
    h('dl', {}, facts.filter(([, fact]) => fact).map(([name, fact]) => [h('dt', {}, name), h('dd', {}, fact)])),
    sentences(status).map((sentence) => h('p', { class: 'unshown' }, sentence)),
    h('h2', {}, `${slides.length} ${slides.length === 1 ? 'slide' : 'slides'}`),
    h('ul', { class: 'slides' }, slides.map((slide) => h('li', {}, entry(slide, uid, slide === chosen)))),
    extras);
}

function entry({ key, title, description, spacing }, studyUID, current) {
  return h('a', { href: `/studies/${studyUID}/series/${key}`, 'aria-current': current && 'page' },
    h('strong', {}, title), description && h('span', {}, description),
    spacing && h('small', {}, `${(spacing * 1000).toFixed(2)} µm a pixel`));
}
