// axe finds nothing on any screen, in either theme, on a phone and on a desktop; and 360 px are wide enough for all of them.
// When `COLLOQUY_SCREENS` names a folder, a picture of each is put there.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { story } from '../browser.js';
import { everyScreen } from '../scenes.js';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };
const THEMES = /** @type {const} */ (['light', 'dark']);

/** Counted from the root of the repository. */
const folder = process.env['COLLOQUY_SCREENS'];
const pictures = folder === undefined ? undefined : resolve(fileURLToPath(new URL('../../..', import.meta.url)), folder);

/** @typedef {{ violations: { id: string, help: string, nodes: { html: string }[] }[], passes: unknown[] }} Results */

await story(async (browser) => {
  /** @type {string[]} */
  const found = [];
  let looks = 0;
  for (const language of /** @type {const} */ (['en', 'vi'])) {
    await everyScreen(browser, language, pictures !== undefined, async (screen, page) => {
      for (const [size, viewport] of Object.entries(SIZES)) {
        await page.setViewportSize(viewport);
        for (const colorScheme of THEMES) {
          const name = [screen, size, colorScheme, ...(language === 'en' ? [] : [language])].join('-');
          // A language changes words, which are longest for a phone, and no colour.
          if (language !== 'en' && (size !== 'phone' || colorScheme !== 'light')) continue;
          await page.emulateMedia({ colorScheme });
          found.push(...(await faults(page)).map((fault) => `${name}: ${fault}`));
          if (pictures !== undefined) await page.screenshot({ path: resolve(pictures, `${name}.png`), caret: 'initial' });
          looks += 1;
        }
      }
    });
  }
  assert.equal(looks, 8 * 4 + 8);
  assert.deepEqual(found, []);
});

/** @param {import('playwright-core').Page} page */
async function faults(page) {
  await page.evaluate(axe);
  const { passes, violations, overflow } = await page.evaluate(async () => {
    const { run } = /** @type {{ run: () => Promise<Results> }} */ (Reflect.get(window, 'axe'));
    const { scrollWidth, clientWidth } = document.documentElement;
    return { ...(await run()), overflow: scrollWidth - clientWidth };
  });
  assert.ok(passes.length > 5, 'axe has looked');
  const said = violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id} (${help}): ${html}`));
  return overflow > 0 ? [...said, `${overflow} px wider than the window`] : said;
}
