// Regions of reports (what somebody drew) over a slide. The engine draws them; this decides which, and in whose colour.

import { Failure } from './failure.js';
import { announce, h } from './dom.js';
import { regionsOf } from './report.js';

const COLOUR = [94, 53, 177];

/** A switch for each finding of `reports` (DICOM JSON) that lies on `slide`, switched on; null without any. */
export function regionSwitches(engine, viewer, slide, reports, config) {
  const regions = reports.flatMap(regionsOf).filter(({ place }) => place === slide.place);
  const findings = Map.groupBy(regions, ({ finding }) => finding.meaning);
  if (!findings.size) return null;
  const draw = (one) => drawRegion(engine, viewer, one, config);
  return h('fieldset', { class: 'annotations' }, h('legend', {}, 'Drawn regions'), [...findings].map(([meaning, of]) => {
    const box = h('input', {
      type: 'checkbox', checked: true, change: () => of.forEach((one) => (box.checked ? draw(one) : viewer.removeROI(one.uid))),
    });
    try {
      of.forEach(draw);
    } catch (error) {
      Object.assign(box, { checked: false, disabled: true });
      announce(`“${meaning}” cannot be drawn: ${error.message}`);
    }
    return h('label', {}, box, ` ${meaning} (${of.length})`);
  }));
}

export function drawRegion(engine, viewer, { uid, finding, type, points, place }, config) {
  const { Point, Polygon, Polyline } = engine.scoord3d;
  const shape = { POINT: Point, POLYGON: Polygon, POLYLINE: Polyline }[type];
  if (!shape) throw new Failure('config', `this page does not draw a ${type.toLowerCase()}`);
  const scoord3d = new shape({ coordinates: type === 'POINT' ? points[0] : points, frameOfReferenceUID: place });
  viewer.addROI(new engine.roi.ROI({ uid, scoord3d, properties: {} }), styleOf(config, finding));
}

/** The engine's style for a finding, after the configuration's colour for it. */
export function styleOf(config, finding) {
  const known = config.annotations.find((one) => one.finding.value === finding.value);
  const color = known?.style?.stroke?.color?.slice(0, 3) ?? COLOUR;
  const stroke = { color: [...color, 1], width: known?.style?.stroke?.width ?? 3 };
  const fill = { color: [...color, 0.15] };
  return { stroke, fill, image: { circle: { radius: 7, stroke, fill: { color: [...color, 0.6] } } } };
}
