import { Api, type ApiOptions } from './api.js';
import { CallError } from './call-error.js';
import { systemClock } from './clock.js';
import { Connection, type ConnectionState } from './connection.js';
import type { Customer } from './contract.js';
import { Observable, type Readable } from './observable.js';
import { Outbox, type PendingMessage } from './outbox.js';
import { defaultOutboxStore, type OutboxStore } from './outbox-store.js';
import { People } from './people.js';
import { Room } from './room.js';
import { Rooms, type RoomSummary } from './rooms.js';

/** How a client is made. */
export interface Options extends ApiOptions {
  /** Where unconfirmed messages are kept: the browser's database, or memory elsewhere. */
  readonly outbox?: OutboxStore;
  /** Opens a WebSocket; Node has none that sends a cookie, so the token goes into CONNECT there. */
  readonly webSocket?: (url: string, protocols: string[]) => WebSocket;
}

/** A customer who is logged in, and what they have: everything ends with {@link Session.end}. */
export interface Session {
  readonly me: Customer;
  /** The rooms, newest first; `undefined` until they have been read once. */
  readonly rooms: Readable<readonly RoomSummary[] | undefined>;
  /** Names and colours of customers, by id. */
  readonly people: Pick<People, 'known' | 'want' | 'learn'>;
  /** Opens a room; close it when it is left. */
  open(roomId: number): Room;
  /** Sends a message again that was refused or asked about. */
  retry(message: PendingMessage): Promise<void>;
  /** Forgets a message that was not confirmed. */
  discard(message: PendingMessage): Promise<void>;
}

/** A Colloquy server, as one person at one device uses it. */
export class Colloquy {
  readonly api: Api;
  readonly #session = new Observable<Session | undefined>(undefined);
  readonly #connection: Connection;
  readonly #store: OutboxStore;
  #end: (() => void) | undefined;

  constructor(options: Options = {}) {
    this.api = new Api(options);
    this.#store = options.outbox ?? defaultOutboxStore();
    const open = options.webSocket ?? ((url: string, protocols: string[]) => new WebSocket(url, protocols));
    const socketUrl = new URL('/ws/chat', options.url ?? globalThis.location.href);
    socketUrl.protocol = socketUrl.protocol.replace('http', 'ws');
    this.#connection = new Connection({
      clock: systemClock,
      open: (protocols) => open(socketUrl.href, protocols),
      connectHeaders: (): Record<string, string> => (this.api.token === undefined ? {} : { jwt_token: this.api.token }),
      doubted: () => void this.resume().catch(() => undefined),
    });
    // A browser knows sooner than a timer.
    if (typeof window !== 'undefined') {
      window.addEventListener('offline', () => { this.#connection.lose(); });
      window.addEventListener('online', () => { this.#connection.retry(); });
    }
  }

  /** Who is logged in, if it is known; `undefined` from the moment that the session ends, wherever it is ended. */
  get session(): Readable<Session | undefined> {
    return this.#session;
  }

  get connection(): Readable<ConnectionState> {
    return this.#connection.state;
  }

  async logIn(username: string, password: string): Promise<Session> {
    await this.api.logIn(username, password);
    return this.#begin(await this.api.me());
  }

  /** Takes up the session of the cookie; `undefined` if there is none. */
  async resume(): Promise<Session | undefined> {
    try {
      const me = await this.api.me();
      const session = this.#session.get();
      return session?.me.customerId === me.customerId ? session : await this.#begin(me);
    } catch (error) {
      if (!(error instanceof CallError) || !error.isSignedOut) throw error;
      this.#signedOut();
      return undefined;
    }
  }

  async logOut(): Promise<void> {
    this.#signedOut();
    await this.api.logOut();
  }

  async #begin(me: Customer): Promise<Session> {
    this.#signedOut();
    const open = new Map<number, Set<Room>>();
    const eachOpen = (roomId: number, call: (room: Room) => void) => { open.get(roomId)?.forEach(call); };
    const signedOut = () => { this.#signedOut(); };
    const shared = { clock: systemClock, pushes: this.#connection, signedOut };
    const outbox = new Outbox(me.customerId, {
      ...shared,
      store: this.#store,
      send: (roomId, content, key) => this.api.send(roomId, content, key),
      changed: (roomId) => { eachOpen(roomId, (room) => { room.pendingChanged(); }); },
    });
    await outbox.restore();
    const rooms = new Rooms(me.customerId, {
      ...shared,
      rooms: () => this.api.rooms(),
      heard: (roomId, seq) => { eachOpen(roomId, (room) => { room.heard(seq); }); },
    });
    const people = new People({ ...shared, customer: (customerId) => this.api.customer(customerId) });
    people.learn([me]);
    const session: Session = {
      me,
      rooms: rooms.list,
      people,
      open: (roomId) => {
        const rooms = open.get(roomId) ?? new Set();
        open.set(roomId, rooms);
        const room = new Room(roomId, {
          ...shared,
          outbox,
          history: (id, page, before) => this.api.history(id, page, before),
          readMarkers: (id) => this.api.readMarkers(id),
          onlineStatus: (id) => this.api.onlineStatus(id),
          markRead: (id, messageId) => this.api.markRead(id, messageId),
          closed: () => rooms.delete(room),
        });
        rooms.add(room);
        return room;
      },
      retry: (message) => outbox.retry(message),
      discard: (message) => outbox.discard(message),
    };
    const stopResuming = this.#connection.state.subscribe(({ is }) => { if (is === 'connected') outbox.resume(); });
    this.#end = () => {
      stopResuming();
      outbox.pause();
      rooms.close();
      people.close();
      for (const rooms of open.values()) for (const room of [...rooms]) room.close();
      this.#connection.stop();
    };
    this.#session.set(session);
    this.#connection.start();
    outbox.resume();
    return session;
  }

  #signedOut(): void {
    this.#end?.();
    this.#end = undefined;
    this.#session.set(undefined);
  }
}
