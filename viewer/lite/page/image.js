// One whole-slide image as the readiness rules see it: the twin of the preparation job's `Image`. Pure.

import { holds, items, number, numbers, value, values, word } from './dicom.js';

export const WHOLE_SLIDE = '1.2.840.10008.5.1.4.1.1.77.1.6';

/** From DICOM JSON. Sizes in pixels, spacing in millimetres. `profiles`: what is known of colour profiles told by reference. */
export function imageOf(item, profiles = new Map()) {
  const paths = items(item, 'OpticalPathSequence');
  const perFrame = items(item, 'PerFrameFunctionalGroupsSequence');
  const [rows, columns] = [number(item, 'Rows'), number(item, 'Columns')];
  const type = values(item, 'ImageType').map(String);
  return {
    instance: word(item, 'SOPInstanceUID'),
    series: word(item, 'SeriesInstanceUID'),
    slide: ['FrameOfReferenceUID', 'ContainerIdentifier', 'AcquisitionUID'].map((keyword) => word(item, keyword)),
    patient: ['PatientID', 'IssuerOfPatientID'].map((keyword) => word(item, keyword)).join('|'),
    type,
    flavour: type[2] ?? '',
    rows,
    columns,
    totalRows: number(item, 'TotalPixelMatrixRows', rows),
    totalColumns: number(item, 'TotalPixelMatrixColumns', columns),
    frames: number(item, 'NumberOfFrames', 1),
    planes: Math.max(
      number(item, 'NumberOfFocalPlanes', 1), number(item, 'TotalPixelMatrixFocalPlanes', 1), stacked(perFrame)),
    depth: depthOf(item, perFrame),
    orientation: numbers(item, 'ImageOrientationSlide'),
    samples: number(item, 'SamplesPerPixel', 1),
    photometric: word(item, 'PhotometricInterpretation'),
    planar: number(item, 'PlanarConfiguration') === 1,
    bits: number(item, 'BitsAllocated', 8),
    // The engine takes anything else for sparse.
    sparse: word(item, 'DimensionOrganizationType') !== 'TILED_FULL',
    places: perFrame.length,
    misplaced: misplaced(perFrame, columns, rows),
    paths: paths.map((path) => word(path, 'OpticalPathIdentifier')),
    // As the engine has it.
    pathsTold: number(item, 'NumberOfOpticalPaths') || 1,
    unidentified: unidentified(item, perFrame),
    source: word(item, 'SOPInstanceUIDOfConcatenationSource'),
    parts: number(item, 'InConcatenationTotalNumber'),
    frameBytes: rows * columns * number(item, 'SamplesPerPixel', 1) * Math.max(number(item, 'BitsAllocated', 8), 8) / 8,
    icc: paths.some((path) => holds(path, 'ICCProfile')),
    profile: paths.map((path) => profileOf(path['00282000'], profiles)).join('|').replace(/^\|*$/, ''),
    spacing: numbers(measures(item), 'PixelSpacing').at(-1) ?? 0,
    metadataBytes: sizeOf(item),
    missing: Object.keys(REQUIRED).filter((keyword) => !REQUIRED[keyword](item)),
  };
}

function profileOf(element, profiles) {
  return element?.InlineBinary ?? profiles.get(element?.BulkDataURI) ?? '';
}

/** Of the metadata in bytes, as the job writes it: escaped to ASCII. */
function sizeOf(item) {
  const text = JSON.stringify(item);
  return text.length + 5 * (text.match(/[^\0-\x7f]/g)?.length ?? 0);
}

export function inPyramid(image) {
  return image.flavour === 'VOLUME' || image.flavour === 'THUMBNAIL';
}

/** Tiles of one plane of the image's grid. */
export function tiles(image) {
  if (!image.rows || !image.columns) return 0;
  return Math.ceil(image.totalColumns / image.columns) * Math.ceil(image.totalRows / image.rows);
}

function measures(item) {
  const groups = items(item, 'SharedFunctionalGroupsSequence');
  const [group] = groups.length ? groups : items(item, 'PerFrameFunctionalGroupsSequence');
  return items(group, 'PixelMeasuresSequence')[0] ?? {};
}

