// What the preparation job says of a study, for viewers: an object beside the store (its README and ADR 15). Reading it is
// an extra: a page that may not, or a stack without a job, shows the study as it is.

const root = document.querySelector('meta[name=status]').content;

const UNSEEN = {
  status: 'pending', series: [],
  sentence: 'The preparation job has said nothing about this study yet: what is shown may lack tiles or be wrong.',
};

/** `{status, sentence, series: [{series, status, sentence}]}`, or null where it cannot be read. */
export async function studyStatus(session, studyUID) {
  if (!root) return null;
  try {
    const headers = { Authorization: `Bearer ${await session.token()}` };
    const answer = await fetch(`${root}${encodeURIComponent(`viewer/${studyUID}.json`)}?alt=media`, { headers });
    if (answer.status === 404) return UNSEEN;
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
