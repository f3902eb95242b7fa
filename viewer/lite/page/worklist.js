// The list of studies that have slides, a page of the store at a time.

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

export async function showWorklist(view, { client, config }) {
  entitle('Studies');
  if (config.disableWorklist) {
    const sentence = 'This viewer opens studies by link only.';
    show(view, h('section', { class: 'empty' }, h('h1', {}, 'Studies'), h('p', {}, sentence)));
    return;
  }
  show(view, waiting('Looking for studies…'));
  const first = await searchStudies(client, 0);
  void loadEngine().catch(() => {}); // A slide says it when it is opened.
  const list = new Worklist(client, first);
  show(view, list.element);
}

class Worklist {
  #client; #studies = []; #body = h('tbody'); #count = h('p', { class: 'count' }); #foot = h('div', { class: 'actions' });
  #filter = h('input', {
    type: 'search', placeholder: 'Filter', 'aria-label': 'Filter the studies shown', input: () => this.#draw(),
  });

  constructor(client, page) {
    this.#client = client;
    this.element = h('section', { class: 'worklist' },
      h('div', { class: 'bar' }, h('h1', {}, 'Studies'), this.#count, this.#filter),
      h('div', { class: 'table' }, h('table', {},
        h('thead', {}, h('tr', {}, COLUMNS.map(([name]) => h('th', { scope: 'col' }, name)))), this.#body)),
      this.#foot);
    this.#add(page);
  }

  #add({ studies, more }) {
    this.#studies.push(...studies);
    show(this.#foot, more && button('Show more studies', (event) => this.#more(event.target)));
    this.#draw(more);
    announce(`${this.#studies.length} studies shown.`);
  }

  async #more(pressed) {
    pressed.disabled = true;
    try {
      this.#add(await searchStudies(this.#client, this.#studies.length));
    } catch (failure) {
      pressed.disabled = false;
      announce(failure.message);
    }
  }

  #draw() {
    const wanted = this.#filter.value.trim().toLowerCase();
    const rows = this.#studies.map((study) => [study, COLUMNS.map(([, read]) => read(study))])
      .filter(([, cells]) => cells.join(' ').toLowerCase().includes(wanted));
    this.#count.textContent = `${rows.length} ${rows.length === 1 ? 'study' : 'studies'}`;
    show(this.#body, rows.map(([study, cells]) => row(value(study, 'StudyInstanceUID'), cells)),
      !rows.length && h('tr', {}, h('td', { colspan: COLUMNS.length, class: 'none' },
        wanted ? 'No study shown matches the filter.' : 'The store has no studies with slides yet.')));
  }
}

function row(uid, [name, ...cells]) {
  return h('tr', {}, h('td', {}, h('a', { href: `/studies/${uid}` }, name)), cells.map((cell) => h('td', {}, cell)));
}
