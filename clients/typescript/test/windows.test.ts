/** Several windows of one browser, which share one cookie, one store and one set of locks. */
import { expect, test, vi } from 'vitest';

import { CallError } from '../src/call-error.js';
import { Colloquy } from '../src/colloquy.js';
import type { LogOutMemory } from '../src/log-out.js';
import { MemoryOutboxStore } from '../src/outbox-store.js';
import { BrowserWindows, type LockName, LoneWindow, type Windows } from '../src/windows.js';
import { Socket } from './socket.js';

const ROOM = 7;
const NAMES = ['', 'lan', 'minh'];
const customer = (customerId: number) => ({
  customerId, username: NAMES[customerId], fullName: NAMES[customerId], email: 'x@example.com', phoneNumber: null, avatarColor: '#00796b',
});

/** A browser and a server. The windows hear of each other at once, unless they are deaf. */
class Browser {
  /** Whose the cookie is, 0 if it was cleared. */
  cookie = 0;
  letsSocketsThrough = false;
  areDeaf = false;
  /** What the server answers with 503. */
  down: string | undefined;
  readonly calls: string[] = [];
  readonly sent: { as: number; content: string }[] = [];
  readonly outbox = new MemoryOutboxStore();
  /** Answers to this path wait until they are let go. */
  held: string | undefined;
  letGo: () => void = () => undefined;
  #account: number | undefined;
  #isLogOutOwed = false;
  readonly #locks = new LoneWindow();
  readonly #changed: (() => void)[] = [];
  readonly #loggedOut: (() => void)[] = [];

  open(): Colloquy {
    return new Colloquy({
      url: 'http://colloquy.test', keepsCookie: false, outbox: this.outbox, windows: this.#windows(), logOut: this.#memory(),
      fetch: (address, request) => this.#answer(new URL(address as string).pathname, request),
      webSocket: () => this.#socket(),
    });
  }

  /** Cookies go with a call when it begins, and those of an answer are kept when it comes. */
  async #answer(path: string, request: RequestInit = {}): Promise<Response> {
    this.calls.push(path);
    const as = this.cookie;
    const body = typeof request.body === 'string' ? (JSON.parse(request.body) as { username: string; content: string }) : undefined;
    if (path === this.held) await new Promise<void>((resolve) => { this.letGo = resolve; });
    const answer = (status: number, data: unknown = null) => new Response(JSON.stringify({ data, message: '' }), { status });
    if (path === '/auth/logout') this.cookie = 0;
    if (path === '/auth/login') this.cookie = NAMES.indexOf(body?.username ?? '');
    if (path.startsWith('/auth/')) return answer(200);
    if (path === this.down) return answer(503);
    if (as === 0) return answer(401);
    if (path === '/customer/info') return answer(200, customer(as));
    if (path !== '/command/message') return answer(200, []);
    this.sent.push({ as, content: body?.content ?? '' });
    return answer(200, { messageId: this.sent.length, roomId: ROOM, seq: this.sent.length, sentAt: '2026-01-01T00:00:00.000Z' });
  }

  #socket(): WebSocket {
    if (!this.letsSocketsThrough) return { close: () => undefined } as unknown as WebSocket;
    const as = this.cookie;
    return new Socket(() => as) as unknown as WebSocket;
  }

  #windows(): Windows {
    let own: (() => void) | undefined;
    return {
      readAccount: () => this.#account,
      writeAccount: (customerId) => {
        if (customerId === this.#account) return;
        this.#account = customerId;
        if (!this.areDeaf) for (const other of this.#changed) if (other !== own) other();
      },
      onElsewhere: (changed) => this.#changed.push(own = changed),
      lock: <T>(name: LockName, mode: LockMode, work: () => Promise<T>) => this.#locks.lock(name, mode, work),
    };
  }

  #memory(): LogOutMemory {
    let own: (() => void) | undefined;
    return {
      read: () => this.#isLogOutOwed,
      write: (isOwed) => {
        const isNew = isOwed && !this.#isLogOutOwed;
        this.#isLogOutOwed = isOwed;
        if (isNew) for (const other of this.#loggedOut) if (other !== own) other();
      },
      onElsewhere: (loggedOut) => this.#loggedOut.push(own = loggedOut),
    };
  }
}

const whose = (window: Colloquy) => window.session.get()?.me.customerId;
const becomes = (window: Colloquy, customerId: number) => vi.waitFor(() => { expect(whose(window)).toBe(customerId); });

test('a log-in is that of every window', async () => {
  const browser = new Browser();
  const [one, other] = [browser.open(), browser.open()];
  await one.logIn('lan', 'secret');
  await becomes(other, 1);
  await other.logOut();
  expect(whose(one)).toBeUndefined();
});

