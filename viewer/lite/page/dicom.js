// Reading DICOM JSON (PS3.18 F): values by tag, as text for people. No network, no page.

export const TAGS = {
  StudyDate: '00080020', StudyTime: '00080030', AccessionNumber: '00080050', ModalitiesInStudy: '00080061',
  StudyDescription: '00081030', PatientName: '00100010', PatientID: '00100020', StudyInstanceUID: '0020000D',
  SeriesInstanceUID: '0020000E', StudyID: '00200010', SeriesNumber: '00200011', SeriesDescription: '0008103E',
  NumberOfStudyRelatedSeries: '00201206', SOPInstanceUID: '00080018', ImageType: '00080008',
  FrameOfReferenceUID: '00200052', ContainerIdentifier: '00400512', AcquisitionUID: '00080017',
  DimensionOrganizationType: '00209311', NumberOfFrames: '00280008', Rows: '00280010', Columns: '00280011',
  SamplesPerPixel: '00280002', BitsAllocated: '00280100', OpticalPathSequence: '00480105',
  OpticalPathIdentifier: '00480106', ICCProfile: '00282000', TotalPixelMatrixColumns: '00480006',
  TotalPixelMatrixRows: '00480007', PerFrameFunctionalGroupsSequence: '52009230',
  SharedFunctionalGroupsSequence: '52009229', PixelMeasuresSequence: '00289110', PixelSpacing: '00280030',
  SOPInstanceUIDOfConcatenationSource: '00200242', TotalPixelMatrixFocalPlanes: '00480303',
  NumberOfFocalPlanes: '00480013',
};

export function values(dataset, keyword) {
  return dataset?.[TAGS[keyword]]?.Value ?? [];
}

/** The only or first value; for a sequence its first item. */
export function value(dataset, keyword) {
  return values(dataset, keyword)[0];
}

/** Whether the element is there with any content: a value, inline binary or a link to bulk data. */
export function has(dataset, keyword) {
  const element = dataset?.[TAGS[keyword]];
  return Boolean(element && (element.Value?.length || element.InlineBinary || element.BulkDataURI));
}

/** `Synthetic^Slide` → `Synthetic, Slide`: the family name first, as it is filed. */
export function personName(dataset, keyword) {
  const name = value(dataset, keyword);
  const text = typeof name === 'string' ? name : name?.Alphabetic ?? name?.Ideographic ?? '';
  const [family = '', given = '', middle = ''] = text.split('^');
  return [family, [given, middle].filter(Boolean).join(' ')].filter(Boolean).join(', ');
}

/** `20260102` → `2026-01-02`; anything else as it is. */
export function date(dataset, keyword) {
  const text = String(value(dataset, keyword) ?? '');
  return /^\d{8}$/.test(text) ? `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}` : text;
}

export function text(dataset, keyword) {
  return values(dataset, keyword).join(', ');
}
