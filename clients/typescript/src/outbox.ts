import { CallError } from './call-error.js';
import { clientKey, newKey } from './client-key.js';
import { Backoff, type Clock } from './clock.js';
import type { SentMessage } from './contract.js';
import { Observable, type Readable } from './observable.js';
import { bestEffort, type OutboxStore, type StoredMessage } from './outbox-store.js';

/** The server knows a key for 24 h; a message older than this is not sent again without asking, or it could be there twice. */
export const ASK_AFTER = 23 * 60 * 60 * 1000;

/**
 * - `waiting`: goes out as soon as it can;
 * - `sending`: is on its way;
 * - `sent`: the server has it at `seq`, and the list of the room does not yet;
 * - `refused`: the server does not take it, for the reason given;
 * - `asking`: it is older than 23 hours; the sender decides.
 */
export type PendingState = 'waiting' | 'sending' | 'sent' | 'refused' | 'asking';

/** A message of one's own that the list of its room does not hold yet. Replaced, never changed. */
export interface PendingMessage extends StoredMessage {
  /** What the message carries when it is pushed. */
  readonly clientKey: string;
  readonly state: PendingState;
  readonly seq?: number;
}

/** Whether a message goes out as soon as it can, without a decision of its sender. */
export function isUnsent({ state }: PendingMessage): boolean {
  return state === 'waiting' || state === 'sending';
}

/** What the outbox needs of the world. */
export interface OutboxPort {
  readonly clock: Clock;
  readonly store: OutboxStore;
  send(roomId: number, content: string, key: string): Promise<SentMessage>;
  /** The pending messages of a room have changed. */
  changed(roomId: number): void;
  /** There is no session any more: nothing is sent until {@link Outbox.resume}. */
  signedOut(): void;
}

/** Messages on their way to the server: of a room one after the other, of different rooms side by side. */
export class Outbox {
  readonly #rooms = new Map<number, RoomQueue>();
  readonly #all = new Observable<readonly PendingMessage[]>([]);
  #lastWrittenAt = 0;
  #isPaused = false;

  private readonly port: OutboxPort;

  constructor(
    private readonly customerId: number,
    port: OutboxPort,
  ) {
    this.port = {
      ...port,
      store: bestEffort(port.store),
      changed: (roomId) => {
        this.#all.set([...this.#rooms.values()].flatMap(({ messages }) => messages));
        port.changed(roomId);
      },
    };
  }

  /** Takes up what was left unconfirmed. */
  async restore(): Promise<void> {
    const stored = await this.port.store.all(this.customerId);
    stored.sort((a, b) => a.writtenAt - b.writtenAt);
    for (const message of stored) {
      const isOld = this.port.clock.now() - message.writtenAt > ASK_AFTER;
      const state = message.refusal === undefined ? (isOld ? 'asking' : 'waiting') : 'refused';
      this.#queue(message.roomId).push(this.#pending(message, state));
      this.#lastWrittenAt = Math.max(this.#lastWrittenAt, message.writtenAt);
    }
  }

  /** What is pending in all rooms; of each room the oldest first. */
  get all(): Readable<readonly PendingMessage[]> {
    return this.#all;
  }

  /** What is pending in a room, oldest first. */
  pending(roomId: number): readonly PendingMessage[] {
    return this.#rooms.get(roomId)?.messages ?? [];
  }

  /** How many messages are still to go out, in all rooms. */
  get unsent(): number {
    return this.#all.get().filter(isUnsent).length;
  }

