import { IDBFactory } from 'fake-indexeddb';
import { expect, test } from 'vitest';

import { CallError } from '../src/call-error.js';
import { ASK_AFTER, isUnsent, Outbox } from '../src/outbox.js';
import { IndexedDbOutboxStore, MemoryOutboxStore, type OutboxStore } from '../src/outbox-store.js';
import { ME, Random, ROOM, TestClock } from './world.js';

interface Sent { content: string; key: string }

/** An outbox whose server answers as the test says; each call that it gets is noted. */
function outbox(store: OutboxStore, answer: (sent: Sent) => void = () => undefined) {
  const clock = new TestClock(new Random(1));
  const sent: Sent[] = [];
  let isSignedOut = false;
  const box: Outbox = new Outbox(ME, {
    clock, store,
    send: (roomId, content, key) => {
      sent.push({ content, key });
      return new Promise((resolve) => {
        answer({ content, key });
        resolve({ messageId: 1, roomId, seq: sent.length, sentAt: '2026-01-01T00:00:00.000Z' });
      });
    },
    changed: () => undefined,
    signedOut: () => {
      isSignedOut = true;
      box.pause();
    },
  });
  return { box, clock, sent, isSignedOut: () => isSignedOut };
}

const states = (box: Outbox) => box.pending(ROOM).map(({ state }) => state);

test('a message whose answer is lost is sent again under the same key', async () => {
  let tries = 0;
  const { box, clock, sent } = outbox(new MemoryOutboxStore(), () => { if ((tries += 1) < 3) throw new CallError(0, 'lost'); });
  await box.add(ROOM, 'hello');
  await clock.advance(10_000);
  expect(sent).toHaveLength(3);
  expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
  expect(states(box)).toEqual(['sent']);
});

test('a message that is sent is not kept any more, and shown until it is in the list', async () => {
  const store = new MemoryOutboxStore();
  const { box, clock } = outbox(store);
  await box.add(ROOM, 'hello');
  await clock.advance(1);
  expect(await store.all(ME)).toEqual([]);
  const key = box.pending(ROOM)[0]?.clientKey;
  box.settle(ROOM, (message) => message.clientKey === key);
  expect(box.pending(ROOM)).toEqual([]);
});

test('a message older than 23 hours is asked about, and goes out under a new key when its sender says so', async () => {
  const store = new MemoryOutboxStore();
  const old = { key: 'old', customerId: ME, roomId: ROOM, content: 'hello', writtenAt: 1_000_000 - ASK_AFTER - 1 };
  await store.put(old);
  const { box, clock, sent } = outbox(store);
  await box.restore();
  box.resume();
  await clock.advance(60_000);
  expect(states(box)).toEqual(['asking']);
  expect(sent).toEqual([]);
  const message = box.pending(ROOM)[0];
  if (message) await box.retry(message);
  await clock.advance(1);
  expect(sent.map(({ content }) => content)).toEqual(['hello']);
  expect(sent[0]?.key).not.toBe('old');
});

test('a refusal is kept over a reload', async () => {
  const store = new MemoryOutboxStore();
  const { box, clock } = outbox(store, () => { throw new CallError(400, 'Too long.'); });
  await box.add(ROOM, 'hello');
  await clock.advance(1);
  const again = outbox(store).box;
  await again.restore();
  expect(again.pending(ROOM)).toMatchObject([{ state: 'refused', refusal: 'Too long.' }]);
});

test('without a session nothing is lost: it goes out after the next login', async () => {
  let isLoggedIn = false;
  const { box, clock, sent, isSignedOut } = outbox(new MemoryOutboxStore(), () => { if (!isLoggedIn) throw new CallError(401, 'Please log in.'); });
  await box.add(ROOM, 'hello');
  await clock.advance(60_000);
  expect([sent.length, isSignedOut(), states(box)]).toEqual([1, true, ['waiting']]);
  isLoggedIn = true;
  box.resume();
  await clock.advance(1);
  expect(states(box)).toEqual(['sent']);
});

test('a wait that the server asks for is kept', async () => {
  let isBusy = true;
  const { box, clock, sent } = outbox(new MemoryOutboxStore(), () => { if (isBusy) throw new CallError(429, 'Slower.', 20_000); });
  await box.add(ROOM, 'hello');
  await clock.advance(19_000);
  expect(sent).toHaveLength(1);
  isBusy = false;
  await clock.advance(2_000);
  expect(states(box)).toEqual(['sent']);
});

test('a store that fails keeps nothing, and the message goes out once all the same', async () => {
  const fails = () => Promise.reject(new Error('quota'));
  const { box, clock, sent } = outbox({ all: fails, put: fails, delete: fails });
  await box.restore();
  await box.add(ROOM, 'hello');
  await clock.advance(60_000);
  expect(sent).toHaveLength(1);
  expect(states(box)).toEqual(['sent']);
});

test('the browser’s database keeps the messages of each customer', async () => {
  globalThis.indexedDB = new IDBFactory();
  const store = new IndexedDbOutboxStore();
  const mine = { key: 'a', customerId: ME, roomId: ROOM, content: 'mine', writtenAt: 1 };
  await store.put(mine);
  await store.put({ ...mine, key: 'b', customerId: 2 });
  expect(await new IndexedDbOutboxStore().all(ME)).toEqual([mine]);
  await store.delete('a');
  expect(await store.all(ME)).toEqual([]);
});

test('what one person left unsent no other one sees or sends', async () => {
  const store = new MemoryOutboxStore();
  await store.put({ key: 'k', customerId: ME + 1, roomId: ROOM, content: 'not yours', writtenAt: 1_000_000 });
  const { box, clock, sent } = outbox(store);
  await box.restore();
  box.resume();
  await clock.advance(60_000);
  expect(box.unsent).toBe(0);
  expect(box.pending(ROOM)).toEqual([]);
  expect(sent).toEqual([]);
});

test('what waits is counted, and what is sent, refused or asked about is not', async () => {
  const store = new MemoryOutboxStore();
  await store.put({ key: 'old', customerId: ME, roomId: ROOM, content: 'hello', writtenAt: 1_000_000 - ASK_AFTER - 1 });
  const { box, clock } = outbox(store, ({ content }) => {
    if (content !== 'sent') throw new CallError(content === 'refused' ? 400 : 0, content);
  });
  await box.restore();
  for (const [room, content] of [[1, 'sent'], [2, 'refused'], [3, 'lost'], [3, 'behind it']] as const) await box.add(room, content);
  await clock.advance(1);
  expect(box.unsent).toBe(2);
  expect(box.all.get().filter(isUnsent).map(({ content }) => content)).toEqual(['lost', 'behind it']);
});