/** Whether a tile lies off the grid, or two in one place. */
function misplaced(perFrame, columns, rows) {
  const seen = new Set();
  return perFrame.some((frame) => items(frame, 'PlanePositionSlideSequence').some((where) => {
    const column = number(where, 'ColumnPositionInTotalImagePixelMatrix');
    const row = number(where, 'RowPositionInTotalImagePixelMatrix');
    if (!columns || !rows || (column - 1) % columns || (row - 1) % rows) return true;
    const place = [column, row, word(where, 'ZOffsetInSlideCoordinateSystem'), ...pathsOf(frame)].join('\n');
    return seen.has(place) || !seen.add(place);
  }));
}

/** The most frames of one optical path that lie in one place, at different depths. */
function stacked(perFrame) {
  const depths = new Map();
  for (const frame of perFrame) {
    for (const where of items(frame, 'PlanePositionSlideSequence')) {
      const place = [number(where, 'ColumnPositionInTotalImagePixelMatrix'),
        number(where, 'RowPositionInTotalImagePixelMatrix'), ...pathsOf(frame)].join('\n');
      depths.set(place, (depths.get(place) ?? new Set()).add(word(where, 'ZOffsetInSlideCoordinateSystem')));
    }
  }
  return [...depths.values()].reduce((most, { size }) => Math.max(most, size), 1);
}

function pathsOf(frame) {
  return items(frame, 'OpticalPathIdentificationSequence').map((path) => word(path, 'OpticalPathIdentifier'));
}

/** Where all frames have one depth. */
function depthOf(item, perFrame) {
  const groups = [...items(item, 'SharedFunctionalGroupsSequence'), ...perFrame];
  const places = [...groups.flatMap((group) => items(group, 'PlanePositionSlideSequence')),
    ...items(item, 'TotalPixelMatrixOriginSequence')];
  const found = new Set(places.flatMap((where) => numbers(where, 'ZOffsetInSlideCoordinateSystem')));
  return found.size === 1 ? [...found][0] : null;
}

/** Whether a frame does not say which optical path it shows. The engine reads what all share where there is one path. */
function unidentified(item, perFrame) {
  const [shared] = items(item, 'SharedFunctionalGroupsSequence');
  const alike = (number(item, 'NumberOfOpticalPaths') || 1) === 1 && items(shared, 'OpticalPathIdentificationSequence').length;
  return (alike ? [shared] : perFrame).some((group) => (
    !word(items(group, 'OpticalPathIdentificationSequence')[0], 'OpticalPathIdentifier')));
}

function allPaths(item, keyword) {
  return items(item, 'OpticalPathSequence').every((path) => values(path, keyword).length);
}

/** What the engine reads of every level without asking whether it is there. */
const REQUIRED = {
  OpticalPathSequence: (item) => items(item, 'OpticalPathSequence').length,
  OpticalPathIdentifier: (item) => allPaths(item, 'OpticalPathIdentifier'),
  IlluminationTypeCodeSequence: (item) => allPaths(item, 'IlluminationTypeCodeSequence'),
  TotalPixelMatrixColumns: (item) => number(item, 'TotalPixelMatrixColumns') > 0,
  TotalPixelMatrixRows: (item) => number(item, 'TotalPixelMatrixRows') > 0,
  TotalPixelMatrixOriginSequence: (item) => items(item, 'TotalPixelMatrixOriginSequence').length,
  ImageOrientationSlide: (item) => numbers(item, 'ImageOrientationSlide').length === 6,
  PixelSpacing: (item) => numbers(measures(item), 'PixelSpacing').length === 2,
};

/** Every (instance, SOP class) that `item` refers to, at any depth. */
export function references(item) {
  const found = [];
  const stack = [item];
  while (stack.length) {
    const one = stack.pop();
    const instance = value(one, 'ReferencedSOPInstanceUID');
    if (instance) found.push([instance, word(one, 'ReferencedSOPClassUID')]);
    for (const element of Object.values(one)) {
      if (element?.vr === 'SQ') stack.push(...(element.Value ?? []).filter(Boolean));
    }
  }
  return found;
}
