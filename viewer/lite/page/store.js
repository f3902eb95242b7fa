// The DICOM store: dicomweb-client with our token, one layer of retries, and failures in words.

import { Failure, fromRequest } from './failure.js';
import { frameProblem } from './codec.js';

const CALLS = [
  'searchForStudies', 'searchForSeries', 'retrieveSeriesMetadata', 'retrieveInstanceFrames', 'retrieveBulkData',
  'retrieveInstance', 'retrieveInstanceRendered',
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

/** Metadata of every instance of every slide series of the study; throws `missing` for a study that is not there. */
export async function studyMetadata(client, studyInstanceUID) {
  const series = await client.searchForSeries({ queryParams: { Modality: 'SM', StudyInstanceUID: studyInstanceUID } }) ?? [];
  if (!series.length) throw new Failure('missing', 'This store has no slides of that study.');
  const uids = series.map((entry) => entry['0020000E'].Value[0]);
  const metadata = (seriesInstanceUID) => client.retrieveSeriesMetadata({ studyInstanceUID, seriesInstanceUID });
  return (await Promise.all(uids.map(metadata))).flat();
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

/** The engine swallows what happens to a tile: `client.onFrame` and `client.onFrameFailure` hear it. And a frame that the engine cannot decode
 *  would end one of its workers for good, or be drawn wrongly: it does not get there. */
function watchFrames(client) {
  const retrieve = client.retrieveInstanceFrames;
  client.frameSizes = new Map();
  client.onFrame = () => {};
  client.onFrameFailure = () => {};
  client.retrieveInstanceFrames = async (options) => {
    try {
      const frames = await retrieve(options);
      const problem = frameProblem(new Uint8Array(frames[0]), client.frameSizes.get(options.sopInstanceUID));
      if (problem) throw new Failure('blocked', problem);
      client.onFrame();
      return frames;
    } catch (failure) {
      client.onFrameFailure(failure);
      throw failure;
    }
  };
}
