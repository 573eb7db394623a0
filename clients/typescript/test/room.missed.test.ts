/** What a reader has missed while the connection was lost, and what they have not. */
import { expect, test } from 'vitest';

import { MemoryOutboxStore } from '../src/outbox-store.js';
import { Outbox } from '../src/outbox.js';
import { Room } from '../src/room.js';
import { ME, NO_FAULTS, OTHER, Random, ROOM, World } from './world.js';

/** A reader whose calls for history can be held, on the way there or on the way back. */
async function reader(...earlier: string[]) {
  const world = new World(new Random(1), NO_FAULTS);
  const held = { at: undefined as 'asking' | 'answering' | undefined, release: (): void => undefined };
  const hold = (at: typeof held.at) => (held.at === at ? new Promise<void>((resolve) => { held.release = resolve; }) : undefined);
  const opened: { room?: Room } = {};
  const signedOut = () => { throw new Error('signed out'); };
  const outbox = new Outbox(ME, {
    clock: world.clock, store: new MemoryOutboxStore(), signedOut,
    send: (_, content, key) => world.post(content, key),
    changed: () => opened.room?.pendingChanged(),
  });
  world.connect();
  const [read] = earlier.map((content) => world.write(OTHER, content));
  const room = new Room(ROOM, {
    customerId: ME, clock: world.clock, pushes: world, outbox, signedOut,
    history: async (_, page, before) => {
      await hold('asking');
      const answer = await world.history(page, before);
      await hold('answering');
      return answer;
    },
    readMarkers: () => Promise.resolve([]),
    onlineStatus: () => Promise.resolve([]),
    markRead: () => Promise.resolve(),
    closed: () => undefined,
  });
  opened.room = room;
  world.projectedTo = (seq) => { room.heard(seq); };
  await world.clock.advance(2_000);
  const { state } = room;
  const texts = () => state.get().messages.map(({ content }) => content);
  const missedAfter = () => state.get().missedAfter;
  const release = () => {
    held.at = undefined;
    held.release();
  };
  return { world, room, held, release, texts, missedAfter, read: read?.messageId ?? 0 };
}

test('what was missed begins behind what was here, and what is pushed after it was not missed', async () => {
  const { world, room, texts, missedAfter, read } = await reader('read');
  // Nothing is missed.
  world.disconnect();
  world.connect();
  await world.clock.advance(2_000);
  world.write(OTHER, 'pushed');
  await world.clock.advance(2_000);
  expect(missedAfter()).toBeUndefined();

  world.disconnect();
  world.write(OTHER, 'missed');
  await room.send('waits');
  world.connect();
  await world.clock.advance(5_000);
  expect(missedAfter()).toBe(read + 3);
  world.write(OTHER, 'pushed again');
  await world.clock.advance(2_000);
  expect(missedAfter()).toBe(read + 3);
  expect(texts()).toEqual(['read', 'pushed', 'missed', 'waits', 'pushed again']);
  room.close();
});

test('the first messages of a room can be missed too', async () => {
  const { world, room, texts, missedAfter } = await reader();
  world.disconnect();
  world.write(OTHER, 'missed');
  world.connect();
  await world.clock.advance(5_000);
  expect(texts()).toEqual(['missed']);
  expect(missedAfter()).toBe(0);
  room.close();
});

test('a message of one’s own that is sent without a connection was not missed, and does not hide what is', async () => {
  const { world, room, texts, missedAfter, read } = await reader('read');
  world.disconnect();
  await room.send('mine');
  await world.clock.advance(5_000);
  expect(texts()).toEqual(['read', 'mine']);
  expect(missedAfter()).toBeUndefined();

  world.write(OTHER, 'missed');
  world.connect();
  await world.clock.advance(5_000);
  expect(texts()).toEqual(['read', 'mine', 'missed']);
  expect(missedAfter()).toBe(read);
  room.close();
});

test('an answer from before the connection was lost does not hide what was missed after it', async () => {
  const { world, room, held, release, texts, missedAfter, read } = await reader('read');
  held.at = 'answering';
  world.disconnect();
  world.connect();
  await world.clock.advance(500);
  world.disconnect();
  world.write(OTHER, 'missed');
  await world.clock.advance(500);
  world.connect();
  await world.clock.advance(500);
  release();
  await world.clock.advance(2_000);
  expect(texts()).toEqual(['read', 'missed']);
  expect(missedAfter()).toBe(read);
  room.close();
});

test('what is pushed right behind what was here was not missed, if it is asked for at the same time', async () => {
  const { world, room, held, release, texts, missedAfter } = await reader('read');
  held.at = 'asking';
  world.disconnect();
  world.connect();
  await world.clock.advance(500);
  world.write(OTHER, 'pushed');
  await world.clock.advance(500);
  expect(texts()).toEqual(['read', 'pushed']);
  release();
  await world.clock.advance(2_000);
  expect(missedAfter()).toBeUndefined();
  room.close();
});
