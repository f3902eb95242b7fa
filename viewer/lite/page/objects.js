// What was made from a slide: a switch for each group of annotations or segment, a sentence for what is not shown.

import { references, text, value, values } from './dicom.js';
import { announce, h } from './dom.js';

const UNSHOWN = { SR: 'structured reports', PR: 'presentation states', PM: 'parametric maps' };
const UNLISTED = 'Annotations are stored here that are too many for the store to list: they are not shown.';
const MISPLACED = 'Annotations refer to an image that this slide does not have: '
  + 'they would lie in the wrong place and are not shown.';

/** Elements for `objects` of `slide`, `[{kind, item}]`; none without objects. */
export function objectPanel(engine, viewer, slide, objects) {
  const of = (wanted) => objects.filter(({ kind }) => kind === wanted).map(({ item }) => item);
  const images = slide.pyramid.map((image) => value(image, 'SOPInstanceUID'));
  const fits = (item) => text(item, 'AnnotationCoordinateType') === '3D'
    || references(item).some((uid) => images.includes(uid));
  const sentences = [
    of('ANN').some((item) => !groupsOf(item).length) && UNLISTED,
    of('ANN').some((item) => !fits(item)) && MISPLACED,
    ...Object.entries(UNSHOWN).map(([kind, words]) => (
      of(kind).length && `This page does not show ${words}; this slide has ${of(kind).length}.`)),
  ].filter(Boolean);
  const switches = [
    ...of('ANN').filter(fits).flatMap((item) => groupSwitches(engine, viewer, item)),
    ...of('SEG').flatMap((item) => segmentSwitches(engine, viewer, item)),
  ];
  return [
    switches.length > 0 && h('fieldset', { class: 'objects' }, h('legend', {}, 'Annotations'), switches),
    sentences.map((sentence) => h('p', { class: 'unshown' }, sentence)),
  ];
}

const groupsOf = (item) => values(item, 'AnnotationGroupSequence');

function groupSwitches(engine, viewer, item) {
  const metadata = new engine.metadata.MicroscopyBulkSimpleAnnotations({ metadata: item });
  const add = once(() => viewer.addAnnotationGroups(metadata));
  return groupsOf(item).map((group) => {
    const count = `${text(group, 'NumberOfAnnotations')} ${text(group, 'GraphicType').toLowerCase()}`;
    return toggle(`${text(group, 'AnnotationGroupLabel') || 'Unnamed'} (${count})`, (on) => {
      add();
      viewer[on ? 'showAnnotationGroup' : 'hideAnnotationGroup'](value(group, 'AnnotationGroupUID'));
    });
  });
}

function segmentSwitches(engine, viewer, item) {
  const metadata = new engine.metadata.Segmentation({ metadata: item });
  const add = once(() => {
    const known = viewer.getAllSegments().length;
    viewer.addSegments([metadata]);
    return viewer.getAllSegments().slice(known);
  });
  return values(item, 'SegmentSequence').map((segment, place) => (
    toggle(`Segment ${text(segment, 'SegmentLabel') || place + 1}`, (on) => {
      viewer[on ? 'showSegment' : 'hideSegment'](add()[place].uid);
    })));
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

function once(action) {
  let done;
  return () => (done ??= { answer: action() }).answer;
}
