import { expect, test } from 'vitest';

import { Colloquy } from '../src/colloquy.js';
import { LogOut, type LogOutMemory } from '../src/log-out.js';
import { CallError } from '../src/call-error.js';
import { MemoryOutboxStore } from '../src/outbox-store.js';
import { Random, TestClock } from './world.js';

const CUSTOMER = { customerId: 1, username: 'lan', fullName: 'Lan', email: 'lan@example.com', phoneNumber: null, avatarColor: '#00796b' };

/** A browser's store, with the windows that listen to it. */
function browser() {
  let isOwed = false;
  const windows: (() => void)[] = [];
  const window = (): LogOutMemory => {
    let own: (() => void) | undefined;
    return {
      read: () => isOwed,
      write: (now) => {
        const isNew = now && !isOwed;
        isOwed = now;
        if (isNew) for (const other of windows) if (other !== own) other();
      },
      onElsewhere: (loggedOut) => windows.push(own = loggedOut),
    };
  };
  return { window, isOwed: () => isOwed };
}

/** A server with one session at most, behind a network that can be cut. */
function server() {
  const world = { isUp: true, hasSession: false, logOutStatus: 200, calls: [] as string[] };
  const answer = (status: number, data: unknown = null) => new Response(JSON.stringify({ data, message: '' }), { status });
  const call = (address: string | URL | Request): Promise<Response> => {
    const path = new URL(address as string).pathname;
    if (!world.isUp) return Promise.reject(new TypeError('no network'));
    world.calls.push(path);
    if (path === '/auth/login') world.hasSession = true;
    if (path === '/auth/logout' && world.logOutStatus !== 200) return Promise.resolve(answer(world.logOutStatus));
    if (path === '/auth/logout') world.hasSession = false;
    if (path === '/customer/info') return Promise.resolve(world.hasSession ? answer(200, CUSTOMER) : answer(401));
    return Promise.resolve(answer(200));
  };
  const open = (memory: LogOutMemory) => new Colloquy({
    url: 'http://colloquy.test', fetch: call, logOut: memory, outbox: new MemoryOutboxStore(), keepsCookie: false,
    webSocket: () => ({ close: () => undefined }) as unknown as WebSocket,
  });
  return { world, open };
}

test('a log-out without a network holds over a reload, and ends the session before it is asked for', async () => {
  const { world, open } = server();
  const store = browser();
  const page = open(store.window());
  await page.logIn('lan', 'secret');
  world.isUp = false;
  await page.logOut();
  expect(page.session.get()).toBeUndefined();
  expect(page.isLogOutUnanswered.get()).toBe(true);
  expect(world.hasSession).toBe(true);

  // The page is loaded anew, with no network yet and then with one.
  const reloaded = open(store.window());
  expect(await reloaded.resume()).toBeUndefined();
  expect(reloaded.isLogOutUnanswered.get()).toBe(true);
  world.isUp = true;
  world.calls = [];
  expect(await reloaded.resume()).toBeUndefined();
  expect(world.calls).toEqual(['/auth/logout', '/customer/info']);
  expect(reloaded.isLogOutUnanswered.get()).toBe(false);
  expect(store.isOwed()).toBe(false);
});

test('a log-out ends the session in every window', async () => {
  const { world, open } = server();
  const store = browser();
  const [one, other] = [open(store.window()), open(store.window())];
  await one.logIn('lan', 'secret');
  await other.resume();
  expect(other.session.get()).toBeDefined();
  world.isUp = false;
  await one.logOut();
  expect(other.session.get()).toBeUndefined();
});

test('a login by hand ends the earlier session first, and the memory', async () => {
  const { world, open } = server();
  const store = browser();
  const page = open(store.window());
  await page.logIn('lan', 'secret');
  world.isUp = false;
  await page.logOut();
  world.isUp = true;
  world.calls = [];
  await page.logIn('lan', 'secret');
  expect(world.calls.slice(0, 3)).toEqual(['/auth/logout', '/auth/login', '/customer/info']);
  expect(store.isOwed()).toBe(false);
  expect(page.session.get()).toBeDefined();
  await page.logOut();
});

test.each([429, 503])('no login takes the place of a session that the server has still to end, which it answered with %i', async (status) => {
  const { world, open } = server();
  const store = browser();
  const page = open(store.window());
  await page.logIn('lan', 'secret');
  world.logOutStatus = status;
  await page.logOut();
  world.calls = [];
  await expect(page.logIn('lan', 'secret')).rejects.toMatchObject({ status });
  expect(world.calls).toEqual(['/auth/logout']);
  expect(store.isOwed()).toBe(true);

  world.logOutStatus = 200;
  await page.logIn('lan', 'secret');
  expect(store.isOwed()).toBe(false);
  await page.logOut();
});

test('a log-out that is refused for good is in the way of no login', async () => {
  const { world, open } = server();
  const store = browser();
  const page = open(store.window());
  await page.logIn('lan', 'secret');
  world.logOutStatus = 400;
  await page.logOut();
  await page.logIn('lan', 'secret');
  expect(store.isOwed()).toBe(false);
  expect(page.session.get()).toBeDefined();
  world.logOutStatus = 200;
  await page.logOut();
});

test('a log-out is sent again until the server has ended the session or knows none', async () => {
  const clock = new TestClock(new Random(1));
  const unanswered = new CallError(0, '');
  const answers = [unanswered, new CallError(503, ''), new CallError(403, ''), new CallError(401, '')];
  const store = browser();
  const logOut = new LogOut({
    clock, memory: store.window(),
    alone: (work) => work(),
    send: () => {
      const answer = answers.shift();
      return answer ? Promise.reject(answer) : Promise.resolve();
    },
  });
  logOut.owe();
  expect(await logOut.settle()).toBe(unanswered);
  await clock.advance(60_000);
  expect(answers).toHaveLength(0);
  expect(store.isOwed()).toBe(false);
  expect(logOut.isUnanswered.get()).toBe(false);
});
