/** A server, a network and a clock for tests, all driven by one random number generator: a seed is a schedule. */
import { CallError } from '../src/call-error.js';
import { clientKey } from '../src/client-key.js';
import type { Clock } from '../src/clock.js';
import type { Message, Page, SentMessage } from '../src/contract.js';
import type { Listener, Pushes } from '../src/pushes.js';

export const ROOM = 7;
export const ME = 1;
export const OTHER = 2;

/** Mulberry32: small, and good enough to choose schedules. */
export class Random {
  constructor(private state: number) {}

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }
}

/** Time that goes on when it is asked to. */
export class TestClock implements Clock {
  #now = 1_000_000;
  /** In the order in which they are due. */
  readonly #calls: { at: number; call: (() => void) | undefined }[] = [];

  constructor(private readonly chance: Random) {}

  now(): number {
    return this.#now;
  }

  random(): number {
    return this.chance.next();
  }

  after(milliseconds: number, call: () => void): () => void {
    const entry: { at: number; call: (() => void) | undefined } = { at: this.#now + milliseconds, call };
    let place = this.#calls.length;
    while (place > 0 && (this.#calls[place - 1]?.at ?? 0) > entry.at) place -= 1;
    this.#calls.splice(place, 0, entry);
    return () => { entry.call = undefined; };
  }

  /** Makes everything happen that is due within this time, in order. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      await settled();
      if ((this.#calls[0]?.at ?? Infinity) > end) break;
      const due = this.#calls.shift();
      this.#now = Math.max(this.#now, due?.at ?? 0);
      due?.call?.();
    }
    this.#now = Math.max(this.#now, end);
  }
}

/** Lets promises go on that wait for nothing but each other. */
async function settled(): Promise<void> {
  for (let i = 0; i < 25; i += 1) await Promise.resolve();
}

/** What may go wrong, each with its probability. */
export interface Faults {
  /** A call gets no answer, its effect or not. */
  lostCall: number;
  /** A pushed frame comes twice, or late and so out of order. */
  oddFrame: number;
  /** A pushed frame never comes. */
  lostFrame: number;
  /** A call is refused with 503. */
  unavailable: number;
}

export const NO_FAULTS: Faults = { lostCall: 0, oddFrame: 0, lostFrame: 0, unavailable: 0 };

/** One room on a server whose views lag behind its writes. */
export class World implements Pushes {
  faults: Faults;
  readonly clock: TestClock;
  readonly truth: Message[] = [];
  /** How many messages the views hold. */
  projected = 0;
  /** Takes what `/user/topic/rooms` says of the room once its view is stored (decision 18). */
  projectedTo: ((seq: number) => void) | undefined;
  readonly sent = new Map<string, SentMessage>();
  isConnected = false;
  #listeners = new Map<string, Listener<unknown>>();
  #connection = 0;

  constructor(readonly random: Random, faults: Faults) {
    this.clock = new TestClock(random);
    this.faults = faults;
  }

  subscribe<Body>(destination: string, listener: Listener<Body>): () => void {
    this.#listeners.set(destination, listener);
    if (this.isConnected) this.#stand(listener);
    return () => this.#listeners.delete(destination);
  }

  send(): void {
    // Nothing of these tests rests on typing.
  }

  connect(): void {
    this.isConnected = true;
    this.#connection += 1;
    for (const listener of this.#listeners.values()) this.#stand(listener);
  }

  disconnect(): void {
    this.isConnected = false;
    this.#connection += 1;
    for (const listener of this.#listeners.values()) listener.lost?.();
  }

  /** Writes a message, as another client or another device does. */
  write(senderId: number, content: string, key?: string): SentMessage {
    const seq = this.truth.length + 1;
    const message: Message = {
      messageId: 1000 + seq * 3, roomId: ROOM, seq, senderId, content,
      senderFullName: `Customer ${senderId}`, sentAt: new Date(this.clock.now()).toISOString(),
      clientKey: key === undefined ? null : clientKey(senderId, key),
    };
    this.truth.push(message);
    this.#later(200, () => {
      this.projected = Math.max(this.projected, seq);
      if (this.isConnected && !this.random.chance(this.faults.lostFrame)) this.projectedTo?.(this.projected);
    });
    this.#push(message);
    return { messageId: message.messageId, roomId: ROOM, seq, sentAt: message.sentAt };
  }

  async post(content: string, key: string): Promise<SentMessage> {
    return this.#call(() => {
      const sent = this.sent.get(key) ?? this.write(ME, content, key);
      this.sent.set(key, sent);
      return sent;
    });
  }

  async history(page: Page, before?: number): Promise<Message[]> {
    return this.#call(() =>
      this.truth
        .slice(0, this.projected)
        .filter(({ seq, messageId }) => seq > (page.afterSeq ?? 0) && messageId < (before ?? Infinity))
        .reverse()
        .slice(0, page.limit ?? 20));
  }

  /** The reader asks for the list of rooms, as they do now and then without a connection. */
  async poll(): Promise<void> {
    this.projectedTo?.(await this.#call(() => this.projected));
  }

  async #call<T>(effect: () => T): Promise<T> {
    await this.#delay(100);
    if (this.random.chance(this.faults.unavailable)) throw new CallError(503, 'Please try again.', 1000);
    const isLost = this.random.chance(this.faults.lostCall);
    if (isLost && this.random.chance(0.5)) throw new CallError(0, 'The server cannot be reached.');
    const answer = effect();
    await this.#delay(100);
    if (isLost) throw new CallError(0, 'The server cannot be reached.');
    return answer;
  }

  #stand(listener: Listener<unknown>): void {
    const connection = this.#connection;
    this.#later(50, () => { if (connection === this.#connection) listener.ready?.(); });
  }

  #push(message: Message): void {
    const connection = this.#connection;
    if (!this.isConnected || this.random.chance(this.faults.lostFrame)) return;
    const isOdd = this.random.chance(this.faults.oddFrame);
    const arrive = () => {
      const listener = this.#listeners.get(`/topic/message/roomId/${ROOM}`);
      if (connection === this.#connection) listener?.take(message);
    };
    this.#later(isOdd ? 400 : 1, arrive);
    if (isOdd && this.random.chance(0.5)) this.#later(400, arrive);
  }

  #delay(longest: number): Promise<void> {
    return new Promise((resolve) => { this.#later(longest, resolve); });
  }

  #later(longest: number, call: () => void): void {
    this.clock.after(this.random.below(longest) + 1, call);
  }
}
