// What axe finds on a page as it is now, and whether the page is wider than its window.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A fault that is there at so many looks, a quarter of a second after each other, stays. */
const LOOKS = 5;

/** @typedef {{ violations: { id: string, help: string, nodes: { html: string, failureSummary: string }[] }[], passes: unknown[] }} Results */

/**
 * The page may still be changing, to another theme or size: what is found is looked at again, and what stays is a fault.
 *
 * @param {import('playwright-core').Page} page
 * @param {string[]} [rules] Those that axe looks at; all, if there are none.
 */
export async function faults(page, rules) {
  let found = await look(page, rules);
  for (let looks = 1; found.length > 0 && looks < LOOKS; looks += 1) {
    await page.waitForTimeout(250);
    found = await look(page, rules);
  }
  return found;
}

/** @param {import('playwright-core').Page} page @param {string[]} [rules] */
async function look(page, rules) {
  // What was changed before, such as the size of the window, is on the screen after two frames.
  await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  await page.evaluate(axe);
  const { passes, violations, overflow } = await page.evaluate(async (rules) => {
    const { run } = /** @type {{ run: (options: object) => Promise<Results> }} */ (Reflect.get(window, 'axe'));
    const { scrollWidth, clientWidth } = document.documentElement;
    return { ...(await run(rules === undefined ? {} : { runOnly: rules })), overflow: scrollWidth - clientWidth };
  }, rules);
  assert.ok(passes.length > (rules === undefined ? 5 : 0), 'axe has looked');
  const said = violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => `${id} (${help}): ${html} ${failureSummary}`));
  return overflow > 0 ? [...said, `${overflow} px wider than the window`] : said;
}
