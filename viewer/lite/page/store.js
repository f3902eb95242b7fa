// The DICOM store: dicomweb-client with our token, one layer of retries, and failures in words.

import { value } from './dicom.js';
import { setting } from './dom.js';
import { Failure, fromRequest } from './failure.js';

/** What the engine asks for, and tells nobody when it is lost. */
const WATCHED = ['retrieveInstanceFrames', 'retrieveBulkData', 'retrieveInstance'];
const CALLS = ['searchForStudies', 'searchForSeries', 'retrieveSeriesMetadata', 'retrieveInstanceRendered', ...WATCHED];
const DERIVED = ['ANN', 'SEG', 'SR', 'PR', 'PM', 'OT'];
const MOST = 500;

/** A dicomweb-client of `server` whose calls sign themselves, try again where that can help, and fail with a Failure.
 *  Who is `client.onAnswer(failure, options)` when tiles or bulk data are asked for hears whether they came (null). */
export async function openStore(server, session) {
  const { api } = await import(`${setting('engine')}dicomweb-client.js`);
  const client = new api.DICOMwebClient({ url: server.url, verbose: false });
  for (const call of CALLS) {
    const once = client[call].bind(client);
    client[call] = async (options) => {
      const hear = WATCHED.includes(call) ? client.onAnswer : () => {};
      try {
        const answer = await patiently(server, session, (token) => {
          client.headers = { Authorization: `Bearer ${token}` };
          return once(options);
        });
        hear(null, options);
        return answer;
      } catch (failure) {
        hear(failure, options);
        throw failure;
      }
    };
  }
  return client;
}

/** Studies with slides that fit `{patient, accession, from, to}` (dates as 2026-01-31): `{studies, cut}`, `cut` whether
 *  there are more. Asked of the store, which sends 100 unless asked for another number and never says that it cut. */
export async function searchStudies(client, { patient, accession, from = '', to = '' }) {
  const day = (text) => text.replaceAll('-', '');
  const shared = {
    ModalitiesInStudy: 'SM', limit: MOST + 1, includefield: 'NumberOfStudyRelatedSeries,StudyDescription',
    ...accession && { AccessionNumber: accession },
    ...(from || to) && { StudyDate: `${day(from)}-${day(to)}` },
  };
  // No store takes an "or": a patient is looked for by ID and by the beginnings of the name's words.
  const queries = patient ? [{ PatientID: patient }, { PatientName: patient, fuzzymatching: true }] : [{}];
  const search = (query) => client.searchForStudies({ queryParams: { ...shared, ...query } });
  const answers = (await Promise.all(queries.map(search))).flat().filter(Boolean);
  const studies = [...new Map(answers.map((study) => [value(study, 'StudyInstanceUID'), study])).values()];
  return { studies: studies.slice(0, MOST), cut: studies.length > MOST };
}

/** A study: `instances` is the metadata of its slide series, `derived()` that of the series made from them, read once.
 *  Both are empty for a study that is not there. */
export async function openStudy(client, studyInstanceUID) {
  const series = await client.searchForSeries({ queryParams: { StudyInstanceUID: studyInstanceUID } }) ?? [];
  const metadata = async (modalities) => {
    const wanted = series.filter((entry) => modalities.includes(value(entry, 'Modality')));
    return (await Promise.all(wanted.map((entry) => client.retrieveSeriesMetadata({
      studyInstanceUID, seriesInstanceUID: value(entry, 'SeriesInstanceUID'),
    })))).flat();
  };
  let derived;
  return { instances: await metadata(['SM']), derived: async () => (derived ??= await metadata(DERIVED)) };
}

/** The picture of a LABEL or OVERVIEW instance, as the store draws it. */
export async function renderedImage(client, instance) {
  const answer = await client.retrieveInstanceRendered({
    studyInstanceUID: value(instance, 'StudyInstanceUID'), seriesInstanceUID: value(instance, 'SeriesInstanceUID'),
    sopInstanceUID: value(instance, 'SOPInstanceUID'), queryParams: { viewport: '1024,1024' },
  });
  // The client gives some answers as a list of one.
  return createImageBitmap(new Blob([answer].flat()));
}

async function patiently({ retry, ...server }, session, attempt) {
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
      } else if (failures < retry?.retries && retry.retryableStatusCodes.includes(error.status)) {
        // A part of the pause is by chance: tiles that were refused together do not come back together.
        const pause = Math.min(retry.minTimeout * retry.factor ** failures++, retry.maxTimeout);
        await new Promise((resolve) => { setTimeout(resolve, pause * (0.5 + Math.random() / 2)); });
      } else {
        throw error instanceof Failure ? error : fromRequest(error, server);
      }
    }
  }
}
