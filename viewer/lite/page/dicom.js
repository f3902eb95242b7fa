// Reading DICOM JSON (PS3.18 F): values, names, a study's slides and what was made from them. No network, no page.

const TAGS = {
  StudyDate: '00080020', AccessionNumber: '00080050', StudyDescription: '00081030', PatientName: '00100010',
  PatientID: '00100020', StudyInstanceUID: '0020000D', SeriesInstanceUID: '0020000E', SeriesDescription: '0008103E',
  NumberOfStudyRelatedSeries: '00201206', SOPInstanceUID: '00080018', SOPClassUID: '00080016', Modality: '00080060',
  ImageType: '00080008', FrameOfReferenceUID: '00200052', ContainerIdentifier: '00400512', AcquisitionUID: '00080017',
  BitsAllocated: '00280100', TotalPixelMatrixColumns: '00480006',
  SharedFunctionalGroupsSequence: '52009229', PixelMeasuresSequence: '00289110', PixelSpacing: '00280030',
  ImageOrientationSlide: '00480102',
  AnnotationGroupSequence: '006A0002', AnnotationGroupUID: '006A0003', AnnotationGroupLabel: '006A0005',
  AnnotationCoordinateType: '006A0001', NumberOfAnnotations: '006A000C', GraphicType: '00700023',
  AnnotationGroupNumber: '0040A180', SegmentSequence: '00620002', SegmentLabel: '00620005', TrackingUID: '00620021',
  ReferencedSOPInstanceUID: '00081155',
};

export const values = (dataset, keyword) => dataset?.[TAGS[keyword]]?.Value ?? [];
/** The only or first value; for a sequence its first item. */
export const value = (dataset, keyword) => values(dataset, keyword)[0];
/** All values as one text, '' without any. */
export const text = (dataset, keyword) => values(dataset, keyword).join(', ');
/** A copy of `dataset` with other values. */
export function changed(dataset, changes) {
  const copy = { ...dataset };
  for (const [keyword, Value] of Object.entries(changes)) copy[TAGS[keyword]] = { ...copy[TAGS[keyword]], Value };
  return copy;
}

/** `20260102` → `2026-01-02`; anything else as it is. */
export const date = (dataset, keyword) => text(dataset, keyword).replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');

/** `Yamada^Tarou` → `Yamada, Tarou`: the family name first, as it is filed; then in each other writing that it has. */
export function personName(dataset, keyword) {
  const name = value(dataset, keyword);
  const { Alphabetic, ...writings } = typeof name === 'string' ? { Alphabetic: name } : name ?? {};
  const [family, given, middle, prefix, suffix] = (Alphabetic ?? '').split('^').map((part) => part.trim());
  const latin = [family, [prefix, given, middle].filter(Boolean).join(' '), suffix].filter(Boolean).join(', ');
  const others = [writings.Ideographic, writings.Phonetic].map((written) => written?.replaceAll('^', ' ').trim());
  return [latin, ...others].filter(Boolean).join(' · ');
}

/** Every instance UID that `item` refers to, at any depth. */
export function references(item) {
  const sequences = Object.values(item).filter((element) => element?.vr === 'SQ');
  const below = sequences.flatMap(({ Value = [] }) => Value.filter(Boolean)).flatMap(references);
  return [...values(item, 'ReferencedSOPInstanceUID'), ...below];
}

const STORAGE = '1.2.840.10008.5.1.4.1.1.';
const WHOLE_SLIDE = `${STORAGE}77.1.6`;
/** SOP classes that begin so, after the root of all → what they are. */
const KINDS = Object.entries({ '91.1': 'ANN', '66.4': 'SEG', '66.7': 'SEG', '30': 'PM', '88.': 'SR', '11.': 'PR' });
/** What the images of one slide have in common. */
const GLASS = ['FrameOfReferenceUID', 'ContainerIdentifier', 'AcquisitionUID'];
const flavour = (image) => values(image, 'ImageType')[2];
const columns = (image) => value(image, 'TotalPixelMatrixColumns') ?? 0;
const series = (image) => value(image, 'SeriesInstanceUID');

/** `{key, series, pyramid, label, overview, title, description, spacing}` each, in SLIM's order;
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
    spacing: Number(value(measures, 'PixelSpacing')) || null,
  };
}
