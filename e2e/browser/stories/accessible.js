// axe finds nothing on any screen, in either theme, on a phone and on a desktop; and 360 px are wide enough for all of them.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { story } from '../browser.js';
import { everyScreen } from '../scenes.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** @typedef {{ violations: { id: string, help: string, nodes: { html: string, failureSummary: string }[] }[], passes: unknown[] }} Results */

await story(async (browser) => {
  /** @type {string[]} */
  const found = [];
  let screens = 0;
  for (const { colorScheme, viewport, language } of /** @type {const} */ ([
    { colorScheme: 'light', viewport: { width: 360, height: 740 }, language: 'en' },
    { colorScheme: 'dark', viewport: { width: 1280, height: 800 }, language: 'vi' },
  ])) {
    // axe is put into the page by the debugger's door, which the page's policy does not guard.
    await everyScreen(browser, { colorScheme, viewport, reducedMotion: 'reduce', bypassCSP: true }, language, async (screen, page) => {
      await page.addScriptTag({ path: axe });
      const results = await page.evaluate(async () => {
        const { run } = /** @type {{ run: () => Promise<unknown> }} */ (Reflect.get(window, 'axe'));
        return /** @type {Results} */ (await run());
      });
      assert.ok(results.passes.length > 5, `axe looked at ${screen}`);
      for (const { id, help, nodes } of results.violations) {
        for (const { html } of nodes) found.push(`${screen}, ${colorScheme}: ${id} (${help}): ${html}`);
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (overflow > 0) found.push(`${screen} is ${overflow} px wider than the window`);
      screens += 1;
    });
  }
  assert.equal(screens, 16);
  assert.deepEqual(found, []);
});
