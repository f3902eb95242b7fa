// A slide's readiness in words, and what exists beside its images.

import { h } from './dom.js';

const STATUS = { ready: 'Ready', ready_degraded: 'Opens slowly', blocked: 'Cannot be shown yet' };

/** One line for the list of slides; null for a slide that is ready. */
export function badge(slide) {
  return slide.status === 'ready' ? null : h('small', { class: 'badge' }, STATUS[slide.status]);
}

/** All findings as a list; null without any. */
export function findingList(title, findings, table) {
  if (!findings.length) return null;
  return h('details', { class: 'findings', open: true }, h('summary', {}, title),
    h('ul', {}, findings.map(({ rule, severity, sentence }) => h('li', { title: table.severities[severity] },
      h('span', {}, sentence), h('small', {}, ` Rule ${rule}.`)))));
}

/** `ANN 1, SEG 2`, or nothing. */
export function objectLine(objects) {
  const kinds = [...Map.groupBy(objects, ({ kind }) => kind)].map(([kind, of]) => `${kind} ${of.length}`).sort();
  return kinds.length ? h('small', { class: 'objects' }, kinds.join(', ')) : null;
}
