// The list of studies that have slides: a search in the store, its words in the address.

import { date, personName, text, value } from './dicom.js';
import { announce, button, entitle, h, show, waiting } from './dom.js';
import { loadEngine } from './slide.js';
import { searchStudies } from './store.js';

const COLUMNS = {
  'Patient ID': (study) => text(study, 'PatientID'),
  Accession: (study) => text(study, 'AccessionNumber'),
  'Study date': (study) => date(study, 'StudyDate'),
  Description: (study) => text(study, 'StudyDescription'),
  Series: (study) => text(study, 'NumberOfStudyRelatedSeries'),
};
const FIELDS = [
  ['patient', 'Patient name or ID', 'search'], ['accession', 'Accession', 'search'],
  ['from', 'From', 'date'], ['to', 'To', 'date'],
];

export async function showWorklist(view, { client, go, whileHere }) {
  entitle('Studies');
  show(view, waiting('Looking for studies…'));
  const asked = Object.fromEntries(new URLSearchParams(location.search));
  const { studies, cut } = await whileHere(searchStudies(client, asked));
  void loadEngine().catch(() => {}); // A slide says it when it is opened.
  const number = `${studies.length} ${studies.length === 1 ? 'study' : 'studies'}`;
  const none = location.search ? 'No study fits this search.' : 'The store has no studies with slides yet.';
  const columns = ['Patient', ...Object.keys(COLUMNS)];
  show(view, h('section', { class: 'worklist' },
    h('div', { class: 'bar' }, h('h1', {}, 'Studies'),
      h('p', { class: 'count' }, cut ? `The first ${number}; the store has more: narrow the search.` : number)),
    form(asked, go),
    h('div', { class: 'table' }, h('table', {},
      h('thead', {}, h('tr', {}, columns.map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, studies.length ? studies.map(row) : h('tr', {}, h('td', { colspan: columns.length }, none)))))));
  announce(`${number} shown.`);
}

function form(asked, go) {
  const submit = (event) => {
    event.preventDefault();
    const words = [...new FormData(event.target)].map(([name, word]) => [name, word.trim()]).filter(([, word]) => word);
    go(`/?${new URLSearchParams(words)}`.replace(/\?$/, ''));
  };
  const field = ([name, title, type]) => (
    h('label', {}, title, h('input', { name, type, value: asked[name], autocomplete: 'off' })));
  return h('form', { class: 'search', role: 'search', submit },
    FIELDS.map(field), h('button', { class: 'primary' }, 'Search'), button('Clear', () => go('/')));
}

function row(study) {
  const href = `/studies/${value(study, 'StudyInstanceUID')}`;
  const link = h('a', { href }, personName(study, 'PatientName') || '—');
  return h('tr', {}, [link, ...Object.values(COLUMNS).map((read) => read(study))].map((cell) => h('td', {}, cell)));
}
