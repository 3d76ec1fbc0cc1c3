// @ts-check
import { h, dated } from './dom.js';
import { t } from './language.js';
import { empty } from './notices.js';

/** @typedef {import('./desk.js').Desk} Desk */

/** The inbox: what a customer was told, the newest so many; of everybody for the manager.
 * @param {Desk} desk @param {number} most @param {(left: number) => HTMLElement | null} more offers the rest */
export async function messages(desk, most, more) {
  const message = desk.consumers.get('message');
  const missing = message?.paused ? t('messages.paused') : message?.behind && message.retryAt ? t('messages.fails') : null;
  const rows = /** @type {any[]} */ (await desk.ask({ query: 'messages', ...(desk.isManager ? {} : { customer: desk.who }) }));
  const shown = rows.slice(-most).reverse();
  return h(
    'div',
    { class: 'messages' },
    missing ? h('p', { class: 'stale' }, missing) : null,
    shown.length === 0
      ? empty(t('messages.empty'), t('messages.empty.say'))
      : h(
          'ol',
          { class: 'inbox', reversed: true },
          ...shown.map((m) =>
            h(
              'li',
              { 'data-row': m.messageId },
              h('span', { class: 'quiet' }, h('b', {}, m.customer), ` · ${t(`event.${m.kind}`)}`),
              h('p', {}, dated(m.content)),
            ),
          ),
        ),
    h('div', { class: 'lanes-foot' }, more(rows.length - shown.length)),
  );
}
