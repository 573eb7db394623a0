import { expect, test } from 'vitest';

import { CallError } from '../src/call-error.js';
import type { Flow, RoomView } from '../src/contract.js';
import { FlowWatch } from '../src/flow.js';
import { Observable } from '../src/observable.js';
import type { Listener } from '../src/pushes.js';
import type { RoomSummary } from '../src/rooms.js';
import { Random, TestClock } from './world.js';

const ROOM = 7;

function message(messageId: number, seq: number, isInLog = true): Flow['messages'][number] {
  return { messageId, roomId: ROOM, seq, isInLog, senderId: 1, senderFullName: 'Ann', sentAt: '2026-01-01T00:00:00.000Z' };
}

function projectedUpTo(seq: number): RoomSummary[] {
  const view = { roomId: ROOM, lastMessage: { seq } } as RoomView;
  return [{ view, isUnread: false }];
}

/** A system whose answers and pushes the test makes. */
function watched() {
  const clock = new TestClock(new Random(1));
  const rooms = new Observable<readonly RoomSummary[] | undefined>(undefined);
  const listeners = new Map<string, Listener<unknown>>();
  const system = { messages: [] as Flow['messages'], failure: undefined as CallError | undefined, calls: 0, signedOut: 0 };
  const watch = new FlowWatch({
    clock,
    rooms,
    pushes: {
      subscribe: (destination, listener) => {
        listeners.set(destination, listener);
        return () => listeners.delete(destination);
      },
      send: () => undefined,
    },
    readFlow: () => {
      system.calls += 1;
      if (system.failure) return Promise.reject(system.failure);
      return Promise.resolve({ outbox: null, partitions: null, messages: system.messages });
    },
    signedOut: () => { system.signedOut += 1; },
  });
  const room = () => listeners.get(`/topic/message/roomId/${ROOM}`);
  const stages = () => watch.state.get().messages.map((one) => [one.messageId, one.isInLog, one.isProjected, one.isPushed]);
  return { clock, rooms, listeners, system, watch, room, stages };
}

test('a message goes from the outbox into the log, the views and a push, each as it comes', async () => {
  const { clock, rooms, system, watch, room, stages } = watched();
  rooms.set(projectedUpTo(0));
  room()?.ready?.();
  await clock.advance(1_000);
  system.messages = [message(10, 1, false)];
  await clock.advance(1_000);
  expect(stages()).toEqual([[10, false, false, false]]);
  system.messages = [message(10, 1)];
  await clock.advance(1_000);
  expect(stages()).toEqual([[10, true, false, false]]);
  room()?.take({ messageId: 10 });
  expect(stages()).toEqual([[10, true, false, true]]);
  expect(watch.state.get().pushed).toBe(1);
  rooms.set(projectedUpTo(1));
  expect(stages()).toEqual([[10, true, true, true]]);
});

test('of a message that was sent before this client listened it is not known whether it was pushed', async () => {
  const { clock, rooms, system, room, stages } = watched();
  system.messages = [message(10, 1)];
  rooms.set(projectedUpTo(1));
  await clock.advance(1_000);
  expect(stages()).toEqual([[10, true, true, undefined]]);
  room()?.ready?.();
  await clock.advance(1_000);
  system.messages = [message(11, 2), message(10, 1)];
  await clock.advance(1_000);
  expect(stages()).toEqual([[11, true, false, false], [10, true, true, undefined]]);
  // What was not pushed when the connection went is fetched by clients, and not pushed any more.
  room()?.lost?.();
  await clock.advance(1_000);
  expect(stages()).toEqual([[11, true, false, undefined], [10, true, true, undefined]]);
});

test('a room is listened to when a message of it appears, even if the views do not have it yet', async () => {
  const { clock, system, room } = watched();
  expect(room()).toBeUndefined();
  system.messages = [message(10, 1)];
  await clock.advance(1_000);
  expect(room()).toBeDefined();
});

test('a server that does not answer is asked again, and what was known stays, as old', async () => {
  const { clock, system, watch } = watched();
  system.messages = [message(10, 1)];
  await clock.advance(1_000);
  system.failure = new CallError(503, 'Temporarily unavailable.');
  await clock.advance(1_000);
  expect(watch.state.get()).toMatchObject({ isCurrent: false, messages: [{ messageId: 10 }] });
  system.failure = undefined;
  await clock.advance(1_000);
  expect(watch.state.get().isCurrent).toBe(true);
});

test('nothing is asked or listened to any more once it is closed, or the session has ended', async () => {
  const { clock, rooms, listeners, system, watch } = watched();
  rooms.set(projectedUpTo(1));
  await clock.advance(1_000);
  watch.close();
  const before = system.calls;
  await clock.advance(10_000);
  expect([system.calls, listeners.size]).toEqual([before, 0]);

  const ended = watched();
  ended.system.failure = new CallError(401, 'Please log in.');
  await ended.clock.advance(10_000);
  expect([ended.system.calls, ended.system.signedOut]).toEqual([2, 1]);
});
