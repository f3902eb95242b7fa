// The DICOM store: dicomweb-client with our token, one layer of retries, and failures in words.

import { value } from './dicom.js';
import { Failure, fromRequest } from './failure.js';

const CALLS = [
  'searchForStudies', 'searchForSeries', 'retrieveSeriesMetadata', 'retrieveInstanceFrames', 'retrieveBulkData',
  'retrieveInstance', 'retrieveInstanceRendered',
];
const WATCHED = { retrieveInstanceFrames: 'tile', retrieveBulkData: 'bulk data' };
const NO_RETRY = { retries: 0, retryableStatusCodes: [] };
/** Studies that a search shows at most. */
export const MOST = 500;

/** A dicomweb-client of `server` whose calls sign themselves, try again where that can help, and fail with a Failure.
 *  The engine swallows what happens to a tile or a profile: `client.onAnswer(what, failure, options)` hears it. */
export function openStore({ DICOMwebClient }, server, session) {
  const client = new DICOMwebClient({ url: server.url, verbose: false });
  client.onAnswer = () => {};
  for (const call of CALLS) {
    const once = client[call].bind(client);
    client[call] = async (options) => {
      try {
        const answer = await patiently(server, session, (token) => {
          client.headers = { Authorization: `Bearer ${token}` };
          return once(options);
        });
        if (WATCHED[call]) client.onAnswer(WATCHED[call], null, options);
        return answer;
      } catch (failure) {
        if (WATCHED[call]) client.onAnswer(WATCHED[call], failure, options);
        throw failure;
      }
    };
  }
  return client;
}

/** Studies with slides that fit `{patient, accession, from, to}` (dates as 2026-01-31): `{studies, cut}`, `cut` whether
 *  there are more. Asked of the store, which sends 100 unless asked for another number and never says that it cut. */
export async function searchStudies(client, { patient, accession, from, to }) {
  const day = (text) => (text ?? '').replaceAll('-', '');
  const shared = {
    ModalitiesInStudy: 'SM', limit: MOST + 1, includefield: 'NumberOfStudyRelatedSeries,StudyDescription',
    ...accession && { AccessionNumber: accession }, ...(from || to) && { StudyDate: `${day(from)}-${day(to)}` },
  };
  // No store takes an "or": a patient is looked for by ID and by the beginnings of the name's words.
  const queries = patient ? [{ ...shared, PatientID: patient }, { ...shared, PatientName: patient, fuzzymatching: true }] : [shared];
  const answers = await Promise.all(queries.map((queryParams) => client.searchForStudies({ queryParams })));
  const studies = [...new Map(answers.flat().filter(Boolean).map((study) => [value(study, 'StudyInstanceUID'), study])).values()];
  return { studies: studies.slice(0, MOST), cut: studies.length > MOST };
}

const DERIVED = ['ANN', 'SEG', 'SR', 'PR', 'PM', 'OT'];

/** A study: `instances` is the metadata of its slide series, `derived()` that of the series made from them, read once.
 *  Both are empty for a study that is not there. */
export async function openStudy(client, studyInstanceUID) {
  const series = await client.searchForSeries({ queryParams: { StudyInstanceUID: studyInstanceUID } }) ?? [];
  const metadata = async (modalities) => {
    const wanted = series.filter((entry) => modalities.includes(value(entry, 'Modality')));
    const read = (entry) => client.retrieveSeriesMetadata({
      studyInstanceUID, seriesInstanceUID: value(entry, 'SeriesInstanceUID'),
    });
    return (await Promise.all(wanted.map(read))).flat();
  };
  let derived;
  return { instances: await metadata(['SM']), derived: () => { derived ??= metadata(DERIVED); return derived; } };
}

/** The picture of a LABEL or OVERVIEW instance, as the store draws it. */
export async function renderedImage(client, instance, viewport) {
  const [studyInstanceUID, seriesInstanceUID, sopInstanceUID] = ['StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID']
    .map((keyword) => value(instance, keyword));
  const answer = await client.retrieveInstanceRendered({
    studyInstanceUID, seriesInstanceUID, sopInstanceUID, queryParams: { viewport },
  });
  // The client gives some answers as a list of one.
  return createImageBitmap(new Blob([answer].flat()));
}

async function patiently(server, session, attempt) {
  const { retry = NO_RETRY } = server;
  let renewed = false;
  for (let failures = 0; ;) {
    const token = await session.token();
    try {
      return await attempt(token);
    } catch (error) {
      if (error.status === 401 && !renewed) {
        renewed = true;
        // Another call may have renewed it while this one was under way.
        if (session.current?.token === token) await session.renew();
      } else if (failures < retry.retries && retry.retryableStatusCodes.includes(error.status)) {
        await pause(retry, failures++);
      } else {
        throw error instanceof Failure ? error : fromRequest(error, server);
      }
    }
  }
}

function pause({ factor = 2, minTimeout = 1000, maxTimeout = 30_000, randomize = true }, failures) {
  const longest = Math.min(minTimeout * factor ** failures, maxTimeout);
  const wait = randomize ? longest * (0.5 + Math.random() / 2) : longest;
  return new Promise((resolve) => { setTimeout(resolve, wait); });
}
