// What was made from a slide: a switch for each group of annotations (ANN) and each segment (SEG), and a sentence for
// whatever is there and not shown.

import { references, text, value, values } from './dicom.js';
import { announce, h } from './dom.js';

const UNSHOWN = { SR: 'structured reports', PR: 'presentation states', PM: 'parametric maps' };

/** Elements for `objects` of `slide`, `[{kind, item}]`; none without objects. */
export function objectPanel(engine, viewer, slide, objects) {
  const images = new Set(slide.pyramid.map((image) => value(image, 'SOPInstanceUID')));
  const of = (wanted) => objects.filter(({ kind }) => kind === wanted).map(({ item }) => item);
  const sentences = [];
  const switches = [
    ...of('ANN').flatMap((item) => {
      const groups = values(item, 'AnnotationGroupSequence');
      if (!groups.length) sentences.push('Annotations are stored here that are too many for the store to list: they are not shown.');
      if (text(item, 'AnnotationCoordinateType') !== '3D' && !references(item).some((uid) => images.has(uid))) {
        sentences.push('Annotations refer to an image that this slide does not have: they would lie in the wrong place and are not shown.');
        return [];
      }
      const metadata = new engine.metadata.MicroscopyBulkSimpleAnnotations({ metadata: item });
      const add = once(() => viewer.addAnnotationGroups(metadata));
      return groups.map((group) => toggle(groupTitle(group), (on) => {
        add();
        viewer[on ? 'showAnnotationGroup' : 'hideAnnotationGroup'](value(group, 'AnnotationGroupUID'));
      }));
    }),
    ...of('SEG').flatMap((item) => {
      const metadata = new engine.metadata.Segmentation({ metadata: item });
      const known = new Set(viewer.getAllSegments().map(({ uid }) => uid));
      const add = once(() => {
        viewer.addSegments([metadata]);
        return viewer.getAllSegments().filter(({ uid }) => !known.has(uid));
      });
      return values(item, 'SegmentSequence').map((segment, place) => toggle(`Segment ${text(segment, 'SegmentLabel') || place + 1}`, (on) => {
        const { uid } = add()[place];
        viewer[on ? 'showSegment' : 'hideSegment'](uid);
      }));
    }),
  ];
  for (const [kind, words] of Object.entries(UNSHOWN)) {
    if (of(kind).length) sentences.push(`This page does not show ${words}; this slide has ${of(kind).length}.`);
  }
  return [
    switches.length && h('fieldset', { class: 'objects' }, h('legend', {}, 'Annotations'), switches),
    sentences.map((sentence) => h('p', { class: 'unshown' }, sentence)),
  ];
}

function groupTitle(group) {
  const kind = text(group, 'GraphicType').toLowerCase();
  return `${text(group, 'AnnotationGroupLabel') || 'Unnamed'} (${text(group, 'NumberOfAnnotations')} ${kind})`;
}

function toggle(title, change) {
  const box = h('input', { type: 'checkbox', change: () => {
    try {
      change(box.checked);
    } catch (error) {
      box.checked = false;
      box.disabled = true;
      label.append(h('small', {}, ' cannot be drawn'));
      announce(`${title} cannot be drawn: ${error.message}`);
    }
  } });
  const label = h('label', {}, box, ` ${title}`);
  return label;
}

function once(action) {
  let done;
  return () => { done ??= { answer: action() }; return done.answer; };
}
