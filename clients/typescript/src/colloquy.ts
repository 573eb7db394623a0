import { Api, type ApiOptions } from './api.js';
import { CallError } from './call-error.js';
import { systemClock } from './clock.js';
import { Connection, type ConnectionState } from './connection.js';
import type { Customer } from './contract.js';
import { LogOut, logOutMemory, type LogOutMemory } from './log-out.js';
import { Observable, type Readable } from './observable.js';
import { defaultOutboxStore, type OutboxStore } from './outbox-store.js';
import { LiveSession, type Session } from './session.js';

/** How a client is made. */
export interface Options extends ApiOptions {
  /** Where unconfirmed messages are kept: the browser's database, or memory elsewhere. */
  readonly outbox?: OutboxStore;
  /** Where it is kept that a log-out has no answer yet: the browser's store, or memory elsewhere. */
  readonly logOut?: LogOutMemory;
  /** Opens a WebSocket; Node has none that sends a cookie, so the token goes into CONNECT there. */
  readonly webSocket?: (url: string, protocols: string[]) => WebSocket;
}

/** A Colloquy server, as one person at one device uses it. */
export class Colloquy {
  readonly api: Api;
  readonly #session = new Observable<Session | undefined>(undefined);
  readonly #connection: Connection;
  readonly #store: OutboxStore;
  readonly #logOut: LogOut;
  #live: LiveSession | undefined;

  constructor(options: Options = {}) {
    this.api = new Api(options);
    this.#store = options.outbox ?? defaultOutboxStore();
    const memory = options.logOut ?? logOutMemory();
    this.#logOut = new LogOut({ clock: systemClock, memory, send: () => this.api.logOut() });
    // The window that the person used sends it; this one does too, or it is lost when that window is closed.
    memory.onElsewhere(() => {
      this.#signedOut();
      void this.#logOut.settle();
    });
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
      window.addEventListener('online', () => {
        void this.#logOut.settle();
        this.#connection.retry();
        this.#live?.networkIsBack();
      });
    }
  }

  /** Who is logged in, if it is known; `undefined` from the moment that the session ends, wherever it is ended. */
  get session(): Readable<Session | undefined> {
    return this.#session;
  }

  get connection(): Readable<ConnectionState> {
    return this.#connection.state;
  }

  /** Whether a log-out holds here alone, because the server could not be reached: it is sent when the network is back. */
  get isLogOutUnanswered(): Readable<boolean> {
    return this.#logOut.isUnanswered;
  }

  /** An earlier session that was ended here is ended at the server first, while its cookie is there. */
  async logIn(username: string, password: string): Promise<Session> {
    await this.#logOut.settle();
    await this.api.logIn(username, password);
    this.#logOut.forget();
    return this.#begin(await this.api.me());
  }

  /** Takes up the session of the cookie; `undefined` if there is none, or if it was ended here. */
  async resume(): Promise<Session | undefined> {
    try {
      if (!(await this.#logOut.settle())) return undefined;
      const me = await this.api.me();
      // Another window may have logged out meanwhile.
      if (this.#logOut.isOwed) return undefined;
      const session = this.#session.get();
      return session?.me.customerId === me.customerId ? session : await this.#begin(me);
    } catch (error) {
      if (!(error instanceof CallError) || !error.isSignedOut) throw error;
      this.#signedOut();
      return undefined;
    }
  }

  /** Ends the session here at once, and at the server as soon as it can be reached. */
  async logOut(): Promise<void> {
    this.#logOut.owe();
    this.#signedOut();
    await this.#logOut.settle();
  }

  async #begin(me: Customer): Promise<Session> {
    this.#signedOut();
    const session: LiveSession = new LiveSession(me, {
      api: this.api,
      connection: this.#connection,
      store: this.#store,
      signedOut: () => { if (this.#live === session) this.#signedOut(); },
    });
    this.#live = session;
    await session.begin();
    // Unless the server has ended it meanwhile.
    if (this.#live === session) {
      this.#session.set(session);
      this.#connection.start();
    }
    return session;
  }

  #signedOut(): void {
    this.#live?.end();
    this.#live = undefined;
    this.#connection.stop();
    this.#session.set(undefined);
  }
}
