// The slide's label and overview, turned as the slide is. On a canvas: the page's policy admits no blob: images.

import { values } from './dicom.js';
import { button, h, show, waiting } from './dom.js';
import { renderedImage } from './store.js';

export function labelButtons(client, { label, overview }) {
  return [['Label', label], ['Overview', overview]].filter(([, instance]) => instance)
    .map(([name, instance]) => button(name, () => open(client, name, instance), { 'aria-haspopup': 'dialog' }));
}

async function open(client, name, instance) {
  const place = h('div', {}, waiting('Loading…'));
  const dialog = h('dialog', { 'aria-label': `${name} of the slide`, close: () => dialog.remove() }, place,
    button('Close', () => dialog.close()));
  document.body.append(dialog);
  dialog.showModal();
  try {
    show(place, turned(await renderedImage(client, instance), quarters(instance), `${name} of the slide`));
  } catch (failure) {
    show(place, h('p', { role: 'alert' }, `The ${name.toLowerCase()} cannot be shown. ${failure.message}`));
  }
}

/** Quarter turns clockwise, as the engine turns a slide by ImageOrientationSlide: the glass's X axis goes down. */
export function quarters(instance) {
  const { 0: across, 3: down } = values(instance, 'ImageOrientationSlide').map(Number);
  return across === undefined ? 0 : (Math.round(Math.atan2(-down, across) / (Math.PI / 2)) + 5) % 4;
}

function turned(picture, turns, name) {
  const [width, height] = turns % 2 ? [picture.height, picture.width] : [picture.width, picture.height];
  const canvas = h('canvas', { width, height, role: 'img', 'aria-label': name });
  const context = canvas.getContext('2d');
  context.translate(width / 2, height / 2);
  context.rotate(turns * Math.PI / 2);
  context.drawImage(picture, -picture.width / 2, -picture.height / 2);
  return canvas;
}
