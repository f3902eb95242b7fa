// From the metadata of a study's instances to its slides, as SLIM groups them, and whether the engine can show each.
// Pure: no network, no page.

import { has, text, value, values } from './dicom.js';

const PYRAMID = ['VOLUME', 'THUMBNAIL'];
const flavour = (image) => values(image, 'ImageType')[2];

/** The slides of a study: `{key, title, series, pyramid, label, overview, columns, rows, problem}`, in the order of SLIM. */
export function slidesOf(instances) {
  const groups = Map.groupBy(instances, (image) => ['FrameOfReferenceUID', 'ContainerIdentifier', 'AcquisitionUID']
    .map((keyword) => value(image, keyword) ?? '').join('\n'));
  const slides = [...groups.values()].map(slideOf).filter(Boolean);
  return slides.sort((one, other) => one.title.localeCompare(other.title, undefined, { numeric: true }));
}

function slideOf(images) {
  const pyramid = images.filter((image) => PYRAMID.includes(flavour(image)));
  if (!pyramid.length) return null;
  const base = pyramid.reduce((largest, image) => (columns(image) > columns(largest) ? image : largest));
  const of = (kind) => images.find((image) => flavour(image) === kind && series(image) === series(base));
  return {
    key: series(base),
    title: text(base, 'ContainerIdentifier') || 'Slide without an identifier',
    description: text(base, 'SeriesDescription'),
    series: [...new Set(pyramid.map(series))],
    pyramid,
    label: of('LABEL'),
    overview: of('OVERVIEW'),
    columns: columns(base),
    rows: value(base, 'TotalPixelMatrixRows') ?? 0,
    spacing: spacing(base),
    problem: problemOf(pyramid),
  };
}

/** Why the engine would fail on these images, as a sentence with the rule's name; null when nothing is known. */
export function problemOf(pyramid) {
  return RULES.map((rule) => rule(pyramid)).find(Boolean) ?? null;
}

/** Each rule: images → sentence or null. The names are those of the preparation job's report. */
const RULES = [
  function R01(images) {
    const lost = images.some((image) => value(image, 'DimensionOrganizationType') !== 'TILED_FULL'
      && value(image, 'NumberOfFrames') > 1 && !has(image, 'PerFrameFunctionalGroupsSequence'));
    return lost && 'The store leaves out where each tile belongs, because that list is too long (rule R01: sparse tiles).';
  },
  function R03(images) {
    const seen = new Set();
    const twice = images.find((image) => {
      if (has(image, 'SOPInstanceUIDOfConcatenationSource') || flavour(image) !== 'VOLUME') return false;
      const key = [columns(image), value(image, 'TotalPixelMatrixRows'), ...values(image, 'OpticalPathSequence')
        .map((path) => value(path, 'OpticalPathIdentifier'))].join();
      return seen.has(key) || !seen.add(key);
    });
    const size = twice && `${columns(twice)} × ${value(twice, 'TotalPixelMatrixRows')}`;
    return twice && `Two images of the slide have the same size, ${size} (rule R03: duplicate level).`;
  },
  function R05(images) {
    const deep = images.some((image) => value(image, 'TotalPixelMatrixFocalPlanes') > 1
      || value(image, 'NumberOfFocalPlanes') > 1);
    return deep && 'The slide was scanned at several focal planes, and no plane can be chosen here (rule R05: z-stack).';
  },
  function R06(images) {
    const colour = images.filter((image) => value(image, 'SamplesPerPixel') === 3);
    const tagged = colour.filter((image) => has(value(image, 'OpticalPathSequence'), 'ICCProfile'));
    return tagged.length > 0 && tagged.length < colour.length
      && `Only ${tagged.length} of ${colour.length} levels carry a colour profile (rule R06: partial ICC).`;
  },
  function R12(images) {
    const bare = images.some((image) => !has(image, 'OpticalPathSequence'));
    return bare && 'An image of the slide does not describe its optical path (rule R12: missing attributes).';
  },
];

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
