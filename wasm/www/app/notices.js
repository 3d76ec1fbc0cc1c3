// @ts-check
import { h, dated, fill, focusKey, icon } from './dom.js';
import { t, language, onLanguage } from './language.js';
import { messagesOf } from './desk.js';

/** Words to the person: short ones that pass, and one live region for a screen reader. */

const live = h('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' });
const stack = h('section', { class: 'notices' });

export function placeNotices() {
  const name = () => stack.setAttribute('aria-label', t('notices'));
  name();
  onLanguage(name);
  document.body.append(live, stack);
}

/** So long a question whether one is sure stands. */
const SURE_MS = 5000;

/** To a screen reader, briefly: in the dialog that is open, since whatever is around it is not told. @param {string} words */
export function announce(words) {
  (document.querySelector('dialog[open] > .live') ?? live).textContent = words;
}

/** Shows a notice for a while. @param {string} words @param {'good' | 'bad' | 'wait'} [tone] */
export function notice(words, tone = 'good') {
  for (const old of stack.children) if (old.textContent === words) old.remove();
  /** What had the focus before the notice took it. @type {HTMLElement | null} */
  let before = null;
  const away = () => {
    const had = note.contains(document.activeElement);
    note.remove();
    if (had) /** @type {HTMLElement | null} */ (before?.isConnected ? before : shownHeading())?.focus({ preventScroll: true });
  };
  const note = h(
    'div',
    { class: `notice ${tone}` },
    icon(tone === 'good' ? 'check' : tone === 'wait' ? 'wait' : 'cross'),
    h('p', {}, dated(words)),
    h('button', { class: 'plain', 'aria-label': t('dismiss'), onclick: away }, icon('close')),
  );
  note.addEventListener('focusin', (e) => {
    const from = /** @type {HTMLElement | null} */ (e.relatedTarget);
    if (from && !stack.contains(from)) before = from;
  });
  stack.append(note);
  while (stack.children.length > 3) stack.firstElementChild?.remove();
  window.setTimeout(away, 5000);
  announce(words);
}

/** The heading of a room in sight. */
const shownHeading = () => [...document.querySelectorAll('.room h2')].find((title) => title.checkVisibility());

/** What the page calls the fields that an error may begin with. */
const FIELDS = /** @type {Record<string, string>} */ ({
  on: 'mine.end.on',
  from: 'reserve.first',
  description: 'storage.description',
  price: 'storage.price',
  content: 'mine.review',
  rate: 'mine.review.rate',
});

/** The words of an error, in the language of the page, as a sentence. @param {any} error */
export function wordsOf(error) {
  const said = messagesOf(error)[language()] || t('error.other');
  const words = said.replace(/^(\w+)(?=: )/, (field) => (FIELDS[field] ? t(FIELDS[field]) : field));
  return words[0].toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.');
}

/** Shows an error as a notice; what is unknown is no failure. @param {any} error */
export function complain(error) {
  notice(wordsOf(error), error.code === 'outcomeUnknown' ? 'wait' : 'bad');
}

/** Says what is wrong where a dialog has its place for it, or above its buttons. @param {HTMLDialogElement} dialog @param {string} words */
export function complainIn(dialog, words) {
  let place = dialog.querySelector('[role=alert]');
  if (!place) {
    place = h('p', { class: 'refused', role: 'alert' });
    dialog.querySelector('.sheet-foot')?.before(place);
  }
  place.textContent = words;
  place.scrollIntoView({ block: 'nearest' });
}

