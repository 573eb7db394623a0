import type { Message, PendingMessage, RoomSummary } from '@colloquy/client';
import { describe, expect, test } from 'vitest';

import { Drafts, followed } from '../src/screens/chat/drafts';
import { piecesOf } from '../src/screens/chat/links';
import { chosenName, filtered, fold, isDefaultName, LONGEST_ROOM_NAME, roomWith, searchFor, suggestedName, titleOf } from '../src/screens/chat/names';
import { newsOf, tabTitle } from '../src/screens/chat/news';
import { lineOfMissed, newLine, readUpTo, rowsOf, seenBy } from '../src/screens/chat/rows';
import { waitingOf } from '../src/screens/chat/waiting';

const ME = { customerId: 1, fullName: 'Hải' };
const NOON = Date.parse('2026-03-05T12:00:00.000Z');

function message(messageId: number, senderId: number, minute: number): Message {
  const sentAt = new Date(NOON + minute * 60_000).toISOString();
  return { messageId, seq: messageId, roomId: 7, senderId, senderFullName: `P${senderId}`, content: `m${messageId}`, sentAt, clientKey: null };
}

function room(roomId: number, roomName: string, last?: { senderId: number; seq: number }): RoomSummary {
  const sentAt = new Date(NOON).toISOString();
  const lastMessage = last ? { messageId: last.seq, content: 'text', sentAt, ...last } : null;
  return { isUnread: false, view: { roomId, roomName, participantIds: [1, 2], unreadStatus: {}, lastMessage, createdBy: 1, createdAt: sentAt, updatedAt: sentAt } };
}

describe('rows', () => {
  test('messages of one sender stand together until a pause, another sender or another day', () => {
    const messages = [message(1, 2, 0), message(2, 2, 4), message(3, 2, 10), message(4, 1, 11), message(5, 1, 24 * 60 + 11)];
    const rows = rowsOf(messages, [], ME, undefined);
    expect(rows.map(({ startsGroup }) => startsGroup)).toEqual([true, false, true, true, true]);
    expect(rows.map(({ startsDay }) => startsDay)).toEqual([true, false, false, false, true]);
  });

  test('the line "New messages" is above the first one of another member behind what was read', () => {
    const messages = [message(1, 2, 0), message(2, 1, 1), message(3, 2, 2), message(4, 2, 3)];
    expect(rowsOf(messages, [], ME, 1).map(({ isFirstNew }) => isFirstNew)).toEqual([false, false, true, false]);
    expect(rowsOf(messages, [], ME, 4).some(({ isFirstNew }) => isFirstNew)).toBe(false);
    expect(rowsOf(messages, [], ME, undefined).some(({ isFirstNew }) => isFirstNew)).toBe(false);
  });

  test('a room that is read to its end when it is opened has no such line, and gets none from what is read as it comes', () => {
    const messages = [message(1, 2, 0), message(2, 1, 1), message(3, 2, 2)];
    expect(newLine(messages, 2, 1)).toBe(2);
    expect(newLine(messages, 3, 1)).toBe(Infinity);
    expect(newLine([message(1, 1, 0)], 0, 1)).toBe(Infinity);
    expect(rowsOf([...messages, message(4, 2, 3)], [], ME, Infinity).some(({ isFirstNew }) => isFirstNew)).toBe(false);
  });

  test('what was missed without a connection has the line above its first one, unless earlier ones are unread still', () => {
    const messages = [message(1, 2, 0), message(2, 2, 1), message(3, 2, 2), message(4, 1, 3)];
    expect(lineOfMissed(messages, Infinity, 2, 4, 1)).toBe(2);
    expect(lineOfMissed(messages, undefined, 2, 0, 1)).toBe(2);
    expect(lineOfMissed(messages, 1, 2, 2, 1)).toBe(2);
    expect(lineOfMissed(messages, 1, 2, 1, 1)).toBe(1);
    // One's own from another device are no news.
    expect(lineOfMissed(messages, Infinity, 3, 4, 1)).toBe(Infinity);
  });

  test('a pending message keeps its key when the server has it', () => {
    const pending: PendingMessage = {
      key: 'k', clientKey: 'ck', customerId: 1, roomId: 7, content: 'm5', writtenAt: NOON, state: 'sending',
    };
    const [before] = rowsOf([], [pending], ME, undefined);
    const [after] = rowsOf([{ ...message(5, 1, 0), clientKey: 'ck' }], [], ME, undefined);
    expect(before?.key).toBe(after?.key);
  });

  test('each member is shown at the newest message read, and not at one of their own', () => {
    const messages = [message(1, 1, 0), message(2, 1, 1), message(3, 3, 2)];
    const markers = new Map([[1, 3], [2, 2], [3, 1], [4, 99]]);
    expect([...seenBy(messages, markers, 1)]).toEqual([[2, [2]]]);
    expect([...seenBy([message(9, 1, 0)], new Map([[2, 3]]), 1)]).toEqual([]);
  });

  test('who has answered has read what came before', () => {
    expect(readUpTo([message(1, 2, 0), message(2, 1, 1), message(3, 2, 2)], 1, 1)).toBe(2);
    expect(readUpTo([], undefined, 1)).toBe(0);
  });
});

