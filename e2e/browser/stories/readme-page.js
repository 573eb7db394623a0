// The page in the client library's README works as it stands there: what is typed is shown once, and in the end not as pending.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { story, url } from '../browser.js';

const library = fileURLToPath(new URL('../../../clients/typescript/', import.meta.url));

/** The one block of HTML in the README. */
async function readmePage() {
  const readme = await readFile(`${library}README.md`, 'utf8');
  const blocks = [...readme.matchAll(/^```html\n(.*?)^```$/gms)].map(([, block]) => block);
  const [page] = blocks;
  assert.ok(page !== undefined && blocks.length === 1, 'the README has one page');
  return page;
}

/** The library as one file, with what it depends on. */
async function bundle() {
  const built = await build({
    root: library,
    configFile: false,
    logLevel: 'warn',
    build: { write: false, lib: { entry: 'src/index.ts', formats: ['es'] } },
  });
  const [output] = Array.isArray(built) ? built : [built];
  assert.ok(output !== undefined && 'output' in output);
  assert.equal(output.output.length, 1, 'one file');
  return output.output[0].code;
}

await story(async (browser) => {
  const page = await browser.page();
  const [html, script] = await Promise.all([readmePage(), bundle()]);
  // On the system's own origin, as its cookies and its check of `Origin` want it.
  await page.route(`${url}/try.html`, (route) => route.fulfill({ contentType: 'text/html; charset=utf-8', body: html }));
  await page.route(`${url}/client.js`, (route) => route.fulfill({ contentType: 'text/javascript', body: script }));
  await page.goto('/try.html');
  // Every list that the page has ever shown.
  await page.evaluate(() => {
    const list = document.querySelector('#messages');
    const shown = /** @type {string[][]} */ ([]);
    const look = () => shown.push([...(list?.children ?? [])].map((line) => line.textContent ?? ''));
    if (list) new MutationObserver(look).observe(list, { childList: true });
    Object.assign(window, { shown });
  });
  const shown = () => page.evaluate(() => /** @type {string[][]} */ (Reflect.get(window, 'shown')));

  // The form works once the room is open, which is when the page has drawn its empty list for the first time; a press that
  // comes earlier would load the page anew.
  await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('/query/message')));
  await page.locator('#text').fill('Xin chào');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.waitForFunction(() => document.querySelector('#messages')?.textContent === 'Xin chào');

  const lists = await shown();
  assert.ok(lists.some((list) => list.join().startsWith('Xin chào (')), `it is shown as pending at first: ${JSON.stringify(lists)}`);
  assert.ok(lists.every((list) => list.length <= 1), `it is never shown twice: ${JSON.stringify(lists)}`);
  await page.context().close();
});
