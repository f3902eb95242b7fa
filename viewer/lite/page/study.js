// One study: its slides in a list, and the chosen one open beside it.

import { date, personName, text } from './dicom.js';
import { Failure } from './failure.js';
import { announce, failurePanel, h, show, waiting } from './dom.js';
import { loadEngine } from './engine.js';
import { openSlide } from './slide.js';
import { slidesOf } from './slides.js';
import { studyMetadata } from './store.js';

/** Shows the study and the slide that holds `seriesUID` (the first one without). Gives what to call on leaving. */
export async function showStudy(view, { client, where, actionsFor }, studyUID, seriesUID) {
  show(view, waiting('Opening the study…'));
  void loadEngine().catch(() => {}); // Said when the slide opens.
  const instances = await studyMetadata(client, studyUID);
  const slides = slidesOf(instances);
  if (!slides.length) throw new Failure('missing', 'This study has no series that is a slide.');
  const chosen = seriesUID ? slides.find((slide) => slide.series.includes(seriesUID)) : slides[0];
  if (!chosen) throw new Failure('missing', 'This study has no slide with the series of the link.');
  const name = personName(instances[0], 'PatientName') || text(instances[0], 'PatientID');
  show(where, h('a', { href: '/' }, 'Studies'), h('span', {}, name), h('span', {}, date(instances[0], 'StudyDate')));
  const stage = h('div', { class: 'stage' }, waiting('Opening the slide…'));
  show(view, h('div', { class: 'study' }, panel(instances[0], studyUID, slides, chosen), stage));
  return open(stage, chosen, client, actionsFor);
}

async function open(stage, slide, client, actionsFor) {
  const fail = (failure) => {
    stage.querySelector('.waiting')?.remove();
    stage.append(failurePanel(failure, failure.kind === 'blocked' ? [] : actionsFor(failure)));
    announce(failure.message);
  };
  try {
    return await openSlide(stage, slide, client, fail);
  } catch (failure) {
    if (failure.kind !== 'blocked') throw failure;
    fail(failure);
    return () => {};
  }
}

function panel(instance, studyUID, slides, chosen) {
  const facts = [
    ['Patient ID', text(instance, 'PatientID')], ['Accession', text(instance, 'AccessionNumber')],
    ['Study', text(instance, 'StudyDescription')],
  ].filter(([, fact]) => fact);
  return h('aside', { 'aria-label': 'Study' },
    h('h1', {}, personName(instance, 'PatientName') || 'Study'),
    h('dl', {}, facts.map(([name, fact]) => [h('dt', {}, name), h('dd', {}, fact)])),
    h('h2', {}, `${slides.length} ${slides.length === 1 ? 'slide' : 'slides'}`),
    h('ul', { class: 'slides' }, slides.map((slide) => h('li', {}, entry(slide, studyUID, slide === chosen)))));
}

function entry(slide, studyUID, current) {
  const size = `${slide.columns.toLocaleString()} × ${slide.rows.toLocaleString()} px`;
  const scale = slide.spacing ? `, ${(slide.spacing * 1000).toFixed(2)} µm/px` : '';
  return h('a', { href: `/studies/${studyUID}/series/${slide.key}`, 'aria-current': current && 'page' },
    h('strong', {}, slide.title),
    slide.description && h('span', {}, slide.description),
    h('small', {}, size + scale),
    slide.problem && h('small', { class: 'badge' }, 'Cannot be shown yet'));
}
