// Three hundred texts that would run as a script if a page took them for markup, as messages, names of rooms and names of people:
// each is shown as it was written, and none runs.

import assert from 'node:assert/strict';
import { story } from '../browser.js';
import { Person, until } from '../person.js';

const RUN = 'window.ran=1';
const MARKUP = [
  `<script>${RUN}</script>`,
  `<img src=x onerror=${RUN}>`,
  `<svg onload=${RUN}>`,
  `<svg><animate onbegin=${RUN} attributeName=x dur=1s>`,
  `<iframe srcdoc="<script>parent.${RUN}</script>">`,
  `<body onload=${RUN}>`,
  `<details open ontoggle=${RUN}>`,
  `<input autofocus onfocus=${RUN}>`,
  `<video><source onerror=${RUN}></video>`,
  `<math><mtext><script>${RUN}</script></mtext></math>`,
  `<a href="javascript:${RUN}">x</a>`,
  `<form action="javascript:${RUN}"><button>x</button></form>`,
  `<object data="javascript:${RUN}">`,
  `<style>@import 'javascript:${RUN}';</style>`,
  `<base href="https://example.com/">`,
  `<meta http-equiv=refresh content="0;url=javascript:${RUN}">`,
  `<template><script>${RUN}</script></template>`,
  `<noscript><img src=x onerror=${RUN}></noscript>`,
  `<ScRiPt>${RUN}</sCrIpT>`,
  `<scr<script>ipt>${RUN}</script>`,
];
const AROUND = [
  (/** @type {string} */ text) => text,
  (/** @type {string} */ text) => `"'>${text}`,
  (/** @type {string} */ text) => `</p></article></script>${text}`,
  (/** @type {string} */ text) => `-->${text}<!--`,
  (/** @type {string} */ text) => `{@html \`${text}\`}`,
  (/** @type {string} */ text) => `{{constructor.constructor('${RUN}')()}}${text}`,
  (/** @type {string} */ text) => text.replaceAll('<', '&lt;'),
  (/** @type {string} */ text) => text.replaceAll('<', '\\u003c'),
  (/** @type {string} */ text) => `![x](javascript:${RUN}) ${text}`,
  (/** @type {string} */ text) => `javascript:${RUN}//https://example.com/${text}`,
  (/** @type {string} */ text) => `https://example.com/"onmouseover="${RUN}"${text}`,
  (/** @type {string} */ text) => `</title></textarea>${text}`,
  (/** @type {string} */ text) => `data:text/html,${text}`,
  (/** @type {string} */ text) => `]]>${text}`,
  (/** @type {string} */ text) => `\${${RUN}}${text}`,
];
const TEXTS = AROUND.flatMap((around) => MARKUP.map(around));

/** A room's name and a person's are shorter than these may be. */
const NAMES = TEXTS.filter((text) => text.length <= 100);

await story(async (browser) => {
  assert.ok(TEXTS.length >= 300 && new Set(TEXTS).size === TEXTS.length);
  const [one, other] = MARKUP;
  assert.ok(one !== undefined && other !== undefined);
  const writer = await Person.enter(browser, one);
  const reader = await Person.enter(browser, other);
  const rooms = [];
  for (const name of NAMES.slice(0, 60)) rooms.push(await writer.makeRoom(name, reader));
  const roomId = await writer.makeRoom(`"'><img src=x onerror=${RUN}>`, reader);
  for (const content of TEXTS) await writer.call('POST', '/command/message', { roomId, content });

  const { page } = reader;
  await page.setViewportSize({ width: 1280, height: 4000 });
  await page.goto('/');
  const names = () => page.getByRole('navigation', { name: 'Rooms' }).locator('li bdi').allTextContents();
  const listed = await until('all rooms are listed', names, (list) => list.length >= rooms.length + 1);
  for (const name of NAMES.slice(0, 60)) assert.ok(listed.includes(name), `the room ${name} is named as it is`);

  await reader.openRoom(roomId);
  await reader.log.getByText(one, { exact: true }).first().waitFor({ state: 'attached' });
  const seen = new Set(await reader.texts());
  // The older ones come while scrolling up.
  await until('all messages were on the page', async () => {
    await reader.log.evaluate((log) => log.scrollBy({ top: -log.clientHeight / 2 }));
    for (const text of await reader.texts()) seen.add(text);
    return TEXTS.filter((text) => !seen.has(text));
  }, (missing) => missing.length === 0);
  for (const link of await reader.log.getByRole('link').all()) {
    assert.match((await link.getAttribute('href')) ?? '', /^https?:\/\//);
  }

  // The page of the writer as well, with the reader's name at a marker and in its list.
  await writer.openRoom(roomId);
  await writer.log.getByRole('article').first().waitFor();
  for (const person of [writer, reader]) {
    assert.equal(await person.page.evaluate(() => 'ran' in window), false, 'nothing ran');
  }
});
