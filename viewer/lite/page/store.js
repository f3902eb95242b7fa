// The DICOM store: dicomweb-client with our token, one layer of retries, and failures in words.

import { value } from './dicom.js';
import { Failure, fromRequest } from './failure.js';
import { part10 } from './part10.js';

const CALLS = [
  'searchForStudies', 'searchForSeries', 'retrieveSeriesMetadata', 'retrieveInstanceFrames', 'retrieveBulkData',
  'retrieveInstance', 'retrieveInstanceRendered', 'storeInstances',
];
const NO_RETRY = { retries: 0, retryableStatusCodes: [] };
export const PAGE = 100;

/** A dicomweb-client of `server` whose calls sign themselves, try again where that can help, and fail with a Failure. */
export function openStore({ DICOMwebClient }, server, session) {
  const client = new DICOMwebClient({ url: server.url, verbose: false });
  const retry = server.retry ?? NO_RETRY;
  for (const call of CALLS) {
    const once = client[call].bind(client);
    client[call] = (options) => patiently(retry, server, session, (token) => {
      client.headers = { Authorization: `Bearer ${token}` };
      return once(options);
    });
  }
  watchFrames(client);
  watchBulkData(client);
  return client;
}

/** Studies with slides, a page at a time: `{studies, more}`. Google sends 100 unless asked for another number, and never
 *  says that there are more. */
export async function searchStudies(client, offset) {
  const studies = await client.searchForStudies({
    queryParams: {
      ModalitiesInStudy: 'SM', limit: PAGE, offset, includefield: 'NumberOfStudyRelatedSeries,StudyDescription',
    },
  }) ?? [];
  return { studies, more: studies.length === PAGE };
}

const DERIVED = ['ANN', 'SEG', 'SR', 'PR', 'PM', 'OT'];

/** A study: `instances` is the metadata of its slide series, `derived` reads that of the series made from them when it is
 *  called, `[]` where there are none. Throws `missing` for a study that is not there. */
export async function openStudy(client, studyInstanceUID) {
  const series = await client.searchForSeries({ queryParams: { StudyInstanceUID: studyInstanceUID } }) ?? [];
  const metadata = async (modalities) => {
    const wanted = series.filter((entry) => modalities.includes(value(entry, 'Modality')));
    const read = (entry) => client.retrieveSeriesMetadata({
      studyInstanceUID, seriesInstanceUID: value(entry, 'SeriesInstanceUID'),
    });
    return (await Promise.all(wanted.map(read))).flat();
  };
  const instances = await metadata(['SM']);
  if (!instances.length) throw new Failure('missing', 'This store has no slides of that study.');
  return { instances, derived: () => metadata(DERIVED) };
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

/** Stores a dataset (DICOM JSON) by STOW-RS. */
export async function storeReport(client, report) {
  const [studyInstanceUID, seriesInstanceUID] = ['StudyInstanceUID', 'SeriesInstanceUID'].map((name) => value(report, name));
  try {
    await client.storeInstances({ datasets: [part10(report).buffer] });
  } catch (failure) {
    if (failure.cause?.status === 403) {
      throw new Failure('forbidden', 'Your account may look at slides here, but not store annotations. '
        + 'Ask whoever gave you access to add you to the annotators.', failure);
    }
    // An attempt whose answer was lost may have stored it: nothing else has this series.
    if (failure.cause?.status !== 409) throw failure;
    await client.retrieveSeriesMetadata({ studyInstanceUID, seriesInstanceUID });
  }
}

async function patiently(retry, server, session, attempt) {
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
        throw fromRequest(error, server);
      }
    }
  }
}

function pause({ factor = 2, minTimeout = 1000, maxTimeout = 30_000, randomize = true }, failures) {
  const longest = Math.min(minTimeout * factor ** failures, maxTimeout);
  const wait = randomize ? longest * (0.5 + Math.random() / 2) : longest;
  return new Promise((resolve) => { setTimeout(resolve, wait); });
}

/** `client.onBulkData` hears of each value that the engine reads by its link. */
function watchBulkData(client) {
  const retrieve = client.retrieveBulkData;
  client.onBulkData = () => {};
  client.retrieveBulkData = async (options) => {
    const parts = await retrieve(options);
    client.onBulkData(options.BulkDataURI, parts[0]);
    return parts;
  };
}

/** The engine swallows what happens to a tile: `client.onFrame` and `client.onFrameFailure` hear it. And a frame that the
 *  engine would draw wrongly does not get there: `client.frameProblem` says why. */
function watchFrames(client) {
  const retrieve = client.retrieveInstanceFrames;
  client.frameProblem = () => null;
  client.onFrame = () => {};
  client.onFrameFailure = () => {};
  client.retrieveInstanceFrames = async (options) => {
    try {
      const frames = await retrieve(options);
      const problem = client.frameProblem(options.sopInstanceUID, new Uint8Array(frames[0]));
      if (problem) throw problem;
      client.onFrame();
      return frames;
    } catch (failure) {
      client.onFrameFailure(failure);
      throw failure;
    }
  };
}
