// A room of two thousand messages is scrolled from its newest to its oldest: the page never holds more than 200 of them, and no
// frame keeps the person waiting for more than 50 ms.

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
  await mai.openRoom(roomId);
  await mai.message(`${MESSAGES}.`).first().waitFor();
  await page.evaluate(() => {
    const log = document.querySelector('[role=log]');
    const look = () => {
      const before = Number(Reflect.get(window, 'most') ?? 0);
      Reflect.set(window, 'most', Math.max(before, log?.querySelectorAll('article').length ?? 0));
      requestAnimationFrame(look);
    };
    look();
  });
  await mai.log.hover();
  const oldest = mai.log.getByText(/^1\./);
  const tasks = await browser.tasksOf(page, async () => {
    await until('the oldest message is on the page', async () => {
      // As a wheel turns.
      await page.mouse.wheel(0, -900);
      return oldest.count();
    }, (count) => count > 0, 60_000);
  });

  const most = await page.evaluate(() => Number(Reflect.get(window, 'most')));
  assert.ok(most > 0 && most <= MOST_NODES, `${most} messages were on the page at once`);
  assert.ok(tasks.length > 100 && Math.max(...tasks) > 1, `the tasks were measured: ${tasks.length}`);
  assert.deepEqual(tasks.filter((duration) => duration > LONGEST_FRAME), [], 'tasks that took too long');
  console.log(`${most} messages at most; the longest of ${tasks.length} tasks took ${Math.max(...tasks)} ms`);
  // And back.
  await page.getByRole('button', { name: 'Jump to newest' }).click();
  await mai.log.getByText(new RegExp(`^${MESSAGES}\\.`)).waitFor();
});
