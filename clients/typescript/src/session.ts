import type { Api } from './api.js';
import { systemClock } from './clock.js';
import type { Connection } from './connection.js';
import type { Customer } from './contract.js';
import { FlowWatch } from './flow.js';
import type { Readable } from './observable.js';
import { Outbox, type PendingMessage } from './outbox.js';
import type { OutboxStore } from './outbox-store.js';
import { People } from './people.js';
import { Polling } from './polling.js';
import { Room } from './room.js';
import { Rooms, type RoomSummary } from './rooms.js';

/** A customer who is logged in, and what they have. */
export interface Session {
  readonly me: Customer;
  /** The rooms, newest first; `undefined` until they have been read once. */
  readonly rooms: Readable<readonly RoomSummary[] | undefined>;
  /** Whether there is no connection, and what is new comes all the same, some seconds later: calls are answered. */
  readonly isPolling: Readable<boolean>;
  /** Names and colours of customers, by id. */
  readonly people: Pick<People, 'known' | 'want' | 'learn' | 'renew'>;
  /** Messages of one's own that the lists of their rooms do not hold yet; of each room the oldest first. */
  readonly pending: Readable<readonly PendingMessage[]>;
  /** Resolves when a room that was just made is among the rooms, or after some seconds. */
  listed(roomId: number): Promise<void>;
  /** Opens a room; close it when it is left. */
  open(roomId: number): Room;
  /** Watches where events are, in place of an earlier watch; close it when it is left. */
  watchFlow(): FlowWatch;
  /**
   * How many messages go out as soon as they can (`isUnsent`): they stay on this device, and are sent when the same person logs
   * in on it again.
   */
  readonly unsent: number;
  /** Sends a message again that was refused or asked about. */
  retry(message: PendingMessage): Promise<void>;
  /** Forgets a message that was not confirmed. */
  discard(message: PendingMessage): Promise<void>;
}

/** What a session needs of the world. */
export interface SessionPort {
  readonly api: Api;
  readonly connection: Connection;
  readonly store: OutboxStore;
  /** There is no session any more. */
  signedOut(): void;
}

/** A session from its login to its end. */
export class LiveSession implements Session {
  readonly people: People;
  readonly #rooms: Rooms;
  readonly #outbox: Outbox;
  readonly #polling: Polling;
  readonly #open = new Set<Room>();
  readonly #stopListening: () => void;
  #flow: FlowWatch | undefined;

  constructor(
    readonly me: Customer,
    private readonly port: SessionPort,
  ) {
    const { api, connection, store } = port;
    const clock = systemClock;
    const signedOut = () => { port.signedOut(); };
    this.#outbox = new Outbox(me.customerId, {
      clock, store, signedOut,
      send: (roomId, content, key) => api.send(roomId, content, key),
      changed: (roomId) => { this.#eachOpen(roomId, (room) => { room.pendingChanged(); }); },
    });
    this.#rooms = new Rooms(me.customerId, {
      clock, signedOut, pushes: connection,
      rooms: () => api.rooms(),
      heard: (roomId, seq) => { this.#eachOpen(roomId, (room) => { room.heard(seq); }); },
    });
    this.#polling = new Polling({ clock, connection: connection.state, read: () => this.#readAgain() });
    this.people = new People({ clock, signedOut, customer: (customerId) => api.customer(customerId) });
    this.people.learn([me]);
    this.#stopListening = connection.state.subscribe(({ is }) => { if (is === 'connected') this.#outbox.resume(); });
  }

  get rooms(): Readable<readonly RoomSummary[] | undefined> {
    return this.#rooms.list;
  }

  get isPolling(): Readable<boolean> {
    return this.#polling.isAnswered;
  }

  get unsent(): number {
    return this.#outbox.unsent;
  }

  get pending(): Readable<readonly PendingMessage[]> {
    return this.#outbox.all;
  }

  listed(roomId: number): Promise<void> {
    return this.#rooms.listed(roomId);
  }

  open(roomId: number): Room {
    const { api, connection } = this.port;
    const room: Room = new Room(roomId, {
      customerId: this.me.customerId,
      clock: systemClock,
      pushes: connection,
      outbox: this.#outbox,
      signedOut: () => { this.port.signedOut(); },
      history: (id, page, before) => api.history(id, page, before),
      readMarkers: (id) => api.readMarkers(id),
      onlineStatus: (id) => api.onlineStatus(id),
      markRead: async (id, messageId) => {
        await api.markRead(id, messageId);
        this.#rooms.wasRead(id, messageId);
      },
      closed: () => this.#open.delete(room),
    });
    this.#open.add(room);
    return room;
  }

  watchFlow(): FlowWatch {
    this.#flow?.close();
    this.#flow = new FlowWatch({
      clock: systemClock,
      pushes: this.port.connection,
      rooms: this.rooms,
      readFlow: () => this.port.api.flow(),
      signedOut: () => { this.port.signedOut(); },
    });
    return this.#flow;
  }

  retry(message: PendingMessage): Promise<void> {
    return this.#outbox.retry(message);
  }

  discard(message: PendingMessage): Promise<void> {
    return this.#outbox.discard(message);
  }

  /** Takes up what an earlier page left unconfirmed. */
  restore(): Promise<void> {
    return this.#outbox.restore();
  }

  /** Sends what waits. Not before it is certain that the session has not ended: what is ended stays so. */
  begin(): void {
    this.#outbox.resume();
  }

  /** The device has its network again. */
  networkIsBack(): void {
    this.#outbox.resume();
    this.#polling.now();
  }

  end(): void {
    this.#stopListening();
    this.#polling.close();
    this.#outbox.pause();
    this.#rooms.close();
    this.people.close();
    this.#flow?.close();
    for (const room of [...this.#open]) room.close();
  }

  /** The list of rooms says what each of them has that is new. */
  #readAgain(): Promise<boolean> {
    for (const room of this.#open) void room.readMarkers();
    return this.#rooms.read();
  }

  #eachOpen(roomId: number, call: (room: Room) => void): void {
    for (const room of [...this.#open]) if (room.roomId === roomId) call(room);
  }
}