test('what waits to be sent goes out in the name of the person who wrote it, and in no other', async () => {
  const browser = new Browser();
  const [one, other] = [browser.open(), browser.open()];
  const lan = await one.logIn('lan', 'secret');
  browser.down = '/command/message';
  await lan.open(ROOM).send('of Lan');
  await vi.waitFor(() => { expect(browser.calls).toContain('/command/message'); });
  await other.logIn('minh', 'secret');
  browser.down = undefined;
  await becomes(one, 2);
  await one.session.get()?.open(ROOM).send('of Minh');
  await vi.waitFor(() => { expect(browser.sent).toEqual([{ as: 2, content: 'of Minh' }]); });
  expect((await browser.outbox.all(1)).map(({ content }) => content)).toEqual(['of Lan']);

  await other.logIn('lan', 'secret');
  await vi.waitFor(() => { expect(browser.sent[1]).toEqual({ as: 1, content: 'of Lan' }); });
  await one.logOut();
});

test('a window that has not heard of a log-in asks whose the cookie is before it changes anything', async () => {
  const browser = new Browser();
  const one = browser.open();
  const room = (await one.logIn('lan', 'secret')).open(ROOM);
  // A page of the server that is not this library's logs another one in.
  browser.cookie = 2;
  await expect(one.api.createRoom('Notes', [3])).rejects.toMatchObject({ status: 401 });
  expect(browser.calls).not.toContain('/command/room');
  await becomes(one, 2);
  await room.send('of Lan');
  expect(browser.sent).toEqual([]);
  await one.logOut();
});

test('a window that is connected asks nothing, unless it reads that another window has logged someone in', async () => {
  const browser = new Browser();
  browser.letsSocketsThrough = true;
  const [one, other] = [browser.open(), browser.open()];
  await one.logIn('lan', 'secret');
  for (const window of [one, other]) await vi.waitFor(() => { expect(window.connection.get().is).toBe('connected'); });
  const asked = () => browser.calls.filter((path) => path === '/customer/info').length;
  const before = asked();
  await one.api.markRead(ROOM, 1);
  expect(asked()).toBe(before);

  browser.areDeaf = true;
  await other.logIn('minh', 'secret');
  await expect(one.api.markRead(ROOM, 2)).rejects.toMatchObject({ status: 401 });
  await becomes(one, 2);
  await one.logOut();
});

test('a window that comes into use again asks once', async () => {
  vi.stubGlobal('window', new EventTarget());
  const browser = new Browser();
  browser.letsSocketsThrough = true;
  const one = browser.open();
  await one.logIn('lan', 'secret');
  await vi.waitFor(() => { expect(one.connection.get().is).toBe('connected'); });
  browser.calls.splice(0);
  window.dispatchEvent(new Event('focus'));
  for (const messageId of [1, 2]) await one.api.markRead(ROOM, messageId);
  expect(browser.calls.filter((path) => !path.startsWith('/query/'))).toEqual(['/customer/info', '/command/read', '/command/read']);

  // A server that cannot say it takes messages all the same.
  browser.down = '/customer/info';
  window.dispatchEvent(new Event('focus'));
  await one.api.markRead(ROOM, 3);
  browser.down = undefined;

  // A page of the server that is not this library's logs another one in.
  browser.cookie = 2;
  window.dispatchEvent(new Event('focus'));
  await expect(one.api.markRead(ROOM, 4)).rejects.toMatchObject({ status: 401 });
  await becomes(one, 2);
  await one.logOut();
  vi.unstubAllGlobals();
});

test('a window whose connection turns out to be another person’s becomes theirs', async () => {
  const browser = new Browser();
  browser.letsSocketsThrough = true;
  const one = browser.open();
  // A page of the server that is not this library's logs another one in, right before the connection is made.
  one.session.subscribe((session) => { if (session?.me.customerId === 1) browser.cookie = 2; });
  await one.logIn('lan', 'secret');
  await becomes(one, 2);
  await vi.waitFor(() => { expect(one.connection.get().is).toBe('connected'); });
  await one.logOut();
});

test('a call waits for a log-in of another window, and is not made in that person’s name', async () => {
  const browser = new Browser();
  browser.areDeaf = true;
  const [one, other] = [browser.open(), browser.open()];
  await one.logIn('lan', 'secret');
  browser.held = '/auth/login';
  const login = other.logIn('minh', 'secret');
  await vi.waitFor(() => { expect(browser.calls.filter((path) => path === '/auth/login')).toHaveLength(2); });
  const call = expect(one.api.createRoom('Notes', [3])).rejects.toMatchObject({ status: 401 });
  browser.letGo();
  await Promise.all([login, call]);
  expect(browser.calls).not.toContain('/command/room');
  await becomes(one, 2);
  await one.logOut();
});

