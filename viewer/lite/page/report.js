// Drawn regions as a DICOM report: Comprehensive 3D SR after TID 1500, a TID 1410 group for each region. That is what SLIM
// stores for what its users draw, and what it shows again. Both ways, as DICOM JSON; pure.

import { items, text, value, values, word } from './dicom.js';
import { IMPLEMENTATION } from './part10.js';

export const REPORT = '1.2.840.10008.5.1.4.1.1.88.34';

/** Taken from the image: whose it is, and which study. */
const OF_THE_STUDY = {
  '00080020': 'DA', '00080030': 'TM', '00080050': 'SH', '00080090': 'PN', '00100010': 'PN', '00100020': 'LO',
  '00100030': 'DA', '00100040': 'CS', '0020000D': 'UI', '00200010': 'SH',
};

/** The report of `regions` (as `regionsOf` gives them) drawn on `image` (the base level) by `observer` ({name, email}).
 *  `newUid` gives an unused UID, `now` is a Date. */
export function reportOf(image, regions, observer, newUid, now) {
  const [date, time] = dateAndTime(now);
  const inherited = Object.entries(OF_THE_STUDY).map(([tag, vr]) => [tag, { vr, Value: image[tag]?.Value ?? [] }]);
  return {
    ...Object.fromEntries(inherited),
    '00080005': { vr: 'CS', Value: ['ISO_IR 192'] },
    '00080016': { vr: 'UI', Value: [REPORT] },
    '00080018': { vr: 'UI', Value: [newUid()] },
    '00080023': { vr: 'DA', Value: [date] },
    '00080033': { vr: 'TM', Value: [time] },
    '00080060': { vr: 'CS', Value: ['SR'] },
    '00080070': { vr: 'LO', Value: ['Lite viewer'] },
    '0008103E': { vr: 'LO', Value: ['Annotation'] },
    '00081111': { vr: 'SQ' },
    '0020000E': { vr: 'UI', Value: [newUid()] },
    '00200011': { vr: 'IS', Value: [1] },
    '00200013': { vr: 'IS', Value: [1] },
    '0040A372': { vr: 'SQ' },
    '0040A375': { vr: 'SQ', Value: [evidence(image)] },
    '0040A491': { vr: 'CS', Value: ['COMPLETE'] },
    '0040A493': { vr: 'CS', Value: ['UNVERIFIED'] },
    ...container(NAMES.report, '1500', [
      coded('HAS CONCEPT MOD', NAMES.language, ['en-US', 'RFC5646', 'English (United States)']),
      ...context(image, observer),
      coded('HAS CONCEPT MOD', NAMES.procedure, ['112703', 'DCM', 'Whole Slide Imaging']),
      contained(container(NAMES.measurements, null, regions.map(group))),
    ]),
  };
}

/** What a report draws: `{uid, finding: {value, schemeDesignator, meaning}, type, points, place}`; `points` are (x, y, z) in
 *  millimetres in the frame of reference `place`. Regions whose coordinates the store left out of the metadata are not told. */
export function regionsOf(report) {
  if (word(report, 'SOPClassUID') !== REPORT) return [];
  return named(report, NAMES.measurements).flatMap((measured) => named(measured, NAMES.group)).flatMap((one) => {
    const [region] = named(one, NAMES.region);
    const data = values(region, 'GraphicData').map(Number);
    if (!data.length || data.length % 3) return [];
    return [{
      uid: word(named(one, NAMES.trackingUid)[0], 'UID'),
      finding: conceptOf(items(named(one, NAMES.finding)[0], 'ConceptCodeSequence')[0]),
      type: word(region, 'GraphicType'),
      points: Array.from({ length: data.length / 3 }, (_, place) => data.slice(3 * place, 3 * place + 3)),
      place: word(region, 'ReferencedFrameOfReferenceUID'),
    }];
  });
}

const NAMES = {
  report: ['126000', 'DCM', 'Imaging Measurement Report'],
  language: ['121049', 'DCM', 'Language of Content Item and Descendants'],
  observerType: ['121005', 'DCM', 'Observer Type'],
  person: ['121008', 'DCM', 'Person Observer Name'],
  login: ['128774', 'DCM', "Person Observer's Login Name"],
  device: ['121012', 'DCM', 'Device Observer UID'],
  model: ['121013', 'DCM', 'Device Observer Name'],
  subject: ['121024', 'DCM', 'Subject Class'],
  specimenUid: ['121039', 'DCM', 'Specimen UID'],
  specimen: ['121041', 'DCM', 'Specimen Identifier'],
  glass: ['111700', 'DCM', 'Specimen Container Identifier'],
  procedure: ['121058', 'DCM', 'Procedure reported'],
  measurements: ['126010', 'DCM', 'Imaging Measurements'],
  group: ['125007', 'DCM', 'Measurement Group'],
  tracking: ['112039', 'DCM', 'Tracking Identifier'],
  trackingUid: ['112040', 'DCM', 'Tracking Unique Identifier'],
  finding: ['121071', 'DCM', 'Finding'],
  region: ['111030', 'DCM', 'Image Region'],
};
const CONTEXT = 'HAS OBS CONTEXT';