describe('links', () => {
  const links = (text: string) => piecesOf(text).flatMap(({ href }) => href ?? []);

  test('addresses of the web are links, without what ends the sentence', () => {
    expect(links('see https://example.com/a_(b)?x=1, or (http://example.org).')).toEqual(['https://example.com/a_(b)?x=1', 'http://example.org/']);
  });

  test('a name of the web without its scheme is one', () => {
    expect(links('see www.example.org/a, or (WWW.example.com).')).toEqual(['https://www.example.org/a', 'https://www.example.com/']);
    expect(links('https://www.example.org')).toEqual(['https://www.example.org/']);
    for (const text of ['www.', 'www.example', 'awww.example.org', 'me@www.example.org', 'www..com']) expect(links(text)).toEqual([]);
  });

  test('nothing else is', () => {
    for (const text of ['javascript:alert(1)', 'data:text/html,x', 'xhttp://a', 'http://', 'ftp://example.com', 'https://[']) expect(links(text)).toEqual([]);
  });

  test('the pieces are the text', () => {
    for (const text of ['', 'a', 'https://a.b', 'x https://a.b y http://c.d', '<b>https://a.b</b>', 'https://… https://a.b…']) {
      expect(piecesOf(text).map((piece) => piece.text).join('')).toBe(text);
    }
  });

  test('a direction override is not part of a link', () => {
    expect(links('https://a.b/\u202Egpj.exe')).toEqual(['https://a.b/']);
  });
});

describe('names', () => {
  test('accents and case do not count', () => {
    expect(fold('Đặng VŨ')).toBe('dang vu');
    const name = ({ roomName }: RoomSummary['view']) => roomName;
    const rooms = [room(1, 'Vũ Thanh Hải'), room(2, 'Đội bóng')];
    expect(filtered(rooms, 'hai vu', name).map(({ view }) => view.roomId)).toEqual([1]);
    expect(filtered(rooms, 'doi', name).map(({ view }) => view.roomId)).toEqual([2]);
    expect(filtered(rooms, '  ', name)).toBe(rooms);
  });

  test('a room that no one named is called after the other members as they are called today', () => {
    const made = suggestedName([{ fullName: 'Phát' }], 'Hải');
    const people = new Map([[1, { fullName: 'Hải Vũ' }], [2, { fullName: 'Phát Lê' }], [3, { fullName: 'Mai' }]]);
    const [hai, phat] = [{ customerId: 1, fullName: 'Hải Vũ' }, { customerId: 2, fullName: 'Phát Lê' }];
    expect(titleOf({ roomName: made, participantIds: [1, 2] }, hai, people)).toBe('Phát Lê');
    expect(titleOf({ roomName: made, participantIds: [1, 2] }, phat, people)).toBe('Hải Vũ');
    expect(titleOf({ roomName: made, participantIds: [1, 2, 3] }, hai, people)).toBe('Phát Lê, Mai');
    // As long as the others are not known, it is what it was.
    expect(titleOf({ roomName: made, participantIds: [1, 2] }, ME, new Map())).toBe('Phát');
    const many = Array.from({ length: 12 }, (_, index) => index + 1);
    expect(titleOf({ roomName: made, participantIds: many }, hai, new Map(many.map((id) => [id, { fullName: 'X' }])))).toBe('X, X, X, X, X, X, X, X, …');
  });

  test('so is one of an older page, as long as the members are called as in it', () => {
    const people = new Map([[1, { fullName: 'Hải Vũ' }], [2, { fullName: 'Phát' }]]);
    expect(titleOf({ roomName: 'Phát, Hải Vũ', participantIds: [1, 2] }, { customerId: 1, fullName: 'Hải Vũ' }, people)).toBe('Phát');
    expect(isDefaultName({ roomName: 'Phát, urgent', participantIds: [1, 2] }, people)).toBe(false);
    expect(isDefaultName({ roomName: 'Phát, Hải Vũ', participantIds: [1, 2, 3] }, people)).toBe(false);
    expect(isDefaultName({ roomName: 'Phát, Phát', participantIds: [1, 2] }, people)).toBe(false);
  });

  test('a name that a person chose stays, if it was made out of a suggested one too', () => {
    const chosen = chosenName(`${suggestedName([{ fullName: 'Phát' }], 'Hải')} at lunch `);
    const people = new Map([[1, { fullName: 'Hải' }], [2, { fullName: 'Phát' }]]);
    expect(chosen).toBe('Phát, Hải at lunch');
    for (const roomName of [chosen, 'Lunch', 'Hải, lunch', 'Lunch, Hải, Mai']) expect(titleOf({ roomName, participantIds: [1, 2] }, ME, people)).toBe(roomName);
  });

  test('a room of two that no one named is found by the other', () => {
    const people = new Map([[1, { fullName: 'Hải' }], [2, { fullName: 'Phát' }]]);
    const rooms = [room(1, 'Lunch'), room(2, suggestedName([{ fullName: 'Phát' }], 'Hải'))];
    expect(roomWith(rooms, 1, 2, people)?.view.roomId).toBe(2);
    expect(roomWith(rooms, 1, 3, people)).toBeUndefined();
    expect(roomWith([room(1, 'Lunch')], 1, 2, people)).toBeUndefined();
  });

  test('a room is named after its members, as long as a name may be', () => {
    expect(suggestedName([], 'Hải')).toBe('');
    expect(suggestedName([{ fullName: 'Phát' }], 'Hải')).toBe('Phát,\u00A0Hải');
    for (const fullName of ['🙂 Nguyễn', 'x'.repeat(100)]) {
      const roomName = suggestedName(Array.from({ length: 30 }, () => ({ fullName })), 'Hải');
      expect(Array.from(roomName)).toHaveLength(LONGEST_ROOM_NAME);
      expect(isDefaultName({ roomName, participantIds: [] }, new Map())).toBe(true);
    }
  });

  test('digits are searched as a phone number, once there are enough of them', () => {
    expect(searchFor(' hải ')).toEqual({ by: 'name', part: 'hải' });
    expect(searchFor('+84 (901) 234-567')).toEqual({ by: 'phone', part: '+84901234567' });
    expect(searchFor('090')).toBeUndefined();
    expect(searchFor('  ')).toBeUndefined();
  });
});

