// From the metadata of a study's instances to its slides, as SLIM groups them, and to what was made from them. Pure.

import { references, text, value, values } from './dicom.js';

const STORAGE = '1.2.840.10008.5.1.4.1.1.';
const WHOLE_SLIDE = `${STORAGE}77.1.6`;
/** SOP classes that begin so, after the root of all → what they are. */
const KINDS = Object.entries({ '91.1': 'ANN', '66.4': 'SEG', '66.7': 'SEG', '30': 'PM', '88.': 'SR', '11.': 'PR' });
/** What the images of one slide have in common. */
const GLASS = ['FrameOfReferenceUID', 'ContainerIdentifier', 'AcquisitionUID'];
const flavour = (image) => values(image, 'ImageType')[2];
const columns = (image) => value(image, 'TotalPixelMatrixColumns') ?? 0;
const series = (image) => value(image, 'SeriesInstanceUID');

/** `{key, series, pyramid, label, overview, title, description, columns, rows, spacing}` each, in SLIM's order;
 *  `spacing` is in millimetres a pixel of the finest level, null where it is not known. */
export function slidesOf(instances) {
  const whole = instances.filter((item) => value(item, 'SOPClassUID') === WHOLE_SLIDE);
  const groups = {};
  for (const image of whole) {
    const key = GLASS.map((keyword) => text(image, keyword)).join('\n');
    (groups[key] ??= []).push(image);
  }
  const slides = Object.values(groups).map((images) => slideOf(images, whole)).filter(Boolean);
  return slides.sort((one, other) => one.title.localeCompare(other.title, undefined, { numeric: true }));
}

/** The slide that a link's series means: its own, or the one it was made from. */
export function slideOfSeries(slides, uid) {
  const names = (slide) => slide.pyramid.some((image) => JSON.stringify(image).includes(`"${uid}"`));
  return slides.find((slide) => slide.series.includes(uid)) ?? slides.find(names);
}

/** What was made from or about a slide's images: `[{kind, item}]`; kinds are ANN, SEG, SR, PR and PM. */
export function objectsOn(slide, instances) {
  const uids = new Set(slide.pyramid.map((image) => value(image, 'SOPInstanceUID')));
  const place = value(slide.pyramid[0], 'FrameOfReferenceUID');
  const kindOf = (item) => KINDS.find(([start]) => text(item, 'SOPClassUID').startsWith(STORAGE + start))?.[1];
  return instances.map((item) => ({ kind: kindOf(item), item }))
    .filter(({ kind, item }) => kind && (references(item).some((uid) => uids.has(uid))
      || (place && value(item, 'FrameOfReferenceUID') === place)));
}

function slideOf(images, every) {
  const pyramid = images.filter((image) => ['VOLUME', 'THUMBNAIL'].includes(flavour(image)));
  if (!pyramid.length) return null;
  const base = pyramid.reduce((largest, image) => (columns(image) > columns(largest) ? image : largest));
  // A label often has no frame of reference of its own: it belongs by its series and container.
  const of = (kind) => every.find((image) => flavour(image) === kind && series(image) === series(base)
    && text(image, 'ContainerIdentifier') === text(base, 'ContainerIdentifier'));
  const measures = value(value(base, 'SharedFunctionalGroupsSequence'), 'PixelMeasuresSequence');
  return {
    key: series(base), series: [...new Set(pyramid.map(series))], pyramid, label: of('LABEL'), overview: of('OVERVIEW'),
    title: text(base, 'ContainerIdentifier') || 'Slide without an identifier',
    description: text(base, 'SeriesDescription'),
    columns: columns(base), rows: value(base, 'TotalPixelMatrixRows') ?? 0,
    spacing: Number(value(measures, 'PixelSpacing')) || null,
  };
}