test('the answer to a log-out does not clear the cookie of a later log-in', async () => {
  const browser = new Browser();
  const [one, other] = [browser.open(), browser.open()];
  await one.logIn('lan', 'secret');
  await becomes(other, 1);
  browser.held = '/auth/logout';
  const logOut = one.logOut();
  await vi.waitFor(() => { expect(browser.calls).toContain('/auth/logout'); });
  const login = other.logIn('minh', 'secret');
  browser.held = undefined;
  browser.letGo();
  await Promise.all([logOut, login]);
  expect(browser.calls.filter((path) => path === '/auth/logout')).toHaveLength(1);
  expect(browser.cookie).toBe(2);
  expect(whose(other)).toBe(2);
  await other.logOut();
});

test('a session that ends while it is restored sends nothing', async () => {
  const browser = new Browser();
  const client = browser.open();
  await browser.outbox.put({ key: 'k', customerId: 1, roomId: ROOM, content: 'of Lan', writtenAt: Date.now() });
  const stored = await browser.outbox.all(1);
  let opened: () => void = () => undefined;
  browser.outbox.all = async (customerId) => {
    await new Promise<void>((resolve) => { opened = resolve; });
    return stored.filter((message) => message.customerId === customerId);
  };
  const loggingIn = client.logIn('lan', 'secret');
  await vi.waitFor(() => { expect(browser.calls).toContain('/customer/info'); });
  await client.logOut();
  opened();
  await loggingIn;
  expect(client.session.get()).toBeUndefined();
  expect(browser.calls).not.toContain('/command/message');
});

test('in one window a turn alone waits for those that share', async () => {
  const window = new LoneWindow();
  let end: () => void = () => undefined;
  const order: string[] = [];
  const sharing = window.lock('account', 'shared', () => new Promise<void>((resolve) => { end = () => { order.push('shared'); resolve(); }; }));
  const alone = window.lock('account', 'exclusive', () => { order.push('alone'); return Promise.resolve(); });
  await Promise.resolve();
  await vi.waitFor(() => { end(); expect(order).toContain('shared'); });
  await Promise.all([sharing, alone]);
  expect(order.at(-1)).toBe('alone');
});

test('in one window turns that change the cookie come one after the other, also when one fails', async () => {
  const window = new LoneWindow();
  const steps: string[] = [];
  const turn = (name: string) => window.lock('cookie', 'exclusive', async () => {
    steps.push(`${name} begins`);
    await Promise.resolve();
    steps.push(`${name} ends`);
    if (name === 'one') throw new CallError(503, '');
  });
  const [one, two] = await Promise.allSettled([turn('one'), turn('two')]);
  expect(steps).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
  expect([one.status, two.status]).toEqual(['rejected', 'fulfilled']);
});

test('a turn that the browser does not give is taken all the same, and one that it gave is not taken twice', async () => {
  const fails = vi.fn(() => Promise.reject(new CallError(503, '')));
  vi.stubGlobal('navigator', { locks: { request: () => Promise.reject(new Error('it takes too long')) } });
  expect(await new BrowserWindows().lock('account', 'shared', () => Promise.resolve('done'))).toBe('done');
  vi.stubGlobal('navigator', { locks: { request: (_: string, __: LockOptions, work: () => Promise<unknown>) => work() } });
  await expect(new BrowserWindows().lock('account', 'shared', fails)).rejects.toThrow(CallError);
  expect(fails).toHaveBeenCalledTimes(1);
  vi.stubGlobal('navigator', {});
  expect(await new BrowserWindows().lock('cookie', 'exclusive', () => Promise.resolve('done'))).toBe('done');
  vi.unstubAllGlobals();
});

test('whose the cookie is is kept for all windows, and not known where nothing can be kept', () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, text: string) => kept.set(name, text),
    removeItem: (name: string) => kept.delete(name),
  };
  vi.stubGlobal('localStorage', store);
  new BrowserWindows().writeAccount(3);
  expect(new BrowserWindows().readAccount()).toBe(3);
  new BrowserWindows().writeAccount(undefined);
  expect(new BrowserWindows().readAccount()).toBeUndefined();
  new BrowserWindows().writeAccount(3);
  vi.stubGlobal('localStorage', { ...store, setItem: () => { throw new Error('full'); } });
  new BrowserWindows().writeAccount(4);
  expect(new BrowserWindows().readAccount()).toBeUndefined();
  vi.unstubAllGlobals();
});
