// @ts-check
import { h, fill } from './dom.js';
import { t } from './language.js';
import { openDialog } from './notices.js';

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./lanes.js').Lane} Lane */
/** @typedef {import('./lanes.js').Note} Note */

/** Shows a note: what it is, what caused it, what came of it, and how it is stored. @param {Desk} desk @param {Lane} lane @param {Note[]} notes @param {Note} note */
export function openNote(desk, lane, notes, note) {
  const body = h('div', { class: 'note-sheet' });
  const dialog = openDialog(t(note.word), 'note', body);
  const show = (/** @type {Note} */ n) => {
    const title = dialog.querySelector('h2');
    if (title) title.textContent = t(n.word);
    const had = body.contains(document.activeElement);
    const effects = notes.filter((o) => o.causes.includes(n.id));
    const causes = notes.filter((o) => n.causes.includes(o.id));
    const row = (/** @type {string} */ word, /** @type {Note[]} */ kin) =>
      h(
        'div',
        { class: 'kin-row' },
        h('h3', {}, t(word)),
        kin.length === 0
          ? h('span', { class: 'quiet' }, t('note.none'))
          : h(
              'ul',
              { role: 'list' },
              ...kin.map((o) =>
                h(
                  'li',
                  {},
                  h(
                    'button',
                    { type: 'button', class: 'kin-note', 'data-kind': o.kind, 'data-state': o.state, onclick: () => show(o) },
                    h('b', {}, t(o.word)),
                    o.sequence ? h('span', {}, ` ${o.sequence}`) : null,
                  ),
                ),
              ),
            ),
      );
    fill(
      body,
      h(
        'p',
        { class: 'facts' },
        h('span', { class: 'swatch', 'data-kind': n.kind }),
        `${t(`kind.${n.kind}`)} `,
        h('code', {}, n.code),
        n.sequence ? h('span', { class: 'quiet' }, t('note.seq', { seq: n.sequence })) : null,
        h('span', { class: 'quiet' }, t('note.where', { lane: lane.id })),
      ),
      n.state === 'waits' ? h('p', { class: 'pending' }, t('note.waits.say')) : null,
      h('div', { class: 'kin-rows' }, row('note.cause', causes), row('note.effects', effects)),
      h('h3', {}, t('note.json')),
      n.json
        ? h('pre', { tabindex: 0, role: 'group', 'aria-label': t('note.json') }, JSON.stringify(n.json, null, 2))
        : h('p', { class: 'quiet' }, t('note.noJson')),
    );
    if (had) {
      title?.setAttribute('tabindex', '-1');
      title?.focus();
    }
  };
  show(note);
}
