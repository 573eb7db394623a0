// axe finds nothing on any screen, in either theme, on a phone and on a desktop; and 360 px are wide enough for all of them.
// When `COLLOQUY_SCREENS` names a folder, a picture of each is put there.

import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faults } from '../axe.js';
import { story } from '../browser.js';
import { everyScreen } from '../scenes.js';

const SIZES = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 800 } };
/** The eight screens, of which one has three steps. */
const SCREENS = 10;
const OF_ONE_FORM = /^(?:sign|reset)-?/;
const THEMES = /** @type {const} */ (['light', 'dark']);

/** Counted from the root of the repository. */
const folder = process.env['COLLOQUY_SCREENS'];
const pictures = folder === undefined ? undefined : resolve(fileURLToPath(new URL('../../..', import.meta.url)), folder);

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
          await drawn(page, colorScheme);
          if (OF_ONE_FORM.test(screen)) found.push(...(await cut(page)).map((button) => `${name}: ${button} is not wholly in sight`));
          // A theme changes colours alone.
          found.push(...(await faults(page, colorScheme === 'light' ? undefined : ['color-contrast'])).map((fault) => `${name}: ${fault}`));
          if (pictures !== undefined) await page.screenshot({ path: resolve(pictures, `${name}.png`), caret: 'initial' });
          looks += 1;
        }
      }
    });
  }
  assert.equal(looks, SCREENS * 4 + SCREENS);
  assert.deepEqual(found, []);
});

/** The button that sends the form, unless it is in sight without scrolling. @param {import('playwright-core').Page} page */
async function cut(page) {
  const buttons = page.getByRole('main').locator('[type=submit]');
  assert.ok(await buttons.count() > 0, 'no button sends the form');
  return buttons.first().evaluateAll((all) => all
    .filter((button) => button.getBoundingClientRect().bottom > innerHeight)
    .map((button) => button.textContent));
}

/** Waits until the page is on screen in this size and theme, and nothing moves. @param {import('playwright-core').Page} page @param {string} theme */
async function drawn(page, theme) {
  const width = page.viewportSize()?.width;
  await page.waitForFunction(({ width, theme }) => {
    // What the page's colours are in this theme, whichever one the page has now.
    const probe = document.createElement('p');
    Object.assign(probe.style, { colorScheme: theme, color: 'var(--text)', backgroundColor: 'var(--bg)' });
    document.body.append(probe);
    const colours = (/** @type {Element} */ element) => [getComputedStyle(element).color, getComputedStyle(element).backgroundColor].join();
    const isDrawn = colours(document.body) === colours(probe) && innerWidth === width;
    probe.remove();
    return isDrawn;
  }, { width, theme });
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    await frame();
    await frame();
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
  });
}
