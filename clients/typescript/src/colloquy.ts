import { Api, type ApiOptions } from './api.js';
import { CallError } from './call-error.js';
import { systemClock } from './clock.js';
import { Connection, type ConnectionState } from './connection.js';
import type { Customer } from './contract.js';
import { Observable, type Readable } from './observable.js';
import { defaultOutboxStore, type OutboxStore } from './outbox-store.js';
import { LiveSession, type Session } from './session.js';

/** How a client is made. */
export interface Options extends ApiOptions {
  /** Where unconfirmed messages are kept: the browser's database, or memory elsewhere. */
  readonly outbox?: OutboxStore;
  /** Opens a WebSocket; Node has none that sends a cookie, so the token goes into CONNECT there. */
  readonly webSocket?: (url: string, protocols: string[]) => WebSocket;
}

/** A Colloquy server, as one person at one device uses it. */
export class Colloquy {
  readonly api: Api;
  readonly #session = new Observable<Session | undefined>(undefined);
  readonly #connection: Connection;
  readonly #store: OutboxStore;
  #live: LiveSession | undefined;

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
      window.addEventListener('online', () => {
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
