// A study's readiness from its metadata: what the rules find, in the words of the table (`rules.json`). Pure.

import { SLIDE_CHECKS } from './checks.js';
import { word } from './dicom.js';
import { imageOf, inPyramid, references, WHOLE_SLIDE } from './image.js';

/** Drawn over an image, so they must find it: SEG (two kinds), ANN, PM. */
const OVERLAYS = ['1.2.840.10008.5.1.4.1.1.66.4', '1.2.840.10008.5.1.4.1.1.66.7', '1.2.840.10008.5.1.4.1.1.91.1',
  '1.2.840.10008.5.1.4.1.1.30'];

/** ImageType value 3 of what is no slide to look into. */
const PHOTOGRAPHS = ['LABEL', 'OVERVIEW', 'LOCALIZER'];

/** One of these keeps SLIM from opening any slide of the study. */
const OF_ALL_SLIDES = ['R18 paths'];

/** What `instances` (DICOM JSON) are to the rules: `{images, overlays}`. */
export function studyOf(instances, profiles) {
  const whole = (item) => word(item, 'SOPClassUID') === WHOLE_SLIDE;
  const overlays = instances.filter((item) => OVERLAYS.includes(word(item, 'SOPClassUID')));
  return {
    images: instances.filter(whole).map((item) => imageOf(item, profiles)),
    overlays: overlays.map((item) => ({
      instance: word(item, 'SOPInstanceUID'), series: word(item, 'SeriesInstanceUID'), refers: references(item),
    })),
  };
}

/** Findings about one series, those about the study that concern it among them; worst first. */
export function seriesFindings(table, study, series) {
  const own = new Set([...study.images, ...study.overlays].filter((one) => one.series === series).map((one) => one.instance));
  const shown = study.images.some((image) => own.has(image.instance));
  const concerning = studyFindings(table, study).filter(({ rule, problem, instances }) => (
    instances.some((uid) => own.has(uid)) || (shown && OF_ALL_SLIDES.includes(`${rule} ${problem}`))));
  return worstFirst(table, [...slideFindings(table, study, series), ...concerning]);
}

/** As the viewer shows a series: with the images of other series that form the same slide. */
function slideFindings(table, { images }, series) {
  const mine = images.filter((image) => image.series === series);
  const slides = new Set(mine.filter(inPyramid).map(({ slide }) => slide.join('\n')));
  const others = images.filter((image) => image.series !== series && slides.has(image.slide.join('\n')));
  const labels = mine.filter((image) => !inPyramid(image));
  const slide = { images: [...mine, ...others].filter(inPyramid), own: mine.filter(inPyramid), labels };
  const own = new Set(mine.map((image) => image.instance));
  return told(table, SLIDE_CHECKS, slide).filter(({ instances }) => instances.some((uid) => own.has(uid)));
}

/** Findings that need all series of the study; worst first. */
export function studyFindings(table, study) {
  return told(table, STUDY_CHECKS, study);
}

/** `blocked`, `ready_degraded` or `ready`: what the preparation job's report calls the same findings. */
export function statusOf(findings) {
  const severities = new Set(findings.map(({ severity }) => severity));
  if (severities.has('BLOCK') || severities.has('WRONG')) return 'blocked';
  return severities.has('SLOW') ? 'ready_degraded' : 'ready';
}

/** One finding of rule `id`; its severity is the rule's unless the problem has its own. */
export function finding(table, id, { problem, images, words = {}, severity }) {
  const rule = table.rules.find((row) => row.id === id);
  const instances = [...new Set(images.map((image) => image.instance))].sort();
  const all = { count: instances.length, ...words };
  const sentence = rule.sentences[problem].replace(/\{(\w+)\}/g, (_, name) => all[name]);
  return { rule: id, problem, severity: severity ?? rule.severity, sentence, instances };
}

const STUDY_CHECKS = {
  R17({ images, overlays }) {
    const known = new Set(images.map((image) => image.instance));
    const lost = overlays.filter(({ refers }) => {
      const slides = refers.filter(([, sopClass]) => sopClass === WHOLE_SLIDE);
      return slides.length && !slides.some(([instance]) => known.has(instance));
    });
    return lost.length ? [{ problem: 'unknown', images: lost }] : [];
  },
  R18({ images }) {
    const found = [];
    const lacking = images.filter((image) => image.missing.includes('OpticalPathSequence'));
    if (lacking.length) found.push({ problem: 'paths', images: lacking });
    for (const series of Map.groupBy(images, (image) => image.series).values()) {
      const pyramid = series.filter(inPyramid);
      const photographs = series.every(({ flavour }) => PHOTOGRAPHS.includes(flavour));
      if (!pyramid.length) found.push({ problem: 'shapeless', images: series, severity: photographs ? 'WARN' : 'BLOCK' });
      const apart = pyramid.filter((image) => !image.slide[2]);
      if (apart.length && apart.length < pyramid.length) {
        found.push({ problem: 'acquisition', images: apart, severity: 'WRONG' });
      }
    }
    const patients = new Set(images.map((image) => image.patient).filter((patient) => patient !== '|')).size;
    if (patients > 1) found.push({ problem: 'patients', images, severity: 'WRONG', words: { patients } });
    return found;
  },
};

/** What the checks say, for the table's rows that can be judged from metadata alone. */
function told(table, checks, subject) {
  const found = table.rules.filter(({ id }) => id in checks).flatMap(({ id, parameters }) => (
    checks[id](subject, parameters).map((problem) => finding(table, id, problem))));
  return worstFirst(table, found);
}

function worstFirst(table, found) {
  const order = Object.keys(table.severities);
  const rank = ({ severity, rule, instances }) => [order.indexOf(severity), rule, ...instances].join('\n');
  return found.sort((one, other) => (rank(one) < rank(other) ? -1 : 1));
}
