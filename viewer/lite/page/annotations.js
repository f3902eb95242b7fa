// Bulk annotations (ANN) over a slide: a switch for each group. The engine fetches the coordinates and draws.

import { items, text, value, word } from './dicom.js';
import { announce, h } from './dom.js';

/** A list of switches for the groups of the ANN instances `annotations`; null without any. */
export function annotationSwitches(engine, viewer, annotations) {
  const groups = annotations.flatMap((item) => items(item, 'AnnotationGroupSequence').map((group) => ({ item, group })));
  if (!groups.length) return null;
  const added = new Set();
  const change = ({ item, group }, on) => {
    const uid = value(group, 'AnnotationGroupUID');
    if (!added.has(item)) {
      viewer.addAnnotationGroups(new engine.metadata.MicroscopyBulkSimpleAnnotations({ metadata: item }));
      added.add(item);
    }
    if (on) viewer.showAnnotationGroup(uid);
    else viewer.hideAnnotationGroup(uid);
  };
  return h('fieldset', { class: 'annotations' }, h('legend', {}, 'Annotations'), groups.map((one) => {
    const tell = (event) => attempt(event.target, () => change(one, event.target.checked));
    return h('label', {}, h('input', { type: 'checkbox', change: tell }), ` ${title(one.group)}`);
  }));
}

function attempt(box, action) {
  try {
    action();
  } catch (error) {
    box.checked = false;
    box.disabled = true;
    announce(`These annotations cannot be drawn: ${error.message}`);
  }
}

function title(group) {
  const count = word(group, 'NumberOfAnnotations');
  return `${text(group, 'AnnotationGroupLabel') || 'Unnamed'} (${count} ${word(group, 'GraphicType').toLowerCase()})`;
}
