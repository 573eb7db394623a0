// A person without a mouse allows notifications and refuses them, and decides what becomes of messages that were written a day ago.

import assert from 'node:assert/strict';
import { faults } from '../axe.js';
import { story } from '../browser.js';
import { Person, unique, until } from '../person.js';

const DAY = 24 * 60 * 60 * 1_000;

await story(async (browser) => {
  const hai = await Person.enter(browser, unique('Hải'));
  const mai = await Person.enter(browser, unique('Mai'));
  const name = unique('Lunch');
  const roomId = await hai.makeRoom(name, mai);
  await allow(mai, async () => {
    await hai.call('POST', '/command/message', { roomId, content: 'Noodles at noon?' });
    return { name, text: `${hai.fullName}: Noodles at noon?`, address: `/room/${roomId}` };
  });
  await refuse(hai);
  await decide(hai, roomId);
  assert.deepEqual(await hai.history(roomId), ['Noodles at noon?', 'Old one.']);
});

/**
 * Notifications are allowed; one comes for a message while the page is hidden, and leads to its room.
 *
 * @param {Person} person
 * @param {() => Promise<{ name: string, text: string, address: string }>} receive What it says, and where it leads.
 */
async function allow({ page }, receive) {
  await page.context().grantPermissions(['notifications']);
  await page.addInitScript(() => {
    /** @type {Notification[]} */
    const notified = [];
    Reflect.set(window, 'notified', notified);
    window.Notification = class extends Notification {
      /** @param {string} title @param {NotificationOptions} [options] */
      constructor(title, options) {
        super(title, options);
        notified.push(this);
      }
    };
  });
  await page.goto('/');
  const rooms = page.getByRole('navigation', { name: 'Rooms' });
  await rooms.getByRole('listitem').first().waitFor();
  await reach(page, rooms.getByRole('link', { name: 'Profile' }));
  await page.keyboard.press('Enter');
  const box = page.getByRole('checkbox', { name: 'Show a notification' });
  await box.waitFor();
  await reach(page, box);
  await page.keyboard.press('Space');
  await page.getByRole('checkbox', { name: 'Show a notification', checked: true }).waitFor();
  await reach(page, page.getByRole('link', { name: 'Back to rooms' }), 'Shift+Tab');
  await page.keyboard.press('Enter');
  await rooms.getByRole('listitem').first().waitFor();

  await page.evaluate(() => Object.defineProperty(document, 'hidden', { value: true }));
  const { name, text, address } = await receive();
  await page.waitForFunction(() => Reflect.get(window, 'notified').length > 0);
  const said = await page.evaluate(() => {
    const [{ title, body, onclick }] = Reflect.get(window, 'notified');
    onclick();
    return { title, body };
  });
  assert.deepEqual(said, { title: name, body: text });
  await page.waitForURL(`**${address}`);
}

/** The browser refuses notifications: the box says so and stays empty. @param {Person} person */
async function refuse({ page }) {
  // What is not granted is refused from now on.
  await page.context().grantPermissions(['geolocation']);
  await page.goto('/profile');
  const box = page.getByRole('checkbox', { name: 'Show a notification' });
  await box.waitFor();
  await reach(page, box);
  await page.keyboard.press('Space');
  await page.getByRole('status').filter({ hasText: 'The browser blocks notifications for this page.' }).waitFor();
  await page.getByRole('checkbox', { name: 'Show a notification', checked: false }).waitFor();
  assert.ok(await isFocused(box), 'the next press is at the same place');
}

/** Of two messages that were written a day ago one is discarded, and one is sent. @param {Person} person @param {number} roomId */
async function decide(person, roomId) {
  const { page } = person;
  await page.route('**/command/message', (route) => route.abort());
  await person.openRoom(roomId);
  for (const text of ['Old one.', 'Old two.']) {
    await person.write(text);
    await person.message(text).getByRole('img', { name: /Not sent yet|Sending/ }).waitFor();
  }
  assert.equal(await until('both are kept', () => page.evaluate(makeOlder, DAY), (count) => count === 2), 2);
  await page.reload();
  const asked = person.log.getByText('Written more than 23 hours ago');
  await asked.nth(1).waitFor();
  await page.unroute('**/command/message');
  assert.ok(await isFocused(person.messageField), 'typing comes next');
  assert.deepEqual(await faults(page), []);

  const [discard, retry] = ['Discard', 'Retry'].map((name) => person.log.getByRole('button', { name, exact: true }));
  assert.ok(discard && retry);
  await reach(page, discard.last(), 'Shift+Tab');
  await page.keyboard.press('Enter');
  await person.message('Old two.').waitFor({ state: 'detached' });
  assert.ok(await isFocused(person.messageField), 'after a message was discarded, typing comes next');
  await reach(page, retry.last(), 'Shift+Tab');
  await page.keyboard.press('Space');
  await person.message('Old one.').getByRole('img', { name: /^Sent|^Read by/ }).waitFor();
  assert.ok(await isFocused(person.messageField), 'after a message was sent, typing comes next');
  assert.equal(await asked.count(), 0);
}

/** Moves the time at which each kept message was written into the past; how many there are. @param {number} by */
async function makeOlder(by) {
  const database = await new Promise((resolve, reject) => {
    const opening = indexedDB.open('colloquy-outbox');
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  const transaction = database.transaction('messages', 'readwrite');
  const table = transaction.objectStore('messages');
  const all = table.getAll();
  all.onsuccess = () => {
    const recent = all.result.filter((/** @type {{ writtenAt: number }} */ { writtenAt }) => writtenAt > Date.now() - by);
    // Their order stays.
    for (const message of recent) table.put({ ...message, writtenAt: message.writtenAt - by });
  };
  await new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = () => reject(transaction.error);
  });
  database.close();
  return all.result.length;
}

/** Presses Tab until the focus is there. @param {import('playwright-core').Page} page @param {import('playwright-core').Locator} place @param {'Tab' | 'Shift+Tab'} [key] */
async function reach(page, place, key = 'Tab') {
  for (let presses = 0; presses < 40; presses += 1) {
    if (await isFocused(place)) return;
    await page.keyboard.press(key);
  }
  assert.fail(`${key} does not lead to ${String(place)}`);
}

/** @param {import('playwright-core').Locator} place */
function isFocused(place) {
  return place.evaluate((element) => element === document.activeElement);
}
