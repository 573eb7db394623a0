// The network is cut for ten seconds while two people write, and nothing is lost, doubled or out of order; what was written
// and not yet sent outlives a reload.

import assert from 'node:assert/strict';
import { story } from '../browser.js';
import { Network } from '../network.js';
import { Person, unique, until } from '../person.js';

const CUT = 10_000;

await story(async (browser) => {
  const network = await Network.start();
  // So high that the whole conversation is on it.
  const viewport = { width: 1280, height: 4000 };
  const hai = await Person.enter(browser, unique('Hải'), { viewport });
  const mai = await Person.enter(browser, unique('Mai'), { viewport, proxy: network.proxy });
  const roomId = await hai.makeRoom('By train', mai);
  await Promise.all([hai.openRoom(roomId), mai.openRoom(roomId)]);
  await hai.write('Are you on the train?');
  await mai.message('Are you on the train?').waitFor();
  await mai.write('Yes');
  await hai.message('Yes').waitFor();

  // Both go on writing; what Hải writes is sent, what Mai writes waits.
  const written = ['Are you on the train?', 'Yes'];
  const cutAt = performance.now();
  network.cut();
  await mai.connection.filter({ hasText: 'No connection' }).waitFor();
  for (let number = 1; performance.now() - cutAt < CUT || number < 4; number += 1) {
    const [from, to] = [`Hải ${number}.`, `Mai ${number}.`];
    await hai.write(from);
    await hai.message(from).getByRole('img', { name: 'Sent' }).waitFor();
    await mai.write(to);
    await mai.message(to).getByRole('img', { name: /Not sent yet|Sending/ }).waitFor();
    written.push(from, to);
    assert.equal(await mai.message(from).count(), 0, 'the network is cut');
  }
  network.mend();

  await sameList('after the cut');
  await until('the banner goes', () => mai.connection.textContent(), (text) => text?.trim() === '');

  // What cannot be sent before a reload goes out after it, in its order.
  await mai.page.route('**/command/message', (route) => route.abort());
  for (const text of ['Kept 1.', 'Kept 2.', 'Kept 3.']) {
    await mai.write(text);
    written.push(text);
    await mai.message(text).waitFor();
  }
  await mai.page.reload();
  await mai.message('Kept 3.').waitFor();
  assert.equal((await hai.texts()).some((text) => text.startsWith('Kept')), false, 'nothing was sent');
  await mai.page.unroute('**/command/message');
  await sameList('after the reload');
  const kept = (await hai.texts()).filter((text) => text.startsWith('Kept'));
  assert.deepEqual(kept, ['Kept 1.', 'Kept 2.', 'Kept 3.']);

  /** Both pages show what the server has: everything that was written, once. @param {string} when */
  async function sameList(when) {
    const all = await until(`all is sent ${when}`, () => mai.history(roomId), (texts) => texts.length >= written.length);
    assert.deepEqual(all.toSorted(), written.toSorted(), when);
    for (const person of [hai, mai]) {
      const texts = await until(`${person.fullName} has all ${when}`, () => person.texts(), (shown) => shown.length >= all.length);
      assert.deepEqual(texts, all, `${person.fullName} ${when}`);
    }
  }
});
