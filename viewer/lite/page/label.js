// The slide's label and overview, drawn by the store and shown in a dialog. On a canvas: the page's policy admits no blob:
// images, and nothing stays in the browser's cache.

import { button, h, show, waiting } from './dom.js';
import { renderedImage } from './store.js';

const VIEWPORT = '1024,1024';

/** A button for each of the two that the slide has. */
export function labelButtons(client, { label, overview }) {
  return [['Label', label], ['Overview', overview]].filter(([, instance]) => instance)
    .map(([name, instance]) => button(name, () => open(client, name, instance), { 'aria-haspopup': 'dialog' }));
}

async function open(client, name, instance) {
  const place = h('div', {}, waiting('Loading…'));
  const dialog = h('dialog', { 'aria-label': `${name} of the slide`, close: () => dialog.remove() },
    place, button('Close', () => dialog.close()));
  document.body.append(dialog);
  dialog.showModal();
  try {
    const picture = await renderedImage(client, instance, VIEWPORT);
    const canvas = h('canvas', { width: picture.width, height: picture.height, role: 'img', 'aria-label': `${name} of the slide` });
    canvas.getContext('2d').drawImage(picture, 0, 0);
    show(place, canvas);
  } catch (failure) {
    show(place, h('p', { role: 'alert' }, `The ${name.toLowerCase()} cannot be shown. ${failure.message}`));
  }
}
