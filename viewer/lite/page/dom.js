// Building the page: elements from plain calls, and the parts that every view shows in the same way.

const shown = (children) => children.flat(Infinity).filter((child) => child != null && child !== false);

/** An element: `h('a', {href: '/'}, 'text', child, …)`. What is false or null is left out, functions listen. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...shown(children));
  return element;
}

export const show = (parent, ...children) => parent.replaceChildren(...shown(children));

/** A failure as the reader sees it; `actions` are buttons, `heading` is h2 below another heading. */
export const failurePanel = ({ kind, title, message, remedy }, actions, heading = 'h1') => h(
  'section', { class: `failure ${kind}`, role: 'alert' }, h(heading, {}, title), h('p', {}, message),
  h('p', { class: 'remedy' }, remedy), actions.length > 0 && h('div', { class: 'actions' }, actions));

export const setting = (name) => document.querySelector(`meta[name=${name}]`).content;
export const byId = (id) => document.getElementById(id);
/** What the browser's tab and a screen reader call this view. No name of a patient: titles end up in histories. */
export const entitle = (text) => { document.title = `${text} · ${byId('organization').textContent}`; };
/** Says something to screen readers. An empty text clears it. */
export const announce = (text) => { byId('status').textContent = text; };

export const button = (label, click, attributes = {}) => h('button', { type: 'button', click, ...attributes }, label);
export const waiting = (text) => h('p', { class: 'waiting', 'aria-busy': 'true' }, text);
