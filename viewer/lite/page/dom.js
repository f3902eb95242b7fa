// Building the page: elements from plain calls, and the parts that every view shows in the same way.

/** An element: `h('a', {href: '/'}, 'text', child, …)`. Attributes that are false or null are left out,
 *  functions listen. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** Replace what `parent` shows. */
export function show(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

/** A failure as the reader sees it; `actions` are buttons, `heading` is h2 below another heading. */
export function failurePanel(failure, actions, heading = 'h1') {
  return h('section', { class: `failure ${failure.kind}`, role: 'alert' },
    h(heading, {}, failure.title),
    h('p', {}, failure.message),
    h('p', { class: 'remedy' }, failure.remedy),
    h('div', { class: 'actions' }, actions));
}

/** What the browser's tab and a screen reader call this view. No name of a patient: titles end up in histories. */
export function entitle(text) {
  document.title = `${text} · ${document.getElementById('organization').textContent}`;
}

/** Says something to everybody, screen readers included. An empty text clears it. */
export function announce(text) {
  document.getElementById('status').textContent = text;
}

export function button(label, action, attributes = {}) {
  return h('button', { type: 'button', click: action, ...attributes }, label);
}

/** Placeholder for what is being fetched. */
export function waiting(text) {
  return h('p', { class: 'waiting', 'aria-busy': 'true' }, text);
}
