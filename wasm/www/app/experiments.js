// @ts-check
import { standing } from './card.js';
import { later } from './format.js';
import { t } from './language.js';

/** What one can do to the site to see whether it holds; the bench and the tour do the same. @typedef {import('./desk.js').Desk} Desk */

/** The first storage that is free from today on, if any. @param {Desk} desk */
export function firstFree(desk) {
  const free = [...desk.views.values()].filter((v) => standing(desk, v).tone === 'free' && desk.liveOf(v.storageId).length === 0);
  // One by the day needs an end; any other may be open-ended.
  const first = free.find((row) => desk.storages.get(row.storageId)?.per !== 'day') ?? free[0];
  return first?.storageId ?? null;
}

/** Reserves the first free storage. @param {Desk} desk @param {string} who */
export function reserveFirst(desk, who) {
  const storageId = firstFree(desk);
  if (storageId === null) throw Object.assign(new Error(t('error.noneFree')), { code: 'noneFree' });
  return desk.send(wish(desk, storageId), who);
}

/** @param {Desk} desk @param {number} storageId */
const wish = (desk, storageId) => ({
  command: 'reserve',
  storageId,
  from: desk.today,
  until: desk.storages.get(storageId)?.per === 'day' ? later(desk.today, 7) : null,
});

/** kim and lee want the same storage in the same instant. One whose payment is not known has neither won nor lost.
 * @param {Desk} desk
 * @returns {Promise<{ storageId: number, winner: string | null, loser: string | null, error: any, unknown: { who: string, id: number } | null } | null>}
 * null when none is free */
export async function rivals(desk) {
  const storageId = firstFree(desk);
  if (storageId === null) return null;
  const two = ['kim', 'lee'];
  const ends = await Promise.allSettled(two.map((who) => desk.send(wish(desk, storageId), who)));
  const reasons = ends.map((e) => (e.status === 'rejected' ? e.reason : null));
  const won = reasons.findIndex((reason) => !reason);
  const open = reasons.findIndex((reason) => reason?.code === 'outcomeUnknown' && reason.reservation);
  const lost = reasons.findIndex((reason, i) => reason && i !== open);
  return {
    storageId,
    winner: two[won] ?? null,
    loser: two[lost] ?? null,
    error: reasons[lost] ?? null,
    unknown: open >= 0 ? { who: two[open], id: reasons[open].reservation.reservationId } : null,
  };
}

/** @param {number} milliseconds */
export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
