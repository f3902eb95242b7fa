// Reading DICOM JSON (PS3.18 F): values by tag, as text for people. No network, no page.

const TAGS = {
  StudyDate: '00080020', AccessionNumber: '00080050', StudyDescription: '00081030', PatientName: '00100010',
  PatientID: '00100020', StudyInstanceUID: '0020000D', SeriesInstanceUID: '0020000E', SeriesDescription: '0008103E',
  NumberOfStudyRelatedSeries: '00201206', SOPInstanceUID: '00080018', SOPClassUID: '00080016', Modality: '00080060',
  ImageType: '00080008', FrameOfReferenceUID: '00200052', ContainerIdentifier: '00400512', AcquisitionUID: '00080017',
  BitsStored: '00280101', BitsAllocated: '00280100', OpticalPathSequence: '00480105', ICCProfile: '00282000',
  TotalPixelMatrixColumns: '00480006', TotalPixelMatrixRows: '00480007', SharedFunctionalGroupsSequence: '52009229',
  PixelMeasuresSequence: '00289110', PixelSpacing: '00280030', ImageOrientationSlide: '00480102',
  AnnotationGroupSequence: '006A0002', AnnotationGroupUID: '006A0003', AnnotationGroupLabel: '006A0005',
  AnnotationCoordinateType: '006A0001', NumberOfAnnotations: '006A000C', GraphicType: '00700023',
  SegmentSequence: '00620002', SegmentLabel: '00620005', ReferencedSOPInstanceUID: '00081155',
};

export const values = (dataset, keyword) => dataset?.[TAGS[keyword]]?.Value ?? [];
/** The only or first value; for a sequence its first item. */
export const value = (dataset, keyword) => values(dataset, keyword)[0];
/** All values as one text, '' without any. */
export const text = (dataset, keyword) => values(dataset, keyword).join(', ');
/** `20260102` → `2026-01-02`; anything else as it is. */
export const date = (dataset, keyword) => text(dataset, keyword).replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');

/** `Yamada^Tarou` → `Yamada, Tarou`: the family name first, as it is filed; then as it is written in ideographs. */
export function personName(dataset, keyword) {
  const name = value(dataset, keyword);
  const { Alphabetic = '', Ideographic = '' } = typeof name === 'string' ? { Alphabetic: name } : name ?? {};
  const [family, given = '', middle = ''] = Alphabetic.split('^');
  const latin = [family, `${given} ${middle}`.trim()].filter(Boolean).join(', ');
  return [latin, Ideographic.replaceAll('^', ' ').trim()].filter(Boolean).join(' · ');
}

/** Every instance UID that `item` refers to, at any depth. */
export function references(item) {
  const sequences = Object.values(item).filter((element) => element?.vr === 'SQ');
  const below = sequences.flatMap(({ Value = [] }) => Value.filter(Boolean)).flatMap(references);
  return [...values(item, 'ReferencedSOPInstanceUID'), ...below];
}
