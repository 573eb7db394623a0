// The network is cut for ten seconds while two people write, and nothing is lost, doubled or out of order; what was written
// and not yet sent outlives a reload.

import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { story } from '../browser.js';
import { Network } from '../network.js';
import { Person, expectSameList, unique, until } from '../person.js';

/** In milliseconds; and how many messages each writes meanwhile, so few that the server shows the whole room at once. */
const CUT = 10_000;
const PAIRS = 20;

await story(async (browser) => {
  const network = await Network.start();
  // So high that the whole conversation is on it.
  const viewport = { width: 1280, height: 4000 };
  const hai = await Person.enter(browser, unique('Hải'), { viewport });
  const mai = await Person.enter(browser, unique('Mai'), { viewport, proxy: network.proxy });
  const roomId = await hai.makeRoom('By train', mai);
  const written = new Map([hai, mai].map((person) => [person, /** @type {string[]} */ ([])]));
  await Promise.all([hai, mai].map((person) => person.expectNoRepeat()));
  await Promise.all([hai.openRoom(roomId), mai.openRoom(roomId)]);
  await write(hai, 'Are you on the train?');
  await mai.message('Are you on the train?').waitFor();
  await write(mai, 'Yes');
  await hai.message('Yes').waitFor();

  // Both go on writing; what Hải writes is sent, what Mai writes waits.
  const cutAt = performance.now();
  network.cut();
  await mai.connection.filter({ hasText: 'No connection' }).waitFor();
  for (let number = 1; number <= PAIRS; number += 1) {
    const [from, to] = [`Hải ${number}.`, `Mai ${number}.`];
    await write(hai, from);
    await hai.message(from).getByRole('img', { name: 'Sent' }).waitFor();
    await write(mai, to);
    await mai.message(to).getByRole('img', { name: /Not sent yet|Sending/ }).waitFor();
    assert.equal(await mai.message(from).count(), 0, 'the network is cut');
    await setTimeout(Math.max(0, cutAt + (CUT * number) / PAIRS - performance.now()));
  }
  network.mend();
  await expectSameList('after the cut', roomId, written);
  // What Mai has missed is marked where it begins.
  const firstNew = mai.log.getByRole('article').filter({ has: mai.page.getByRole('separator', { name: 'New messages' }) });
  assert.match(await firstNew.innerText(), /Hải 1\./);
  await until('the banner goes', () => mai.connection.textContent(), (text) => text?.trim() === '');

  // What cannot be sent before a reload goes out after it, in its order.
  await mai.page.route('**/command/message', (route) => route.abort());
  for (const text of ['Kept 1.', 'Kept 2.', 'Kept 3.']) {
    await write(mai, text);
    await mai.message(text).waitFor();
  }
  await mai.page.reload();
  await mai.message('Kept 3.').waitFor();
  assert.equal((await hai.texts()).some((text) => text.startsWith('Kept')), false, 'nothing was sent');
  await mai.page.unroute('**/command/message');
  await expectSameList('after the reload', roomId, written);

  /** @param {Person} person @param {string} text */
  async function write(person, text) {
    written.get(person)?.push(text);
    await person.write(text);
  }
});