/** Opens a dialog; it is gone once closed. @param {string} title @param {string} kind @param {...any} content */
export function openDialog(title, kind, ...content) {
  const id = `dialog-${kind}`;
  const opener = /** @type {HTMLElement | null} */ (document.activeElement);
  const around = opener?.closest('.lane, .room, rent-tour') ?? null;
  const dialog = h(
    'dialog',
    { class: `sheet ${kind}`, 'aria-labelledby': id },
    h(
      'header',
      {},
      h('h2', { id }, title),
      h('button', { class: 'plain', type: 'button', 'aria-label': t('close'), onclick: () => dialog.close() }, icon('close')),
    ),
    h('div', { class: 'sheet-body' }, ...content),
    h('div', { class: 'unseen live', role: 'status' }),
  );
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (opener && around) comeBack(opener, around);
  });
  // A press beside the sheet closes it; the second one of two belongs to what opened it.
  dialog.addEventListener('mousedown', (e) => e.target === dialog && e.detail < 2 && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** The focus comes back to what opened a dialog or, that being drawn anew or gone, to what is near it. @param {HTMLElement} opener @param {Element} around */
function comeBack(opener, around) {
  if (document.activeElement && document.activeElement !== document.body) return;
  if (opener.isConnected) return opener.focus({ preventScroll: true });
  const { key, note } = opener.dataset;
  if (key && focusKey(around, key)) return;
  const same = note ? around.querySelector(`[data-note="${CSS.escape(note)}"]`) : null;
  const near = same ?? around.querySelector('[tabindex="0"], [data-key=next]') ?? around.closest('.room')?.querySelector('h2');
  /** @type {HTMLElement | null | undefined} */ (near)?.focus({ preventScroll: true });
}

/** A button whose every press counts, those too that come while its work is under way. @param {string} label @param {string} kind @param {() => Promise<unknown>} work */
export function eachButton(label, kind, work) {
  let presses = 0;
  const all = async () => {
    try {
      for (; presses > 0; presses--) await work();
    } finally {
      presses = 0;
    }
  };
  const button = h(
    'button',
    {
      class: kind,
      type: 'button',
      onclick: () => {
        presses++;
        during(button, all);
      },
    },
    label,
  );
  return button;
}

/** A button that is busy while its work is under way, and complains if it fails. @param {string} label @param {string} kind @param {() => Promise<unknown>} work */
export function workButton(label, kind, work) {
  const button = h('button', { class: kind, type: 'button', onclick: () => during(button, work) }, label);
  return button;
}

/** A button that asks once more before it does what cannot be undone, and forgets after a while that it asked.
 * @param {string} label @param {string} sure @param {string} kind @param {() => Promise<unknown>} work */
export function sureButton(label, sure, kind, work) {
  const ask = (/** @type {boolean} */ asks) => {
    button.dataset.sure = asks ? 'yes' : '';
    button.textContent = asks ? sure : label;
  };
  const press = async (/** @type {MouseEvent} */ e) => {
    // The second click of two is no answer.
    if (e.detail > 1) return;
    if (button.dataset.sure === 'yes') return during(button, work).finally(() => ask(false));
    ask(true);
    announce(sure);
    window.setTimeout(() => ask(false), SURE_MS);
  };
  const button = h('button', { class: kind, type: 'button', onclick: press }, label);
  return button;
}

/** A button is busy while its work is under way. A refusal is said in the dialog it was asked for in, while that is open.
 * @param {HTMLButtonElement} button @param {() => Promise<unknown>} work */
export async function during(button, work) {
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  const dialog = button.closest('dialog');
  dialog?.querySelector('[role=alert]')?.replaceChildren();
  try {
    await work();
  } catch (error) {
    if (dialog?.open) complainIn(dialog, wordsOf(error));
    else complain(error);
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

/** What a form does when it is submitted: once, however often, while it is under way. @param {HTMLButtonElement} button @param {() => Promise<unknown>} work */
export const submits = (button, work) => (/** @type {Event} */ e) => {
  e.preventDefault();
  during(button, work);
};

/** Nothing here, said well. @param {string} title @param {string} words @param {...any} more */
export const empty = (title, words, ...more) =>
  h('div', { class: 'empty' }, h('p', { class: 'empty-title' }, title), h('p', {}, words), ...more);

/** A bar above everything that stays, in whatever language is chosen. @param {string} key its words' */
export function banner(key) {
  const bar = h('aside', { class: 'banner' });
  const write = () => {
    bar.setAttribute('aria-label', t('notices'));
    const away = h('button', { class: 'plain', 'aria-label': t('dismiss'), onclick: () => bar.remove() }, icon('close'));
    fill(bar, icon('wait'), h('p', {}, t(key)), away);
  };
  write();
  onLanguage(write);
  document.querySelector('.site')?.prepend(bar);
}

/** The engine stopped: the one thing to do is to load again. */
export function brokenDialog() {
  if (document.querySelector('dialog.broken')) return;
  const dialog = h(
    'dialog',
    { class: 'sheet broken', role: 'alertdialog', 'aria-labelledby': 'broken-title', 'aria-describedby': 'broken-say' },
    h(
      'div',
      { class: 'sheet-body' },
      h('h2', { id: 'broken-title' }, t('broken')),
      h('p', { id: 'broken-say' }, t('broken.say')),
      h('button', { class: 'main', type: 'button', onclick: () => location.reload() }, t('broken.reload')),
    ),
  );
  dialog.addEventListener('cancel', (e) => e.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
}

/** Whether what is stored is to blame, and not the engine or the way to it. @param {any} error */
const isOfData = (error) => ['corrupt', 'storeFailed'].includes(error.code);

/** The engine did not even start. Where it is the data that cannot be read, loading again would never help.
 * @param {any} error @param {() => Promise<unknown>} startOver */
export function failedScreen(error, startOver) {
  const again = h('button', { class: 'main', type: 'button', onclick: () => location.reload() }, t('failed.again'));
  const anew = isOfData(error) ? sureButton(t('data.reset'), t('data.reset.sure'), 'bad', startOver) : null;
  const words = h(
    'div',
    { role: 'alert' },
    h('h1', {}, t('failed')),
    h('p', {}, wordsOf(error)),
    anew ? h('p', {}, t('failed.data')) : null,
  );
  document.querySelector('.loading')?.remove();
  document.body.append(h('main', { class: 'loading failed' }, words, h('div', { class: 'actions' }, again, anew)));
  again.focus();
}