/** Who drew, with what, on which specimen. */
function context(image, { name, email }) {
  const [specimen] = items(image, 'SpecimenDescriptionSequence');
  return [
    coded(CONTEXT, NAMES.observerType, ['121006', 'DCM', 'Person']),
    content('PNAME', CONTEXT, NAMES.person, { '0040A123': { vr: 'PN', Value: [{ Alphabetic: name || email }] } }),
    written(CONTEXT, NAMES.login, email),
    coded(CONTEXT, NAMES.observerType, ['121007', 'DCM', 'Device']),
    uidRef(NAMES.device, IMPLEMENTATION),
    written(CONTEXT, NAMES.model, 'Lite viewer'),
    coded(CONTEXT, NAMES.subject, ['121027', 'DCM', 'Specimen']),
    ...specimen ? [
      uidRef(NAMES.specimenUid, word(specimen, 'SpecimenUID')),
      written(CONTEXT, NAMES.specimen, text(specimen, 'SpecimenIdentifier')),
    ] : [],
    written(CONTEXT, NAMES.glass, text(image, 'ContainerIdentifier')),
  ];
}

function group({ uid, finding, type, points, place }, number) {
  const region = {
    '00700022': { vr: 'FL', Value: points.flat() },
    '00700023': { vr: 'CS', Value: [type] },
    '30060024': { vr: 'UI', Value: [place] },
  };
  return contained(container(NAMES.group, '1410', [
    written(CONTEXT, NAMES.tracking, `Region ${number + 1}`),
    uidRef(NAMES.trackingUid, uid),
    coded('CONTAINS', NAMES.finding, [finding.value, finding.schemeDesignator, finding.meaning]),
    content('SCOORD3D', 'CONTAINS', NAMES.region, region),
  ]));
}

function evidence(image) {
  const reference = {
    '00081150': { vr: 'UI', Value: [value(image, 'SOPClassUID')] },
    '00081155': { vr: 'UI', Value: [value(image, 'SOPInstanceUID')] },
  };
  const series = {
    '00081199': { vr: 'SQ', Value: [reference] },
    '0020000E': { vr: 'UI', Value: [value(image, 'SeriesInstanceUID')] },
  };
  return { '00081115': { vr: 'SQ', Value: [series] }, '0020000D': { vr: 'UI', Value: [value(image, 'StudyInstanceUID')] } };
}

function container(name, template, children) {
  const from = { '00080105': { vr: 'CS', Value: ['DCMR'] }, '0040DB00': { vr: 'CS', Value: [template] } };
  return {
    ...content('CONTAINER', null, name, { '0040A050': { vr: 'CS', Value: ['SEPARATE'] } }),
    ...template && { '0040A504': { vr: 'SQ', Value: [from] } },
    '0040A730': { vr: 'SQ', Value: children },
  };
}

function contained(item) {
  return { ...item, '0040A010': { vr: 'CS', Value: ['CONTAINS'] } };
}

function content(type, relation, name, rest) {
  return {
    ...relation && { '0040A010': { vr: 'CS', Value: [relation] } },
    '0040A040': { vr: 'CS', Value: [type] },
    '0040A043': { vr: 'SQ', Value: [concept(name)] },
    ...rest,
  };
}

function coded(relation, name, code) {
  return content('CODE', relation, name, { '0040A168': { vr: 'SQ', Value: [concept(code)] } });
}

function written(relation, name, words) {
  return content('TEXT', relation, name, { '0040A160': { vr: 'UT', Value: [words] } });
}

function uidRef(name, uid) {
  return content('UIDREF', CONTEXT, name, { '0040A124': { vr: 'UI', Value: [uid] } });
}

function concept([code, scheme, meaning]) {
  return {
    '00080100': { vr: 'SH', Value: [code] }, '00080102': { vr: 'SH', Value: [scheme] }, '00080104': { vr: 'LO', Value: [meaning] },
  };
}

function conceptOf(item) {
  return { value: word(item, 'CodeValue'), schemeDesignator: word(item, 'CodingSchemeDesignator'), meaning: word(item, 'CodeMeaning') };
}

function named(item, [code, scheme]) {
  return items(item, 'ContentSequence').filter((child) => {
    const name = conceptOf(items(child, 'ConceptNameCodeSequence')[0]);
    return name.value === code && name.schemeDesignator === scheme;
  });
}

/** `20260102`, `030405` in the reader's own time, as DICOM writes local time. */
function dateAndTime(now) {
  const two = (number) => String(number).padStart(2, '0');
  return [
    `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`,
    `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`,
  ];
}
