// Reading DICOM JSON (PS3.18 F): values by tag, as text for people. No network, no page.

export const TAGS = {
  StudyDate: '00080020', StudyTime: '00080030', AccessionNumber: '00080050', ModalitiesInStudy: '00080061',
  StudyDescription: '00081030', PatientName: '00100010', PatientID: '00100020', StudyInstanceUID: '0020000D',
  SeriesInstanceUID: '0020000E', StudyID: '00200010', SeriesNumber: '00200011', SeriesDescription: '0008103E',
  NumberOfStudyRelatedSeries: '00201206', SOPInstanceUID: '00080018', ImageType: '00080008',
  FrameOfReferenceUID: '00200052', ContainerIdentifier: '00400512', AcquisitionUID: '00080017',
  DimensionOrganizationType: '00209311', NumberOfFrames: '00280008', Rows: '00280010', Columns: '00280011',
  SamplesPerPixel: '00280002', BitsAllocated: '00280100', BitsStored: '00280101', OpticalPathSequence: '00480105',
  OpticalPathIdentifier: '00480106', ICCProfile: '00282000', TotalPixelMatrixColumns: '00480006',
  TotalPixelMatrixRows: '00480007', PerFrameFunctionalGroupsSequence: '52009230',
  SharedFunctionalGroupsSequence: '52009229', PixelMeasuresSequence: '00289110', PixelSpacing: '00280030',
  SOPInstanceUIDOfConcatenationSource: '00200242', TotalPixelMatrixFocalPlanes: '00480303',
  NumberOfFocalPlanes: '00480013', NumberOfOpticalPaths: '00480302', SOPClassUID: '00080016', Modality: '00080060',
  PhotometricInterpretation: '00280004', PlanarConfiguration: '00280006', TotalPixelMatrixOriginSequence: '00480008', ImageOrientationSlide: '00480102',
  IlluminationTypeCodeSequence: '00220016', InConcatenationTotalNumber: '00209163', IssuerOfPatientID: '00100021',
  PlanePositionSlideSequence: '0048021A', ColumnPositionInTotalImagePixelMatrix: '0048021E',
  RowPositionInTotalImagePixelMatrix: '0048021F', ZOffsetInSlideCoordinateSystem: '0040074A',
  OpticalPathIdentificationSequence: '00480207', ReferencedSOPInstanceUID: '00081155',
  ReferencedSOPClassUID: '00081150', AnnotationGroupSequence: '006A0002', AnnotationGroupUID: '006A0003',
  AnnotationGroupLabel: '006A0005', NumberOfAnnotations: '006A000C', GraphicType: '00700023', GraphicData: '00700022',
  ReferencedFrameOfReferenceUID: '30060024', ContentSequence: '0040A730', ConceptNameCodeSequence: '0040A043',
  ConceptCodeSequence: '0040A168', CodeValue: '00080100', CodingSchemeDesignator: '00080102', CodeMeaning: '00080104',
  UID: '0040A124', SpecimenDescriptionSequence: '00400560', SpecimenUID: '00400554', SpecimenIdentifier: '00400551',
};

export function values(dataset, keyword) {
  return dataset?.[TAGS[keyword]]?.Value ?? [];
}

/** The only or first value; for a sequence its first item. */
export function value(dataset, keyword) {
  return values(dataset, keyword)[0];
}

/** The first value as text, '' without one; as the preparation job reads it. */
export function word(dataset, keyword) {
  return String(value(dataset, keyword) ?? '');
}

/** An integer; stores write IS as a number or as a string. */
export function number(dataset, keyword, otherwise = 0) {
  const told = word(dataset, keyword).trim();
  return /^[+-]?\d+$/.test(told) ? Number(told) : otherwise;
}

/** All values as numbers; none where one is no number. */
export function numbers(dataset, keyword) {
  const found = values(dataset, keyword).map((one) => (one === null ? NaN : Number(one)));
  return found.some(Number.isNaN) ? [] : found;
}

/** The items of a sequence. */
export function items(dataset, keyword) {
  return values(dataset, keyword).filter((item) => item && typeof item === 'object');
}

/** Whether the element is there at all, empty or not. */
export function holds(dataset, keyword) {
  return TAGS[keyword] in dataset;
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
