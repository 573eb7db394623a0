import { expect, test } from 'vitest';

import { MessageList } from '../src/message-list.js';
import type { Message } from '../src/contract.js';

function message(seq: number): Message {
  return {
    messageId: seq, roomId: 1, seq, senderId: 1, senderFullName: 'An', content: `message ${seq}`,
    sentAt: '2026-01-01T00:00:00.000Z', clientKey: null,
  };
}

const messages = (...seqs: number[]) => seqs.map(message);
const seqs = (list: MessageList) => list.items.map(({ seq }) => seq);

function loaded(...page: number[]): MessageList {
  const list = new MessageList();
  list.load(messages(...page), false);
  return list;
}

test('what is pushed before the first page waits for it', () => {
  const list = new MessageList();
  list.add(messages(5, 4));
  expect(seqs(list)).toEqual([]);
  list.load(messages(2, 3), false);
  expect(seqs(list)).toEqual([2, 3, 4, 5]);
});

test('what is behind a hole is shown when the hole is filled, and a repeat is dropped', () => {
  const list = loaded(1, 2);
  list.add(messages(5, 4, 2));
  expect(seqs(list)).toEqual([1, 2]);
  expect(list.hasHole).toBe(true);
  list.add(messages(3, 3));
  expect(seqs(list)).toEqual([1, 2, 3, 4, 5]);
  expect(list.hasHole).toBe(false);
});

test('a page that does not meet what is here takes its place', () => {
  const list = loaded(1, 2);
  list.load(messages(9, 10), false);
  expect(seqs(list)).toEqual([9, 10]);
  expect(list.reachesStart).toBe(false);
});

test('older messages are put before, unless they do not meet the oldest', () => {
  const list = loaded(9, 10);
  list.prepend(messages(5, 6));
  expect(seqs(list)).toEqual([9, 10]);
  list.prepend(messages(7, 8));
  expect(seqs(list)).toEqual([7, 8, 9, 10]);
});

test('a message that history did not have at first is put in its place', () => {
  const list = loaded(1, 2);
  list.load(messages(4, 5), true);
  expect(seqs(list)).toEqual([1, 2, 4, 5]);
  list.add(messages(3));
  list.add(messages(3));
  expect(seqs(list)).toEqual([1, 2, 3, 4, 5]);
});

test('an empty room has its start, and a hole when it is heard of a message', () => {
  const list = loaded();
  expect(list.reachesStart).toBe(true);
  list.hear(1);
  expect(list.hasHole).toBe(true);
});
