// What axe finds on a page as it is now, and whether the page is wider than its window.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** @typedef {{ violations: { id: string, help: string, nodes: { html: string, failureSummary: string }[] }[], passes: unknown[] }} Results */

/** @param {import('playwright-core').Page} page */
export async function faults(page) {
  // What was changed before, such as the size of the window, is on the screen after two frames.
  await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  await page.evaluate(axe);
  const { passes, violations, overflow } = await page.evaluate(async () => {
    const { run } = /** @type {{ run: () => Promise<Results> }} */ (Reflect.get(window, 'axe'));
    const { scrollWidth, clientWidth } = document.documentElement;
    return { ...(await run()), overflow: scrollWidth - clientWidth };
  });
  assert.ok(passes.length > 5, 'axe has looked');
  const said = violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => `${id} (${help}): ${html} ${failureSummary}`));
  return overflow > 0 ? [...said, `${overflow} px wider than the window`] : said;
}