  /** Shows a message at once, keeps it, and sends it. Resolves when it is kept: a reload no longer loses it. */
  async add(roomId: number, content: string): Promise<void> {
    const { clock, store } = this.port;
    this.#lastWrittenAt = Math.max(clock.now(), this.#lastWrittenAt + 1);
    const message = { key: newKey(), customerId: this.customerId, roomId, content, writtenAt: this.#lastWrittenAt };
    const queue = this.#queue(roomId);
    const kept = store.put(message);
    queue.push(this.#pending(message, 'waiting'));
    await kept;
    queue.flush();
  }

  /** Sends a message again that was refused, or that was asked about. One that is old goes out as a new one. */
  async retry(message: PendingMessage): Promise<void> {
    await this.discard(message);
    await this.add(message.roomId, message.content);
  }

  /** Forgets a message. One that is on its way may arrive all the same. */
  async discard(message: PendingMessage): Promise<void> {
    this.#rooms.get(message.roomId)?.remove(message.key);
    await this.port.store.delete(message.key);
  }

  /** Removes what the list of a room holds: what was pushed or read before its call was answered needs no answer. */
  settle(roomId: number, isListed: (message: PendingMessage) => boolean): void {
    const queue = this.#rooms.get(roomId);
    for (const message of queue?.messages.filter(isListed) ?? []) {
      queue?.remove(message.key);
      void this.port.store.delete(message.key);
    }
  }

  /** The network is back, or there is a session again: tries at once what waits. */
  resume(): void {
    this.#isPaused = false;
    for (const queue of this.#rooms.values()) queue.flush();
  }

  /** Sends nothing more until {@link resume}. */
  pause(): void {
    this.#isPaused = true;
    for (const queue of this.#rooms.values()) queue.rest();
  }

  #queue(roomId: number): RoomQueue {
    let queue = this.#rooms.get(roomId);
    if (!queue) {
      queue = new RoomQueue(roomId, this.port, () => this.#isPaused);
      this.#rooms.set(roomId, queue);
    }
    return queue;
  }

  #pending(message: StoredMessage, state: PendingState): PendingMessage {
    return { ...message, clientKey: clientKey(this.customerId, message.key), state };
  }
}

/** The messages of one room: the oldest that waits goes out, the next one when that is answered. */
class RoomQueue {
  messages: readonly PendingMessage[] = [];
  readonly #backoff: Backoff;
  #isSending = false;
  #stopWaiting: (() => void) | undefined;

  constructor(
    private readonly roomId: number,
    private readonly port: OutboxPort,
    private readonly isPaused: () => boolean,
  ) {
    this.#backoff = new Backoff(port.clock);
  }

  push(message: PendingMessage): void {
    this.#set([...this.messages, message]);
  }

  remove(key: string): void {
    const rest = this.messages.filter((message) => message.key !== key);
    if (rest.length < this.messages.length) this.#set(rest);
  }

  /** Sends now what waits, unless something is on its way. */
  flush(): void {
    if (this.#isSending || this.isPaused()) return;
    this.rest();
    void this.#sendAll();
  }

  /** Leaves off waiting for the next try. */
  rest(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    let wait: number | undefined;
    while (wait === undefined && !this.isPaused()) {
      const next = this.messages.find((message) => message.state === 'waiting');
      if (!next) break;
      wait = await this.#sendOne(next);
    }
    this.#isSending = false;
    if (wait !== undefined) this.#stopWaiting = this.port.clock.after(wait, () => { this.flush(); });
  }

  /** Milliseconds until the message may be tried again; `undefined` when the next one may go out. */
  async #sendOne(message: PendingMessage): Promise<number | undefined> {
    if (this.port.clock.now() - message.writtenAt > ASK_AFTER) {
      this.#update(message.key, { state: 'asking' });
      return undefined;
    }
    this.#update(message.key, { state: 'sending' });
    try {
      const { seq } = await this.port.send(this.roomId, message.content, message.key);
      this.#backoff.reset();
      this.#update(message.key, { state: 'sent', seq });
      await this.port.store.delete(message.key);
      return undefined;
    } catch (error) {
      return this.#failed(message, error instanceof CallError ? error : new CallError(0, String(error)));
    }
  }

  async #failed(message: PendingMessage, refusal: CallError): Promise<number | undefined> {
    if (refusal.isSignedOut || refusal.isTransient) {
      this.#update(message.key, { state: 'waiting' });
      if (refusal.isSignedOut) this.port.signedOut();
      return Math.max(refusal.retryAfter ?? 0, this.#backoff.next());
    }
    this.#update(message.key, { state: 'refused', refusal: refusal.message });
    // Unless it was discarded meanwhile.
    if (this.messages.some(({ key }) => key === message.key)) {
      const { key, customerId, roomId, content, writtenAt } = message;
      await this.port.store.put({ key, customerId, roomId, content, writtenAt, refusal: refusal.message });
    }
    return undefined;
  }

  #update(key: string, change: Partial<PendingMessage>): void {
    if (!this.messages.some((message) => message.key === key)) return;
    this.#set(this.messages.map((message) => (message.key === key ? { ...message, ...change } : message)));
  }

  #set(messages: readonly PendingMessage[]): void {
    this.messages = messages;
    this.port.changed(this.roomId);
  }
}
