/** The list of rooms: what is read and what is pushed, in whatever order they come. */
import { describe, expect, it } from 'vitest';

import { CallError } from '../src/call-error.js';
import type { ReadStatus, RoomView } from '../src/contract.js';
import type { Listener, Pushes } from '../src/pushes.js';
import { Rooms } from '../src/rooms.js';
import { ME, OTHER, Random, TestClock } from './world.js';

function view(roomId: number, seq: number, isUnread: boolean): RoomView {
  const at = new Date(seq * 1000).toISOString();
  return {
    roomId, roomName: `Room ${roomId}`, participantIds: [ME, OTHER], unreadStatus: { [ME]: isUnread }, createdBy: OTHER,
    createdAt: at, updatedAt: at,
    lastMessage: seq === 0 ? null : { messageId: 100 + seq, seq, senderId: OTHER, content: `${seq}`, sentAt: at },
  };
}

/** Reads are answered by hand, in any order. */
function world() {
  const clock = new TestClock(new Random(5));
  const listeners = new Map<string, Listener<unknown>>();
  const reads: { answer: (views: RoomView[]) => void; fail: (error: CallError) => void }[] = [];
  const heard: [number, number][] = [];
  const pushes: Pushes = {
    subscribe: <Body>(destination: string, listener: Listener<Body>) => {
      listeners.set(destination, listener);
      return () => listeners.delete(destination);
    },
    send: () => undefined,
  };
  const rooms = new Rooms(ME, {
    clock, pushes,
    rooms: () => new Promise((answer, fail) => { reads.push({ answer, fail }); }),
    heard: (roomId, seq) => heard.push([roomId, seq]),
    signedOut: () => { throw new Error('signed out'); },
  });
  const push = (body: RoomView | ReadStatus) => {
    listeners.get('roomName' in body ? '/user/topic/rooms' : '/user/topic/readStatus')?.take(body);
  };
  const ready = () => listeners.get('/user/topic/rooms')?.ready?.();
  const answer = async (read: number, views: RoomView[]) => {
    reads[read]?.answer(views);
    await clock.advance(0);
  };
  const unread = () => rooms.list.get()?.map(({ view: { roomId }, isUnread }) => [roomId, isUnread]);
  return { clock, rooms, reads, heard, push, ready, answer, unread };
}

describe('the list of rooms', () => {
  it('is read without a connection, and again when one stands', async () => {
    const { rooms, reads, heard, ready, answer, unread } = world();
    expect(rooms.list.get()).toBeUndefined();
    await answer(0, [view(7, 3, true)]);
    expect(unread()).toEqual([[7, true]]);
    expect(heard).toEqual([[7, 3]]);
    ready();
    expect(reads).toHaveLength(2);
    await answer(1, [view(7, 4, false), view(8, 1, true)]);
    expect(unread()).toEqual([[7, false], [8, true]]);
  });

  it('that could not be read is read again, later and later', async () => {
    const { clock, reads, answer, unread } = world();
    for (let read = 0; read < 5; read += 1) {
      reads[read]?.fail(new CallError(503, 'Please try again.'));
      await clock.advance(30_000);
      expect(reads).toHaveLength(read + 2);
    }
    await answer(5, [view(7, 1, true)]);
    expect(unread()).toEqual([[7, true]]);
  });

  it('takes no answer that is older than another one', async () => {
    const { ready, answer, unread } = world();
    ready();
    await answer(1, [view(7, 1, false)]);
    await answer(0, [view(7, 1, true)]);
    expect(unread()).toEqual([[7, false]]);
  });

  it('believes what is pushed while it is read', async () => {
    const { push, ready, answer, unread } = world();
    await answer(0, [view(7, 1, true), view(8, 1, true)]);
    ready();
    push({ roomId: 7, customerId: ME, isUnread: false });
    push(view(8, 2, true));
    await answer(1, [view(7, 1, true), view(8, 1, false)]);
    expect(unread()).toEqual([[8, true], [7, false]]);
    ready();
    await answer(2, [view(7, 1, true), view(8, 2, false)]);
    expect(unread()).toEqual([[8, false], [7, true]]);
  });

  it('is marked by the reader’s own reading, up to the message that was read', async () => {
    const { rooms, push, answer, unread } = world();
    await answer(0, [view(7, 2, true)]);
    rooms.wasRead(7, 101);
    expect(unread()).toEqual([[7, true]]);
    rooms.wasRead(7, 102);
    expect(unread()).toEqual([[7, false]]);
    push(view(7, 3, true));
    expect(unread()).toEqual([[7, true]]);
  });

  it('is read until a room that was made is in it', async () => {
    const { clock, rooms, reads, answer } = world();
    await answer(0, []);
    let isListed = false;
    void rooms.listed(9).then(() => { isListed = true; });
    await clock.advance(400);
    expect(reads).toHaveLength(2);
    await answer(1, []);
    await clock.advance(800);
    await answer(2, [view(9, 0, false)]);
    expect(isListed).toBe(true);
    await clock.advance(60_000);
    expect(reads).toHaveLength(3);
  });

  it('is not waited for when a room was pushed at once, nor for ever', async () => {
    const { clock, rooms, reads, push, answer } = world();
    await answer(0, []);
    const ended: number[] = [];
    for (const roomId of [9, 10]) void rooms.listed(roomId).then(() => ended.push(roomId));
    push(view(9, 0, false));
    await clock.advance(0);
    expect(ended).toEqual([9]);
    for (let read = 1; read <= 4; read += 1) {
      await clock.advance(3_200);
      await answer(read, []);
    }
    expect(ended).toEqual([9, 10]);
    expect(reads).toHaveLength(5);
  });
});
