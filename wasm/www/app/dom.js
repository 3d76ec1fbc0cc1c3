// @ts-check
/**
 * Elements are made here and nowhere else: text only ever by `textContent`.
 * @typedef {Node | string | number | null | undefined | false} Child
 */

/**
 * Makes an element. `on…` are listeners, `class`, `data-…`, `aria-…` and the rest attributes; true is a bare attribute,
 * false and null are left out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, any>} [attributes] @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked' || name === 'disabled') /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...kids(children));
  return element;
}

/** @param {(Child | Child[])[]} children @returns {(Node | string)[]} */
const kids = (children) =>
  children
    .flat()
    .filter((c) => c !== null && c !== undefined && c !== false)
    .map((c) => (c instanceof Node ? c : String(c)));

/** Puts these in place of all there is. @param {Element} parent @param {...(Child | Child[])} children */
export function fill(parent, ...children) {
  parent.replaceChildren(...kids(children));
}

/** Sets text only where it differs, so that nothing is announced or laid out again for nothing. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Text with its dates in one piece each, where a line would break within them. @param {string} text */
export const dated = (text) =>
  text.split(/(\d{4}-\d{2}-\d{2})/).map((part, i) => (i % 2 ? h('span', { class: 'whole' }, part) : part));

/** Gives the focus to what has that key or, that being gone, to what else has its number; tells whether there was any.
 * @param {Element} within @param {string} key */
export function focusKey(within, key) {
  const number = /-\d+$/.exec(key)?.[0];
  const found = /** @type {HTMLElement | null} */ (
    within.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? (number ? within.querySelector(`[data-key$="${number}"]`) : null)
  );
  found?.focus({ preventScroll: true });
  return Boolean(found);
}

/** In a rush, so long passes between two drawings of the same thing. */
const REST_MS = 80;

/** The same work at most once a frame, and less often in a rush, however often it is asked for. @param {() => void} work */
export function perFrame(work) {
  let asked = false;
  let last = -REST_MS;
  const draw = () => {
    asked = false;
    last = performance.now();
    work();
  };
  return () => {
    if (asked) return;
    asked = true;
    window.setTimeout(() => requestAnimationFrame(draw), Math.max(0, last + REST_MS - performance.now()));
  };
}

const SVG = 'http://www.w3.org/2000/svg';

/** Makes an SVG element. @param {string} tag @param {Record<string, string | number>} attributes @param {...SVGElement} children */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

const ICONS = {
  close: ['M5 5l10 10M15 5L5 15'],
  sun: [
    'M10 3v1.6M10 15.4V17M3 10h1.6M15.4 10H17M5 5l1.2 1.2M13.8 13.8L15 15M15 5l-1.2 1.2M6.2 13.8L5 15',
    'M10 6.8a3.2 3.2 0 100 6.4 3.2 3.2 0 000-6.4z',
  ],
  moon: ['M15.5 12.2A6 6 0 017.8 4.5a6 6 0 107.7 7.7z'],
  left: ['M12 5l-5 5 5 5'],
  right: ['M8 5l5 5-5 5'],
  check: ['M4.5 10.5l3.5 3.5 7.5-8'],
  cross: ['M6 6l8 8M14 6l-8 8'],
  wait: ['M10 4a6 6 0 100 12 6 6 0 000-12z', 'M10 6.8V10l2.2 1.6'],
  pause: ['M7.5 5.5v9M12.5 5.5v9'],
  play: ['M7 5l8 5-8 5z'],
  crash: ['M11 3L5 11h4l-1 6 6-8h-4z'],
  board: ['M4 4h5v5H4zM11 4h5v5h-5zM4 11h5v5H4zM11 11h5v5h-5z'],
  storm: ['M3 6h4v4H3zM13 4h4v4h-4zM13 12h4v4h-4z', 'M7 8h3V6h3M10 8v6h3'],
  bench: ['M4 6h6M14 6h2M4 14h2M10 14h6', 'M12 4v4M8 12v4'],
  star: ['M10 3.6l2 4.1 4.5.6-3.3 3.1.8 4.5-4-2.2-4 2.2.8-4.5L3.5 8.3 8 7.7z'],
  search: ['M9 4a5 5 0 100 10A5 5 0 009 4z', 'M13 13l3.5 3.5'],
  add: ['M10 4.5v11M4.5 10h11'],
  compass: ['M10 3a7 7 0 100 14 7 7 0 000-14z', 'M13 7l-2 4-4 2 2-4z'],
};

/** @param {keyof typeof ICONS} name */
export function icon(name) {
  const paths = ICONS[name].map((d) => svg('path', { d }));
  return svg('svg', { viewBox: '0 0 20 20', class: `icon icon-${name}`, 'aria-hidden': 'true', focusable: 'false' }, ...paths);
}
