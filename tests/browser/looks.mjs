// What can be found wrong with a page by looking at it.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Violations of accessibility rules, or of some of them, as one line each. @param {import('playwright-core').Page} page @param {string[]} [rules] */
export async function violations(page, rules) {
  // A policy without inline script would keep axe out as a script element; evaluated, it runs.
  await page.evaluate(AXE);
  const options = { resultTypes: ['violations'], ...(rules && { runOnly: rules }) };
  const found = await page.evaluate((options) => /** @type {any} */ (window).axe.run(document, options), options);
  return found.violations.map(
    (/** @type {any} */ v) => `${v.id} × ${v.nodes.length}: ${v.nodes[0].html.slice(0, 160)} ${v.nodes[0].any[0]?.message ?? ''}`,
  );
}

/** Whatever sticks out to the right of the window or of the row of filters, and whether the document scrolls, which is for its rooms to do. @param {import('playwright-core').Page} page */
export const overflow = (page) =>
  page.evaluate(() => {
    const right = (/** @type {Element} */ e) => e.getBoundingClientRect().right;
    const { scrollWidth, scrollHeight } = document.documentElement;
    const filters = document.querySelector('.filters');
    const end = filters ? right(filters) - parseFloat(getComputedStyle(filters).paddingRight) : 0;
    return [
      ...[...document.querySelectorAll('body *')]
        .filter((e) => right(e) > innerWidth + 1 && e.checkVisibility() && !e.closest('.unseen, .skip, pre'))
        .map((e) => e.className || e.tagName)
        .slice(0, 5),
      ...[...(filters?.children ?? [])].filter((e) => right(e) > end + 1 && e.checkVisibility()).map((e) => `filters: ${e.className || e.tagName}`),
      ...(scrollWidth > innerWidth || scrollHeight > innerHeight ? [`document of ${scrollWidth}x${scrollHeight}`] : []),
    ];
  });
