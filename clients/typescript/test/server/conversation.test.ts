import { IDBFactory } from 'fake-indexeddb';
import { afterEach, expect, test } from 'vitest';

import { CallError, IndexedDbOutboxStore } from '../../src/index.js';
import { Random } from '../world.js';
import { history, Person, until } from './people.js';

const people: Person[] = [];

async function person(seed = 1): Promise<Person> {
  const one = await Person.signUp(seed);
  people.push(one);
  return one;
}

afterEach(async () => {
  for (const { colloquy, network } of people.splice(0)) {
    network.isUp = true;
    network.lostCall = 0;
    await colloquy.logOut();
  }
});

const texts = (messages: readonly { content: string }[]) => messages.map(({ content }) => content);

test('two people talk: messages, unread, presence, typing, markers', async () => {
  const [an, binh] = [await person(), await person()];
  const roomId = await an.colloquy.api.createRoom('Talk', [binh.id]);
  const rooms = await until('the room is listed', binh.session.rooms, (rooms) => rooms?.[0]?.view.roomId === roomId);
  expect(rooms?.[0]?.isUnread).toBe(true);

  const [here, there] = [an.open(roomId), binh.open(roomId)];
  await until('both are online', here.state, ({ online }) => online.has(an.id) && online.has(binh.id));

  there.keepTyping();
  await until('typing is shown', here.state, ({ typing }) => typing.has(binh.id));
  await there.send('Chào An');
  const { typing } = await until('the message is shown', here.state, ({ messages }) => messages.length === 1);
  expect(typing.has(binh.id)).toBe(false);
  await here.send('Chào Bình');
  for (const room of [here, there]) {
    const { messages } = await until('both messages', room.state, ({ messages, pending }) => messages.length === 2 && pending.length === 0);
    expect(texts(messages)).toEqual(['Chào An', 'Chào Bình']);
  }

  await there.markRead();
  const last = there.state.get().messages.at(-1)?.messageId;
  await until('the marker moves', here.state, ({ markers }) => markers.get(binh.id) === last);
  await until('nothing is unread', binh.session.rooms, (rooms) => rooms?.[0]?.isUnread === false);

  binh.network.isUp = false;
  binh.network.cut();
  await until('the other is offline', here.state, ({ online }) => !online.has(binh.id));
});

test('whatever the network loses, cuts or doubles, both see what the server has', async () => {
  const [an, binh] = [await person(11), await person(12)];
  const roomId = await an.colloquy.api.createRoom('Storm', [binh.id]);
  const [here, there] = [an.open(roomId), binh.open(roomId)];
  for (const { network } of [an, binh]) {
    network.lostCall = 0.2;
    network.doubledFrame = 0.2;
  }
  const random = new Random(13);
  const written: string[] = [];
  for (let i = 0; i < 120; i += 1) {
    const [room, { network }] = random.chance(0.5) ? [here, an] : [there, binh];
    if (random.chance(0.08)) network.cut();
    written.push(`message ${i}`);
    await room.send(`message ${i}`);
    await new Promise((resolve) => setTimeout(resolve, random.below(20)));
  }
  for (const { network } of [an, binh]) {
    network.lostCall = 0;
    network.doubledFrame = 0;
  }
  for (const room of [here, there]) {
    await until('the newest', room.state, ({ messages, pending }) => (messages.at(-1)?.seq ?? 0) >= 120 && pending.length === 0, 60_000);
    // The first page may have come as late as that: then it does not reach the start.
    while (!room.state.get().reachesStart) await room.loadOlder();
    const { messages } = room.state.get();
    expect(messages).toEqual(await history(an, roomId, 120));
    expect(texts(messages).sort()).toEqual([...written].sort());
  }
});

test('a reader without a network for a while misses nothing', async () => {
  const [an, binh] = [await person(), await person()];
  const roomId = await an.colloquy.api.createRoom('Gap', [binh.id]);
  const [here, there] = [an.open(roomId), binh.open(roomId)];
  await here.send('before');
  await until('before', there.state, ({ messages }) => messages.length === 1);

  binh.network.isUp = false;
  binh.network.cut();
  await until('no connection', binh.colloquy.connection, ({ is }) => is !== 'connected');
  await there.send('written offline');
  for (let i = 0; i < 150; i += 1) await here.send(`missed ${i}`);
  await until('sent', here.state, ({ pending }) => pending.length === 0, 30_000);
  expect(there.state.get().messages).toHaveLength(1);
  expect(texts(there.state.get().pending)).toEqual(['written offline']);

  binh.network.isUp = true;
  for (const room of [here, there]) {
    const { messages } = await until('all', room.state, ({ messages, pending }) => messages.length === 152 && pending.length === 0, 60_000);
    expect(messages).toEqual(await history(an, roomId, 152));
  }
});

