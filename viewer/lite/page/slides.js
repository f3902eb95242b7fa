// From the metadata of a study's instances to its slides, as SLIM groups them, each with its readiness. Pure.

import { text, value, values, word } from './dicom.js';
import { seriesFindings, statusOf, studyFindings, studyOf } from './findings.js';
import { references, WHOLE_SLIDE } from './image.js';

const PYRAMID = ['VOLUME', 'THUMBNAIL'];
const KINDS = {
  '1.2.840.10008.5.1.4.1.1.91.1': 'ANN', '1.2.840.10008.5.1.4.1.1.66.4': 'SEG', '1.2.840.10008.5.1.4.1.1.66.7': 'SEG',
  '1.2.840.10008.5.1.4.1.1.30': 'PM',
};
const flavour = (image) => values(image, 'ImageType')[2];

/** A study: `{slides, findings}`, the slides in the order of SLIM, `findings` those that concern none of the slides.
 *  `profiles` is what `watchProfiles` tells. */
export function studySlides(instances, table, profiles) {
  const study = studyOf(instances, profiles);
  const slides = slidesOf(instances).map((slide) => {
    const found = slide.series.flatMap((series) => seriesFindings(table, study, series));
    const findings = [...new Map(found.map((one) => [JSON.stringify(one), one])).values()];
    const images = new Map(study.images.map((image) => [image.instance, image]));
    return { ...slide, images, findings, status: statusOf(findings) };
  });
  const told = new Set(slides.flatMap(({ findings }) => findings.map((one) => JSON.stringify(one))));
  return { slides, findings: studyFindings(table, study).filter((one) => !told.has(JSON.stringify(one))) };
}

/** What is wrong with objects that were read after the slides: `{findings, drawable}`, `drawable` those that lie where they
 *  say. The engine would draw the others at the wrong place without a word. */
export function judgedObjects(instances, objects, table) {
  const findings = studyFindings(table, studyOf([...instances, ...objects.map(({ item }) => item)]))
    .filter(({ rule }) => rule === 'R17');
  const lost = new Set(findings.flatMap((one) => one.instances));
  return { findings, drawable: objects.filter(({ item }) => !lost.has(word(item, 'SOPInstanceUID'))) };
}

/** `{key, title, series, pyramid, base, place, label, overview, columns, rows, spacing}` of each slide; `place` is the frame
 *  of reference. */
export function slidesOf(instances) {
  const whole = instances.filter((item) => word(item, 'SOPClassUID') === WHOLE_SLIDE);
  const groups = Map.groupBy(whole, (image) => ['FrameOfReferenceUID', 'ContainerIdentifier', 'AcquisitionUID']
    .map((keyword) => value(image, keyword) ?? '').join('\n'));
  const slides = [...groups.values()].map((images) => slideOf(images, whole)).filter(Boolean);
  return slides.sort((one, other) => one.title.localeCompare(other.title, undefined, { numeric: true }));
}

/** The slide that a link's series means: its own, or the one it was made from. */
export function slideOfSeries(slides, uid) {
  const names = (slide) => slide.pyramid.some((image) => JSON.stringify(image).includes(`"${uid}"`));
  return slides.find((slide) => slide.series.includes(uid)) ?? slides.find(names);
}

/** Objects made from or about images: `[{kind, item}]`; kinds are ANN, SEG, SR, PR and PM. */
export function objectsOf(instances) {
  return instances.map((item) => ({ kind: kindOf(word(item, 'SOPClassUID')), item })).filter(({ kind }) => kind);
}

/** Those of `objects` that refer to an image of the slide, or lie in its frame of reference. */
export function objectsOn(slide, objects) {
  const uids = new Set(slide.pyramid.map((image) => value(image, 'SOPInstanceUID')));
  const place = value(slide.pyramid[0], 'FrameOfReferenceUID');
  return objects.filter(({ item }) => references(item).some(([uid]) => uids.has(uid))
    || (place && value(item, 'FrameOfReferenceUID') === place));
}

function kindOf(sopClass) {
  if (sopClass.startsWith('1.2.840.10008.5.1.4.1.1.88.')) return 'SR';
  if (sopClass.startsWith('1.2.840.10008.5.1.4.1.1.11.')) return 'PR';
  return KINDS[sopClass];
}

function slideOf(images, every) {
  const pyramid = images.filter((image) => PYRAMID.includes(flavour(image)));
  if (!pyramid.length) return null;
  const base = pyramid.reduce((largest, image) => (columns(image) > columns(largest) ? image : largest));
  // A label often has no frame of reference of its own: it belongs by its series and container.
  const of = (kind) => every.find((image) => flavour(image) === kind && series(image) === series(base)
    && value(image, 'ContainerIdentifier') === value(base, 'ContainerIdentifier'));
  return {
    key: series(base),
    title: text(base, 'ContainerIdentifier') || 'Slide without an identifier',
    description: text(base, 'SeriesDescription'),
    series: [...new Set(pyramid.map(series))],
    pyramid,
    base,
    place: word(base, 'FrameOfReferenceUID'),
    label: of('LABEL'),
    overview: of('OVERVIEW'),
    columns: columns(base),
    rows: value(base, 'TotalPixelMatrixRows') ?? 0,
    spacing: spacing(base),
  };
}

function columns(image) {
  return value(image, 'TotalPixelMatrixColumns') ?? 0;
}

function series(image) {
  return value(image, 'SeriesInstanceUID');
}

function spacing(image) {
  const measures = value(value(image, 'SharedFunctionalGroupsSequence'), 'PixelMeasuresSequence');
  return Number(value(measures, 'PixelSpacing')) || null;
}
