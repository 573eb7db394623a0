// The server is killed in the middle of a conversation, with messages on their way, and started again; both write all the time.
// Nothing is lost, doubled or out of order, and no one has to log in again.

import { story } from '../browser.js';
import { Person, expectSameList, unique, until } from '../person.js';
import { wish } from '../wish.js';

/** Written by each before, during and after. */
const BURST = 8;

await story(async (browser) => {
  // So high that the whole conversation is on it.
  const viewport = { width: 1280, height: 4000 };
  const hai = await Person.enter(browser, unique('Hải'), { viewport });
  const mai = await Person.enter(browser, unique('Mai'), { viewport });
  const people = [hai, mai];
  const roomId = await hai.makeRoom('Two kitchens', mai);
  const written = new Map(people.map((person) => [person, /** @type {string[]} */ ([])]));
  await Promise.all(people.map((person) => person.expectNoRepeat()));
  await Promise.all(people.map((person) => person.openRoom(roomId)));

  await bothWrite('before');
  // What was written last has not been waited for: some of it is on its way.
  await wish('kill');
  await Promise.all(people.map(({ connection }) => connection.filter({ hasText: 'No connection' }).waitFor()));
  await bothWrite('without a server');
  await wish('start');
  await bothWrite('afterwards');
  await expectSameList('after the kill', roomId, written);
  for (const { connection } of people) {
    await until('the banner goes', () => connection.textContent(), (text) => text?.trim() === '');
  }

  // And what they see is not only what their pages remember.
  await Promise.all(people.map((person) => person.openRoom(roomId)));
  await expectSameList('in fresh pages', roomId, written);

  /** Each writes a burst at once, without waiting for anything. @param {string} when */
  async function bothWrite(when) {
    await Promise.all(people.map(async (person) => {
      for (let number = 1; number <= BURST; number += 1) {
        const text = `${person.fullName}, ${when}: ${number} of ${BURST}`;
        written.get(person)?.push(text);
        await person.write(text);
      }
    }));
  }
});
