// The list of studies that have slides: a search in the store, its words in the address.

import { date, personName, text, value } from './dicom.js';
import { announce, button, entitle, h, show, waiting } from './dom.js';
import { loadEngine } from './engine.js';
import { searchStudies } from './store.js';

const COLUMNS = [
  ['Patient', (study) => personName(study, 'PatientName') || '—'],
  ['Patient ID', (study) => text(study, 'PatientID')],
  ['Accession', (study) => text(study, 'AccessionNumber')],
  ['Study date', (study) => date(study, 'StudyDate')],
  ['Description', (study) => text(study, 'StudyDescription')],
  ['Series', (study) => text(study, 'NumberOfStudyRelatedSeries')],
];
const FIELDS = [['patient', 'Patient name or ID', 'search'], ['accession', 'Accession', 'search'], ['from', 'From', 'date'], ['to', 'To', 'date']];

export async function showWorklist(view, { client, config, go }) {
  entitle('Studies');
  if (config.disableWorklist) {
    show(view, h('section', { class: 'empty' }, h('h1', {}, 'Studies'), h('p', {}, 'This viewer opens studies by link only.')));
    return;
  }
  const asked = Object.fromEntries(new URLSearchParams(location.search));
  show(view, waiting('Looking for studies…'));
  const { studies, cut } = await searchStudies(client, asked);
  void loadEngine().catch(() => {}); // A slide says it when it is opened.
  const number = `${studies.length} ${studies.length === 1 ? 'study' : 'studies'}`;
  const sentence = cut ? `The first ${number}; the store has more: narrow the search.` : number;
  const searched = FIELDS.some(([name]) => asked[name]);
  const none = searched ? 'No study fits this search.' : 'The store has no studies with slides yet.';
  show(view, h('section', { class: 'worklist' },
    h('div', { class: 'bar' }, h('h1', {}, 'Studies'), h('p', { class: 'count' }, sentence)),
    form(asked, go),
    h('div', { class: 'table' }, h('table', {},
      h('thead', {}, h('tr', {}, COLUMNS.map(([name]) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, studies.map(row), !studies.length && h('tr', {}, h('td', { colspan: COLUMNS.length, class: 'none' }, none)))))));
  announce(`${number} shown.`);
}

function form(asked, go) {
  const submit = (event) => {
    event.preventDefault();
    const words = [...new FormData(event.target)].map(([name, word]) => [name, word.trim()]).filter(([, word]) => word);
    go(`/?${new URLSearchParams(words)}`.replace(/\?$/, ''));
  };
  return h('form', { class: 'search', role: 'search', submit },
    FIELDS.map(([name, title, type]) => h('label', {}, title, h('input', { name, type, value: asked[name] ?? '', autocomplete: 'off' }))),
    h('button', { class: 'primary' }, 'Search'), button('Clear', () => go('/')));
}

function row(study) {
  const [name, ...cells] = COLUMNS.map(([, read]) => read(study));
  return h('tr', {}, h('td', {}, h('a', { href: `/studies/${value(study, 'StudyInstanceUID')}` }, name)), cells.map((cell) => h('td', {}, cell)));
}
