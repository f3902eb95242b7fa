// What the preparation job says of a study, for viewers: an object beside the store (its README and ADR 15). A page
// that cannot read it shows what the store has, and says so.

const root = document.querySelector('meta[name=status]').content;
const NO_ANSWER = 'What the preparation job says of this study could not be read';
/** Google answers who may not list a bucket with 403 for what is not there, too. */
const NOT_READ = {
  403: `${NO_ANSWER}: it has said nothing yet, or your account may not read it`,
  404: 'The preparation job has said nothing about this study yet',
};
const READY = ['ready', 'ready_degraded'];

/** `{status, sentence, series: [{series, status, sentence}]}`; null in a stack whose page does not ask. */
export async function studyStatus(session, studyUID) {
  if (!root) return null;
  let code;
  try {
    const headers = { Authorization: `Bearer ${await session.token()}` };
    const url = `${root}${encodeURIComponent(`viewer/${studyUID}.json`)}?alt=media`;
    const answer = await fetch(url, { headers, cache: 'no-store' });
    if (answer.ok) return await answer.json();
    code = answer.status;
  } catch { /* Nothing was read. */ }
  const sentence = `${NOT_READ[code] ?? NO_ANSWER}. What is shown may lack tiles or be wrong.`;
  return { status: 'unknown', series: [], sentence };
}

/** What the job does not call ready, `[{status, sentence}]`: of these series, or any; else of the study as a whole. */
export function notReady(status, series) {
  if (!status) return [];
  const named = status.series.filter((entry) => !series || series.includes(entry.series));
  const unready = named.filter((entry) => !READY.includes(entry.status));
  if (unready.length || (series && named.length) || READY.includes(status.status)) return unready;
  return [status];
}
