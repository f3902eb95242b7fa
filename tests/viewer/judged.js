// A study judged by the page's rules: findings by series, and those about the study.
import { seriesFindings, studyFindings, studyOf } from '../../viewer/lite/page/findings.js';

export function judged(table, items, uids) {
  const study = studyOf(items);
  const found = Object.fromEntries(uids.map((uid) => [uid, seriesFindings(table, study, uid)]));
  return { ...found, study: studyFindings(table, study) };
}
