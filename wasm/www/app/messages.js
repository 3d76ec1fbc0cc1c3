// @ts-check
import { h, dated, fill } from './dom.js';
import { t } from './language.js';
import { empty } from './notices.js';

/** @typedef {import('./desk.js').Desk} Desk */

const SHOWN_MAX = 100;

/** The inbox: what a customer was told; all of it for the manager. @param {Desk} desk */
export function messages(desk) {
  const place = h('div', { class: 'messages' });
  const paused = desk.consumers.get('message')?.paused;
  desk.ask({ query: 'messages', ...(desk.isManager ? {} : { customer: desk.who }) }).then(
    (/** @type {any[]} */ rows) => {
      const shown = rows.slice(-SHOWN_MAX).reverse();
      fill(
        place,
        paused ? h('p', { class: 'stale' }, t('messages.paused')) : null,
        shown.length === 0
          ? empty(t('messages.empty'), t('messages.empty.say'))
          : h(
              'ol',
              { class: 'inbox', reversed: true },
              ...shown.map((m) =>
                h('li', {}, h('span', { class: 'quiet' }, h('b', {}, m.customer), ` · ${t(`event.${m.kind}`)}`), h('p', {}, dated(m.content))),
              ),
            ),
      );
    },
    (/** @type {any} */ error) => desk.fail(error),
  );
  return place;
}
