// What was made from a slide: a switch for each group of annotations or segment, a sentence for what is not shown.

import { changed, references, text, value, values } from './dicom.js';
import { announce, h } from './dom.js';

/** What the engine draws: the parts of an object, and how they are handed over, shown and hidden. The engine finds a
 *  group by its number and keeps parts by UIDs, which other objects may have too: both are given anew in `marks`. */
const DRAWN = {
  ANN: {
    parts: 'AnnotationGroupSequence',
    unlisted: 'Annotations are stored here that are too many for the store to list: they are not shown.',
    marks: (uid, place) => ({ AnnotationGroupUID: [uid], AnnotationGroupNumber: [place + 1] }),
    title: (group) => `${text(group, 'AnnotationGroupLabel') || 'Unnamed'} (${count(group)})`,
    add: (engine, viewer, metadata) => (
      viewer.addAnnotationGroups(new engine.metadata.MicroscopyBulkSimpleAnnotations({ metadata }))),
    show: 'showAnnotationGroup', hide: 'hideAnnotationGroup',
  },
  SEG: {
    parts: 'SegmentSequence',
    unlisted: 'A segmentation is stored here whose segments the store does not list: it is not shown.',
    marks: (uid) => ({ TrackingUID: [uid] }),
    title: (segment, place) => `Segment ${text(segment, 'SegmentLabel') || place + 1}`,
    add: (engine, viewer, metadata) => viewer.addSegments([new engine.metadata.Segmentation({ metadata })]),
    show: 'showSegment', hide: 'hideSegment',
  },
};
const UNSHOWN = { SR: 'structured reports', PR: 'presentation states', PM: 'parametric maps' };
const MISPLACED = 'Annotations refer to an image that this slide does not have: '
  + 'they would lie in the wrong place and are not shown.';

/** Elements for `objects` of `slide`, `[{kind, item}]`; none without objects. */
export function objectPanel(engine, viewer, slide, objects) {
  const images = slide.pyramid.map((image) => value(image, 'SOPInstanceUID'));
  const fits = ({ kind, item }) => kind !== 'ANN' || text(item, 'AnnotationCoordinateType') === '3D'
    || references(item).some((uid) => images.includes(uid));
  const drawn = objects.filter(({ kind }) => kind in DRAWN);
  const unlisted = drawn.filter(({ kind, item }) => !values(item, DRAWN[kind].parts).length);
  const switches = drawn.filter(fits).flatMap(({ kind, item }) => switchesOf(engine, viewer, DRAWN[kind], item));
  const sentences = [
    ...new Set(unlisted.map(({ kind }) => DRAWN[kind].unlisted)),
    ...drawn.every(fits) ? [] : [MISPLACED],
    ...Object.entries(UNSHOWN).map(([unshown, words]) => [words, objects.filter(({ kind }) => kind === unshown).length])
      .filter(([, number]) => number)
      .map(([words, number]) => `This page does not show ${words}; this slide has ${number}.`),
  ];
  const list = h('fieldset', { class: 'objects' }, h('legend', {}, 'Annotations'), switches);
  return [...switches.length ? [list] : [], ...sentences.map((sentence) => h('p', { class: 'unshown' }, sentence))];
}

function count(group) {
  const number = value(group, 'NumberOfAnnotations');
  const shape = text(group, 'GraphicType').toLowerCase() || 'annotation';
  return `${number?.toLocaleString() ?? ''} ${shape}${number === 1 ? '' : 's'}`.trim();
}

function switchesOf(engine, viewer, { parts, marks, title, add, show, hide }, item) {
  const uidOf = (place) => `${value(item, 'SOPInstanceUID')}.${place + 1}`;
  const marked = values(item, parts).map((part, place) => changed(part, marks(uidOf(place), place)));
  let added = false;
  return marked.map((part, place) => toggle(title(part, place), (on) => {
    if (!added) add(engine, viewer, changed(item, { [parts]: marked }));
    added = true;
    viewer[on ? show : hide](uidOf(place));
  }));
}

function toggle(title, show) {
  const change = () => {
    try {
      show(box.checked);
    } catch (error) {
      Object.assign(box, { checked: false, disabled: true });
      box.parentElement.append(h('small', {}, ' cannot be drawn'));
      announce(`${title} cannot be drawn: ${error.message}`);
    }
  };
  const box = h('input', { type: 'checkbox', change });
  return h('label', {}, box, ` ${title}`);
}
