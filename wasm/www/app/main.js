// @ts-check
import { open } from '../engine/engine.js';
import { h, say } from './dom.js';
import { t, keep, language, onLanguage, recall } from './language.js';
import { Desk, FILE } from './desk.js';
import { RentTop, RentRooms } from './top.js';
import { RentBoard } from './board.js';
import { RentStorm } from './storm.js';
import { RentBench } from './bench.js';
import { RentPromises } from './promises.js';
import { RentTour } from './tour.js';
import { tellSettled } from './storage.js';
import { twelve } from './seed.js';
import { banner, brokenDialog, complain, failedScreen, notice, placeNotices } from './notices.js';

/** Opens the engine, sets out the rooms, and on a first visit fills the site and begins the tour. */
export const desk = new Desk();

/** A room with its head. @param {string} name @param {HTMLElement} content */
function room(name, content) {
  const title = h('h2', { id: `room-${name}`, tabindex: -1 });
  const words = h('p', { class: 'quiet' });
  const write = () => {
    say(title, t(`room.${name}`));
    say(words, t(`room.${name}.say`));
  };
  write();
  onLanguage(write);
  return h(
    'section',
    { class: 'room', 'data-room': name, 'aria-labelledby': `room-${name}` },
    h('header', { class: 'room-head' }, title, words),
    content,
  );
}

async function begin() {
  placeNotices();
  const loading = document.querySelector('.loading');
  for (const words of loading?.querySelectorAll('[data-word]') ?? []) say(words, t(/** @type {HTMLElement} */ (words).dataset.word ?? ''));
  try {
    const site = await open({ name: FILE });
    desk.on('broken', brokenDialog);
    desk.on('told', (e) => complain(e.detail));
    desk.on('settled', (e) => tellSettled(e.detail));
    await desk.take(site);
    const empty = desk.status?.events === 0;
    if (empty) await desk.send({ command: 'importStorages', storages: twelve(language()) }, 'manager');
    else desk.tried.reloads = 1;
    await desk.sync();
    const rooms = new RentRooms();
    const top = new RentTop(desk);
    const tour = new RentTour(desk, (name) => rooms.show(name));
    top.tour = () => {
      tour.begin();
      tour.querySelector('button')?.focus();
    };
    tour.left = () => top.focusOn('tour');
    // The board may be out of sight, and so nowhere to go.
    const skip = h('a', { class: 'skip', href: '#room-board', onclick: () => rooms.show('board') }, t('skip'));
    onLanguage(() => say(skip, t('skip')));
    const header = h('header', { class: 'top' }, top);
    const main = h(
      'main',
      { class: 'rooms' },
      room('board', new RentBoard(desk)),
      room('storm', new RentStorm(desk)),
      room('bench', new RentBench(desk)),
    );
    const footer = h('footer', { class: 'foot' }, new RentPromises(desk));
    loading?.remove();
    document.body.append(h('div', { class: 'site' }, skip, header, rooms, main, footer), tour);
    if (site.why) banner(site.why === 'secondTab' ? 'secondTab' : 'noFileSystem');
    if (recall('fresh') === 'yes') {
      keep('fresh', '');
      if (empty) notice(t('data.fresh'));
      document.getElementById('room-board')?.focus();
    }
    performance.mark('board');
    desk.verify().catch((error) => desk.fail(error));
    desk.beat(300);
  } catch (error) {
    failedScreen(error, () => desk.startOver());
  }
}

// The site tells customers in the language of the page.
onLanguage(() => desk.site && desk.send({ command: 'set', key: 'language', value: language() }, 'manager').catch(complain));
begin();
