// A room of two thousand messages is scrolled from its newest to its oldest: the page never holds more than 200 of them, no frame
// keeps the person waiting for more than 50 ms, and older messages that come meanwhile never take the person back.

import assert from 'node:assert/strict';
import { story } from '../browser.js';
import { Person, unique, until } from '../person.js';

const MESSAGES = 2_000;
const BATCH = 20;
const MOST_NODES = 200;
const LONGEST_FRAME = 50;

await story(async (browser) => {
  const hai = await Person.enter(browser, unique('Hải'));
  const mai = await Person.enter(browser, unique('Mai'));
  const roomId = await hai.makeRoom('A long story', mai);
  const write = (/** @type {number} */ number) => {
    const content = `${number}. ${'word '.repeat((number * 7) % 60)}`.trim();
    return (number % 5 < 3 ? hai : mai).call('POST', '/command/message', { roomId, content });
  };
  await write(1);
  // The order of those between does not matter.
  for (let number = 2; number < MESSAGES; number += BATCH) {
    await Promise.all(Array.from({ length: Math.min(BATCH, MESSAGES - number) }, (_, index) => write(number + index)));
  }
  await write(MESSAGES);

  const { page } = mai;
  await page.addInitScript(holdOlder);
  await mai.openRoom(roomId);
  await mai.message(`${MESSAGES}.`).first().waitFor();
  const { before, after, isOlderThere } = await page.evaluate(scrollAsOlderCome);
  assert.ok(isOlderThere, 'older messages came');
  assert.ok(Math.abs(after - before) <= 1, `what the person had scrolled to went from ${before} to ${after}`);

  await page.evaluate(watch);
  await mai.log.hover();
  const oldest = mai.log.getByText(/^1\./);
  const tasks = await browser.tasksOf(page, async () => {
    await until('the oldest message is on the page', async () => {
      // As a wheel turns.
      await page.mouse.wheel(0, -900);
      return oldest.count();
    }, (count) => count > 0, 60_000);
  });

  const { most, back, lost, frames, waits } = await page.evaluate(() => /** @type {Watched} */ (Reflect.get(window, 'watched')));
  assert.ok(most > 0 && most <= MOST_NODES, `${most} messages were on the page at once`);
  assert.ok(frames > 100, `the page was looked at: ${frames} times`);
  assert.deepEqual(back, [], 'messages that were on the screen and went up, so that the person was taken back');
  assert.ok(lost < frames / 4, `from one frame to the next the uppermost message has left the page ${lost} times`);
  assert.ok(tasks.length > 100 && Math.max(...tasks) > 1, `the tasks were measured: ${tasks.length}`);
  assert.deepEqual(tasks.filter((duration) => duration > LONGEST_FRAME), [], 'tasks that took too long');
  // What a person waits for, which holds for a machine that does nothing else: it is printed, and fails no test.
  const long = waits.filter((wait) => wait > LONGEST_FRAME).length;
  console.log(`${most} messages at most; the longest of ${tasks.length} tasks took ${Math.max(...tasks)} ms`);
  console.log(`${long} of ${frames} frames came more than ${LONGEST_FRAME} ms after the one before; the longest wait was ${Math.max(...waits)} ms`);
  // And back.
  await page.getByRole('button', { name: 'Jump to newest' }).click();
  await mai.log.getByText(new RegExp(`^${MESSAGES}\\.`)).waitFor();
});

/** @typedef {{ most: number, back: string[], lost: number, frames: number, waits: number[] }} Watched */

/** Looks at the page before each frame: how long it took to come, how many messages there are, where the uppermost went. */
function watch() {
  /** @type {Watched} */
  const watched = { most: 0, back: [], lost: 0, frames: 0, waits: [] };
  Reflect.set(window, 'watched', watched);
  const log = document.querySelector('[role=log]');
  if (!log) throw new Error('there is no log');
  const { left, top, width } = log.getBoundingClientRect();
  const LEAST = 2;
  /** The uppermost message of the frame before, and where its lower edge was. @type {{ article: HTMLElement, edge: number } | undefined} */
  let uppermost;
  let before = performance.now();
  const look = (/** @type {number} */ now) => {
    watched.waits.push(Math.round(now - before));
    before = now;
    if (uppermost?.article.isConnected) {
      // It goes down as the wheel turns, and by less than this it may go up as positions become whole pixels.
      const moved = uppermost.article.getBoundingClientRect().bottom - uppermost.edge;
      if (moved < -LEAST) watched.back.push(`${uppermost.article.dataset['messageId']} by ${-moved} px`);
    } else if (uppermost) watched.lost += 1;
    const article = document.elementFromPoint(left + width / 2, top + 2)?.closest('article');
    uppermost = article ? { article, edge: article.getBoundingClientRect().bottom } : undefined;
    watched.most = Math.max(watched.most, log.querySelectorAll('article').length);
    watched.frames += 1;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

/** Keeps the answer with older messages back until `letOlderCome` is called, once. */
function holdOlder() {
  const call = window.fetch;
  let isHeld = false;
  window.fetch = async (input, init) => {
    const answer = await call(input, init);
    if (isHeld || !String(input).includes('/index/')) return answer;
    isHeld = true;
    const body = await answer.json();
    await new Promise((resolve) => { Reflect.set(window, 'letOlderCome', resolve); });
    // Its body is read at once: nothing else happens meanwhile.
    return /** @type {Response} */ ({ ok: true, status: 200, headers: answer.headers, json: () => Promise.resolve(body) });
  };
}

/** Scrolls, and lets older messages come before the page has heard of that; where a message was before and after. */
async function scrollAsOlderCome() {
  const log = document.querySelector('[role=log]');
  if (!log) throw new Error('there is no log');
  log.scrollTop = log.scrollHeight / 3;
  while (Reflect.get(window, 'letOlderCome') === undefined) {
    await new Promise((resolve) => { requestAnimationFrame(resolve); });
    log.scrollTop -= 100;
  }
  await new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve)); });

  log.scrollTop -= 250;
  const { left, top, width } = log.getBoundingClientRect();
  const message = document.elementFromPoint(left + width / 2, top + 100)?.closest('article');
  if (!message) throw new Error('there is no message');
  // The upper edge of what was the oldest message moves: the day that was written above it goes to an older one.
  const before = message.getBoundingClientRect().bottom;
  const height = log.scrollHeight;
  Reflect.get(window, 'letOlderCome')();
  // No frame passes, and so no event: promises go on that wait for nothing but each other.
  for (let i = 0; i < 200; i += 1) await Promise.resolve();
  return { before, after: message.getBoundingClientRect().bottom, isOlderThere: log.scrollHeight > height };
}
