// What the preparation job says of a study, for viewers: an object beside the store (its README and ADR 15). A page that cannot
// read it shows what the store has, and says so.

const root = document.querySelector('meta[name=status]').content;

/** Google answers who may not list a bucket with 403 for what is not there, too. */
const NOTHING_READ = {
  403: 'What the preparation job says of this study could not be read: it has said nothing yet, or your account may not read it. '
    + 'What is shown may lack tiles or be wrong.',
  404: 'The preparation job has said nothing about this study yet: what is shown may lack tiles or be wrong.',
};
const NO_ANSWER = 'What the preparation job says of this study could not be read: what is shown may lack tiles or be wrong.';
const READY = ['ready', 'ready_degraded'];

/** `{status, sentence, series: [{series, status, sentence}]}`; null in a stack whose page does not ask. */
export async function studyStatus(session, studyUID) {
  if (!root) return null;
  try {
    const headers = { Authorization: `Bearer ${await session.token()}` };
    const url = `${root}${encodeURIComponent(`viewer/${studyUID}.json`)}?alt=media`;
    const answer = await fetch(url, { headers, cache: 'no-store' });
    return answer.ok ? await answer.json() : unknown(NOTHING_READ[answer.status] ?? NO_ANSWER);
  } catch {
    return unknown(NO_ANSWER);
  }
}

function unknown(sentence) {
  return { status: 'unknown', series: [], sentence };
}

/** What the job says of the study, or of some of its series, where it says anything that matters to a reader. */
export function saysOf(status, series) {
  if (!status) return [];
  const said = status.series.filter((one) => !READY.includes(one.status) && (!series || series.includes(one.series)));
  if (said.length) return [...new Set(said.map(({ sentence }) => sentence))];
  return READY.includes(status.status) ? [] : [status.sentence];
}

/** `{kind, sentence}` of the Failure for a slide of these series that the job does not call ready; null for any other, and
 *  where nothing is known of it: then what the store has is shown, with a sentence. */
export function whyNotReady(status, series) {
  if (!status || status.status === 'unknown') return null;
  const said = status.series.filter((one) => series.includes(one.series));
  const unready = said.find((one) => !READY.includes(one.status)) ?? (said.length || READY.includes(status.status) ? null : status);
  return unready && { kind: unready.status === 'blocked' ? 'blocked' : 'unready', sentence: unready.sentence };
}
