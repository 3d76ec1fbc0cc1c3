// How fast the page is, by hand: node speed.mjs [rounds]. Medians: load to the first board with 1,000 storages, a reserve in the page
// with the file system and without the simulated service's pause, and the longest task of the main thread during 1,000 of them.
import { visit } from './person.mjs';

const rounds = Number(process.argv[2] ?? 5);
const median = (/** @type {number[]} */ all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)];
const site = await visit();
const person = await site.open();
const { page } = person;
await person.press('+1,000 storages');
await person.says(page.locator('.count'), '1,012 of 1,012');

const loads = [];
for (let round = 0; round < rounds; round++) {
  await page.reload();
  await page.locator('.card').first().waitFor();
  loads.push(await page.evaluate(() => performance.getEntriesByName('board')[0].startTime));
}
console.log(`load to first board, 1,012 storages: ${Math.round(median(loads))} ms (${rounds} loads)`);

const told = await page.evaluate(async () => {
  const { desk } = await import('/app/main.js');
  desk.site.bench.delayMs = 0;
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask' });
  const times = [];
  let last = performance.now();
  let gap = 0;
  const frame = () => {
    const now = performance.now();
    gap = Math.max(gap, now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  const begun = performance.now();
  for (const storageId of [...desk.views.keys()].slice(12, 1012)) {
    const at = performance.now();
    await desk.send({ command: 'reserve', storageId }, 'kim').catch((error) => console.error(storageId, error.code));
    times.push(performance.now() - at);
  }
  const took = performance.now() - begun;
  await new Promise((done) => setTimeout(done, 500));
  times.sort((a, b) => a - b);
  return { took, median: times[500], p99: times[990], longest: Math.max(0, ...tasks), tasks: tasks.length, gap };
});
console.log(
  `a reserve in the page: median ${told.median.toFixed(1)} ms, 99 % under ${told.p99.toFixed(1)} ms; 1,000 in ${(told.took / 1000).toFixed(1)} s`,
);
console.log(
  `longest main-thread task during 1,000 reservations: ${told.longest ? `${told.longest} ms (${told.tasks} over 50 ms)` : 'none over 50 ms'}; longest gap between frames ${Math.round(told.gap)} ms`,
);
const { ok, events } = await person.verify();
console.log(`verify afterwards: ok ${ok}, ${events} events`);
console.log(site.troubles.length ? site.troubles.slice(0, 3).join('\n') : 'the browser complained of nothing');
await site.leave();