describe('news', () => {
  test('are newer messages of others, and nothing on the first reading', () => {
    const before = [room(1, 'a', { senderId: 2, seq: 3 }), room(2, 'b')];
    const after = [room(1, 'a', { senderId: 2, seq: 4 }), room(2, 'b', { senderId: 1, seq: 1 }), room(3, 'c', { senderId: 2, seq: 1 })];
    expect(newsOf(before, after, 1).map(({ view }) => view.roomId)).toEqual([1, 3]);
    expect(newsOf(after, after, 1)).toEqual([]);
    expect(newsOf(undefined, after, 1)).toEqual([]);
  });

  test('the tab says how many rooms are unread', () => {
    expect(tabTitle(0, undefined, 'Colloquy')).toBe('Colloquy');
    expect(tabTitle(2, 'Team', 'Colloquy')).toBe('(2) Team · Colloquy');
  });
});

test('a draft is kept by person and room, and a store that fails costs no more than that', () => {
  const kept = new Map<string, string>();
  const store = {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, text: string) => kept.set(name, text),
    removeItem: (name: string) => kept.delete(name),
  } as unknown as Storage;
  const drafts = new Drafts(1, () => store);
  drafts.write(7, 'half a');
  expect(drafts.read(7)).toBe('half a');
  expect(new Drafts(2, () => store).read(7)).toBe('');
  drafts.write(7, ' ');
  expect(kept.size).toBe(0);
  const broken = new Drafts(1, () => { throw new Error('forbidden'); });
  broken.write(7, 'x');
  expect(broken.read(7)).toBe('');
});

test('a draft that another window sends reaches this one, and no other draft does', () => {
  const source = new EventTarget();
  const heard: string[][] = [];
  const stop = new Drafts(1).watch(7, (before, after) => heard.push([before, after]), source);
  const send = (key: string) => source.dispatchEvent(Object.assign(new Event('storage'), { key, oldValue: 'hello', newValue: null }));
  send('colloquy.draft.1.7');
  send('colloquy.draft.1.8');
  send('colloquy.draft.2.7');
  stop();
  send('colloquy.draft.1.7');
  expect(heard).toEqual([['hello', '']]);
});

describe('a draft in two windows', () => {
  test('goes on in the one what was typed in the other, and is gone from both when it was sent', () => {
    expect(followed('', '', 'hello', true)).toBe('hello');
    expect(followed('hello', 'hello', 'hello you', false)).toBe('hello you');
    for (const isBeingWritten of [true, false]) expect(followed('hello ', 'hello', '', isBeingWritten)).toBe('');
  });

  test('that both have changed stays in each of them as it is there', () => {
    expect(followed('hello', 'hello', 'good morning', true)).toBe('hello');
    expect(followed('hello', 'good morning', 'good morning all', false)).toBe('hello');
    expect(followed('hello', 'good morning', '', false)).toBe('hello');
  });
});

describe('the row of a room', () => {
  const pending = (state: PendingMessage['state'], minute: number): PendingMessage =>
    ({ clientKey: state, roomId: 7, content: state, writtenAt: NOON + minute * 60_000, state }) as PendingMessage;

  test('shows what is on its way, and not what was sent, refused, or overtaken by a later message', () => {
    const { view } = room(7, 'Lunch', { senderId: 2, seq: 1 });
    expect(waitingOf(view, [pending('waiting', 1), pending('sending', 2)])?.content).toBe('sending');
    for (const state of ['sent', 'refused', 'asking'] as const) expect(waitingOf(view, [pending(state, 1)])).toBeUndefined();
    expect(waitingOf(view, [pending('waiting', -1)])).toBeUndefined();
    expect(waitingOf({ ...view, roomId: 8 }, [pending('waiting', 1)])).toBeUndefined();
  });
});
