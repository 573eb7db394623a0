/** A room under ten thousand random schedules of what networks do: the list is always a part of the truth, and at last all of it. */
import { expect, test } from 'vitest';

import { MemoryOutboxStore, type StoredMessage } from '../src/outbox-store.js';
import { Outbox } from '../src/outbox.js';
import { Room } from '../src/room.js';
import { type Faults, ME, NO_FAULTS, OTHER, Random, ROOM, World } from './world.js';

const SCHEDULES = 10_000;
const FAULTS: Faults = { lostCall: 0.1, oddFrame: 0.2, lostFrame: 0.1, unavailable: 0.1 };

/** Gives what it keeps in any order, as databases may. */
class ShuffledStore extends MemoryOutboxStore {
  constructor(private readonly random: Random) {
    super();
  }

  override async all(customerId: number): Promise<StoredMessage[]> {
    const messages = await super.all(customerId);
    return messages.map((message) => ({ message, at: this.random.next() })).sort((a, b) => a.at - b.at).map(({ message }) => message);
  }
}

/** One reader with their room, over one schedule. */
class Reader {
  readonly store: ShuffledStore;
  readonly written: string[] = [];
  outbox!: Outbox;
  room!: Room;

  constructor(readonly world: World) {
    this.store = new ShuffledStore(world.random);
  }

  /** Opens the room, as a page does when it is loaded. */
  async open(): Promise<void> {
    const { clock } = this.world;
    const signedOut = () => { throw new Error('signed out'); };
    let room: Room | undefined;
    this.outbox = new Outbox(ME, {
      clock, store: this.store, signedOut,
      send: (_, content, key) => this.world.post(content, key),
      changed: () => room?.pendingChanged(),
    });
    await this.outbox.restore();
    this.room = room = new Room(ROOM, {
      customerId: ME, clock, pushes: this.world, outbox: this.outbox, signedOut,
      history: (_, page, before) => this.world.history(page, before),
      readMarkers: () => Promise.resolve([]),
      onlineStatus: () => Promise.resolve([]),
      markRead: () => Promise.resolve(),
      closed: () => undefined,
    });
    this.world.projectedTo = (seq) => { this.room.heard(seq); };
    this.outbox.resume();
  }

  async reload(): Promise<void> {
    this.room.close();
    this.outbox.pause();
    await this.open();
  }

  async write(): Promise<void> {
    const content = `mine ${this.written.length}`;
    this.written.push(content);
    await this.room.send(content);
  }

  /** Whatever happens: an unbroken part of the truth, and nothing of one's own twice or lost. */
  check(): void {
    const { messages, pending } = this.room.state.get();
    const first = messages[0]?.seq ?? 1;
    expect(messages.findIndex((message, i) => message !== this.world.truth[first - 1 + i])).toBe(-1);
    const mine = [...messages.filter(({ senderId }) => senderId === ME), ...pending].map(({ content }) => content);
    expect(new Set(mine).size).toBe(mine.length);
    expect(pending.map(({ content }) => content)).toEqual(this.written.filter((content) => pending.some((one) => one.content === content)));
  }
}

async function step(reader: Reader): Promise<void> {
  const { world } = reader;
  const { random } = world;
  const what = random.below(20);
  if (what < 8) world.write(OTHER, `theirs ${world.truth.length}`);
  else if (what < 12) await reader.write();
  else if (what < 14 && world.isConnected) world.disconnect();
  else if (what < 17 && !world.isConnected) world.connect();
  else if (what === 17) void reader.room.loadOlder().catch(() => undefined);
  else if (what === 18) await reader.reload();
  else if (!world.isConnected) void world.poll().catch(() => undefined);
  await world.clock.advance(random.below(300));
}

async function schedule(seed: number, longestBurst: number): Promise<Reader> {
  const random = new Random(seed);
  const world = new World(random, FAULTS);
  for (let i = random.below(40); i > 0; i -= 1) world.write(OTHER, `earlier ${i}`);
  const reader = new Reader(world);
  await reader.open();
  const steps = 10 + random.below(30);
  for (let i = 0; i < steps; i += 1) {
    // A step may wait for a call, which needs time to go on.
    await Promise.all([step(reader), world.clock.advance(random.below(400))]);
    if (random.chance(0.05)) for (let n = random.below(longestBurst); n > 0; n -= 1) world.write(OTHER, `burst ${n}`);
    reader.check();
  }
  return reader;
}

/** The faults end, and the connection comes back, or where none is let through the list of rooms is read. */
async function heal({ world, room }: Reader): Promise<void> {
  world.faults = NO_FAULTS;
  if (world.isConnected) world.disconnect();
  const isLetThrough = world.random.chance(0.8);
  if (isLetThrough) world.connect();
  for (let i = 0; i < 4; i += 1) {
    if (!isLetThrough) void world.poll();
    await world.clock.advance(30_000);
  }
  for (let i = 0; i < 50 && !room.state.get().reachesStart; i += 1) {
    await Promise.all([room.loadOlder(), world.clock.advance(1_000)]);
  }
}

async function everythingArrives(seed: number, longestBurst: number): Promise<void> {
  try {
    const reader = await schedule(seed, longestBurst);
    await heal(reader);
    reader.check();
    const { messages, pending, isCurrent } = reader.room.state.get();
    expect(messages).toHaveLength(reader.world.truth.length);
    expect(pending).toEqual([]);
    expect(isCurrent).toBe(true);
    expect(await reader.store.all(ME)).toEqual([]);
    const mine = messages.filter(({ senderId }) => senderId === ME).map(({ content }) => content);
    expect(mine).toEqual(reader.written);
  } catch (error) {
    throw new Error(`seed ${seed}`, { cause: error });
  }
}

test.each(Array.from({ length: 20 }, (_, part) => part))('schedules, part %i', async (part) => {
  for (let seed = part; seed < SCHEDULES; seed += 20) await everythingArrives(seed, 1);
}, 120_000);

test('schedules with bursts of more than a page, and of more than is fetched at once', async () => {
  for (let seed = 0; seed < 30; seed += 1) await everythingArrives(seed, 700);
}, 120_000);
