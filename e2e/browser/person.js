// What a person does with the page, found by the names that assistive technology reads.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

export const PASSWORD = 'correct horse battery';

/** A name that no other run uses. */
export function unique(/** @type {string} */ word) {
  return `${word} ${randomUUID().slice(0, 8)}`;
}

/** Somebody with an account and a browser window. */
export class Person {
  /** @param {import('playwright-core').Page} page @param {string} fullName @param {string} username */
  constructor(page, fullName, username) {
    this.page = page;
    this.fullName = fullName;
    this.username = username;
  }

  /**
   * A new account, made and logged in by the API alone, so that a story begins where it is about something.
   *
   * @param {import('./browser.js').Browser} browser
   * @param {string} fullName
   * @param {import('playwright-core').BrowserContextOptions} [options]
   * @param {{ username?: string, avatarColor?: string }} [account]
   */
  static async enter(browser, fullName, options, account) {
    const page = await browser.page(options);
    const { username, avatarColor } = { username: `w-${randomUUID().slice(0, 13)}`, ...account };
    const person = new Person(page, fullName, username);
    await person.call('POST', '/customer/create/account', {
      username, password: PASSWORD, fullName, email: `${username}@example.com`, avatarColor,
    });
    await person.call('POST', '/auth/login', { username, password: PASSWORD });
    return person;
  }

  /**
   * A call of the person's own session; its data.
   *
   * @param {string} method
   * @param {string} path
   * @param {unknown} [data]
   * @returns {Promise<any>}
   */
  async call(method, path, data) {
    const answer = await this.page.context().request.fetch(path, { method, data, headers: { 'idempotency-key': randomUUID() } });
    const envelope = await answer.json();
    assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${JSON.stringify(envelope)}`);
    return envelope.data;
  }

  /** @returns {Promise<number>} */
  async id() {
    const { customerId } = await this.call('GET', '/customer/info');
    return customerId;
  }

  /** A room with others, made by the API. @param {string} name @param {Person[]} others @returns {Promise<number>} */
  async makeRoom(name, ...others) {
    const targetCustomerIds = await Promise.all(others.map((other) => other.id()));
    return this.call('POST', '/command/room', { roomName: name, targetCustomerIds });
  }

  /** @param {number} roomId */
  async openRoom(roomId) {
    await this.page.goto(`/room/${roomId}`);
    await this.messageField.waitFor();
  }

  get messageField() {
    return this.page.getByRole('textbox', { name: 'Message', exact: true });
  }

  get log() {
    return this.page.getByRole('log', { name: 'Messages' });
  }

  get connection() {
    return this.page.getByRole('status', { name: 'Connection' });
  }

  /** The message with this text. @param {string} text */
  message(text) {
    return this.log.getByRole('article').filter({ hasText: text });
  }

  /** Writes and presses Enter. @param {string} text */
  async write(text) {
    await this.messageField.fill(text);
    await this.messageField.press('Enter');
  }

  /** The texts on the page, from top to bottom, pending ones too. */
  texts() {
    return this.log.locator('article p.text').allTextContents();
  }

  /** From now on, and after each reload, a text that the page shows twice at any moment fails the story. */
  async expectNoRepeat() {
    await this.page.addInitScript(() => {
      const look = () => {
        const texts = [...document.querySelectorAll('[role=log] article p.text')].map((text) => text.textContent);
        const repeated = texts.find((text, index) => texts.indexOf(text) !== index);
        if (repeated !== undefined) console.error(`shown twice: ${repeated}`);
      };
      new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
    });
  }

  /** What the server has of a room, oldest first. @param {number} roomId @returns {Promise<string[]>} */
  async history(roomId) {
    const newestFirst = await this.call('GET', `/query/message/roomId/${roomId}?limit=100`);
    return newestFirst.map((/** @type {{ content: string }} */ { content }) => content).reverse();
  }
}

/**
 * Each page shows what the server has of the room, and that is what was written, once; what one person wrote is in its order.
 *
 * @param {string} when
 * @param {number} roomId
 * @param {Map<Person, string[]>} written
 */
export async function expectSameList(when, roomId, written) {
  const everything = [...written.values()].flat();
  for (const [person, own] of written) {
    const all = await until(`all is sent ${when}`, () => person.history(roomId), (texts) => texts.length >= everything.length);
    assert.deepEqual(all.toSorted(), everything.toSorted(), when);
    assert.deepEqual(all.filter((text) => own.includes(text)), own, `${person.fullName}'s order ${when}`);
    const texts = await until(`${person.fullName} has all ${when}`, () => person.texts(), (shown) => shown.length >= all.length);
    assert.deepEqual(texts, all, `${person.fullName} ${when}`);
  }
}

/**
 * Waits until a value fits, looking again and again.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} look
 * @param {(value: T) => boolean} fits
 * @returns {Promise<T>}
 */
export async function until(what, look, fits, within = 30_000) {
  const end = performance.now() + within;
  for (;;) {
    const value = await look();
    if (fits(value)) return value;
    assert.ok(performance.now() < end, `not in time: ${what}; there is ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