test('a reader behind a network without WebSockets sees rooms and messages at once, writes, and gets what is new', async () => {
  const an = await person();
  const binh = await Person.signUp(21, false);
  people.push(binh);
  const roomId = await binh.colloquy.api.createRoom('Blocked', [an.id]);
  await binh.session.listed(roomId);
  expect(binh.session.rooms.get()?.map(({ view }) => view.roomName)).toEqual(['Blocked']);
  const [here, there] = [an.open(roomId), binh.open(roomId)];
  await there.send('out');
  await until('it is sent', there.state, ({ messages, pending }) => messages.length === 1 && pending.length === 0, 5_000);

  await here.send('in');
  const { messages } = await until('it is read', there.state, ({ messages }) => messages.length === 2, 40_000);
  expect(texts(messages)).toEqual(['out', 'in']);
  await until('it is unread', binh.session.rooms, (rooms) => rooms?.[0]?.isUnread === true);
  await until('it asks for what is new', binh.session.isPolling, (isPolling) => isPolling);
  await there.markRead();
  expect(binh.session.rooms.get()?.[0]?.isUnread).toBe(false);
  expect(binh.colloquy.connection.get().is).not.toBe('connected');
  const again = await binh.again();
  people.push(again);
  await until('the newest page', again.open(roomId).state, ({ messages, areMarkersKnown }) => messages.length === 2 && areMarkersKnown, 5_000);
});

test('messages that were not sent outlive a reload and go out in order', async () => {
  globalThis.indexedDB = new IDBFactory();
  const [an, binh] = [await person(), await person()];
  const roomId = await an.colloquy.api.createRoom('Reload', [binh.id]);
  const before = await an.again(new IndexedDbOutboxStore());
  people.push(before);
  before.network.isUp = false;
  before.network.cut();
  const room = before.open(roomId);
  for (const text of ['one', 'two', 'three']) await room.send(text);
  expect(texts(room.state.get().pending)).toEqual(['one', 'two', 'three']);

  const after = await before.again(new IndexedDbOutboxStore());
  people.push(after);
  const { messages } = await until('they are sent', after.open(roomId).state, ({ messages }) => messages.length === 3);
  expect(texts(messages)).toEqual(['one', 'two', 'three']);
});

test('a room that is not one’s own is refused once, and the others go on', async () => {
  const [an, binh, cuong] = [await person(), await person(), await person()];
  const closed = await an.colloquy.api.createRoom('Closed', [binh.id]);
  const open = await an.colloquy.api.createRoom('Open', [cuong.id]);
  const [refused, shown] = [cuong.open(closed), cuong.open(open)];
  const { refusal } = await until('the refusal', refused.state, ({ refusal }) => refusal !== undefined);
  expect(refusal).toBeTruthy();
  await an.open(open).send('still here');
  await until('the other room', shown.state, ({ messages }) => messages.length === 1, 30_000);
});

test('a message that the server refuses says why, and holds up no other', async () => {
  const [an, binh] = [await person(), await person()];
  const room = an.open(await an.colloquy.api.createRoom('Refused', [binh.id]));
  await room.send('x'.repeat(9000));
  await room.send('fine');
  const { pending } = await until('the second is sent', room.state, ({ messages, pending }) => messages.length === 1 && pending.length === 1);
  expect(pending[0]?.state).toBe('refused');
  expect(pending[0]?.refusal).toMatch(/characters/);
  if (pending[0]) await an.session.discard(pending[0]);
  expect(room.state.get().pending).toEqual([]);
});

test('a session that is ended elsewhere ends here', async () => {
  const an = await person();
  const elsewhere = await an.again();
  people.push(elsewhere);
  await until('connected', elsewhere.colloquy.connection, ({ is }) => is === 'connected');
  await an.colloquy.api.changePassword('correct horse battery', 'another horse battery');
  await until('the session has ended', elsewhere.colloquy.session, (session) => session === undefined);
  await expect(elsewhere.colloquy.api.rooms()).rejects.toBeInstanceOf(CallError);
  expect(elsewhere.colloquy.connection.get()).toEqual({ is: 'off' });
});
