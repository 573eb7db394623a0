import { Api, type ApiOptions } from './api.js';
import { CallError } from './call-error.js';
import { systemClock } from './clock.js';
import { Connection, type ConnectionState } from './connection.js';
import type { Customer } from './contract.js';
import { LogOut, logOutMemory, type LogOutMemory } from './log-out.js';
import { Observable, type Readable } from './observable.js';
import { defaultOutboxStore, type OutboxStore } from './outbox-store.js';
import { LiveSession, type Session } from './session.js';
import { defaultWindows, type Windows } from './windows.js';

/** How a client is made. */
export interface Options extends ApiOptions {
  /** Where unconfirmed messages are kept: the browser's database, or memory elsewhere. */
  readonly outbox?: OutboxStore;
  /** Where it is kept that a log-out has no answer yet: the browser's store, or memory elsewhere. */
  readonly logOut?: LogOutMemory;
  /** The other windows that share the cookie: those of the browser, or none elsewhere. */
  readonly windows?: Windows;
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
  readonly #windows: Windows;
  #live: LiveSession | undefined;
  /** Whether the window has been in use ever since it asked whose the cookie is: while it is, no person changes that elsewhere. */
  #hasAsked = false;

  constructor(options: Options = {}) {
    this.#windows = options.windows ?? defaultWindows();
    this.api = new Api(options, (call) => this.#inOwnName(call));
    this.#store = options.outbox ?? defaultOutboxStore();
    const memory = options.logOut ?? logOutMemory();
    this.#logOut = new LogOut({
      clock: systemClock, memory,
      alone: (work) => this.#windows.lock('cookie', 'exclusive', work),
      send: () => this.api.logOut(),
    });
    const askWho = () => void this.resume().catch(() => undefined);
    this.#windows.onElsewhere(askWho);
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
      doubted: askWho,
    });
    // A browser knows sooner than a timer.
    if (typeof window !== 'undefined') {
      window.addEventListener('focus', () => { this.#hasAsked = false; });
      window.addEventListener('offline', () => { this.#connection.lose(); });
      window.addEventListener('online', () => {
        void this.#logOut.settle();
        this.#connection.retry();
        this.#live?.networkIsBack();
      });
    }
  }

  /**
   * Who is logged in, if it is known; `undefined` from the moment that the session ends, wherever it is ended. When another
   * window of the browser logs in another person it becomes theirs.
   */
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

  /**
   * An earlier session that was ended here is ended at the server first, while its cookie is there: afterwards there is no way
   * to it. As long as the server may still do that, the log-in fails as the log-out does.
   */
  async logIn(username: string, password: string): Promise<Session> {
    const me = await this.#windows.lock('cookie', 'exclusive', () => this.#windows.lock('account', 'exclusive', async () => {
      const unanswered = await this.#logOut.settleAlone();
      // What is refused for good would be refused for ever, and no one could log in here any more.
      if (unanswered?.isTransient) throw unanswered;
      // From here on the cookie may be another one, also if this window ends: no window counts on whose it was.
      this.#windows.writeAccount(undefined);
      await this.api.logIn(username, password);
      this.#logOut.forget();
      return this.api.me();
    }));
    return this.#begin(me);
  }

  /** Takes up the session of the cookie; `undefined` if there is none, or if it was ended here. */
  async resume(): Promise<Session | undefined> {
    try {
      if (await this.#logOut.settle()) return undefined;
      return await this.#takeUp(await this.#windows.lock('account', 'shared', () => this.api.me()));
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

  /**
   * Begins a call in the name of the person who is logged in here, or refuses it when the cookie has become another's. A call
   * has its cookie once it has begun, so that its answer is not waited for under the lock.
   */
  async #inOwnName<T>(call: () => Promise<T>): Promise<T> {
    const live = this.#live;
    // A token that is kept here no other window changes.
    if (!live || this.api.token !== undefined) return call();
    const begun = await this.#windows.lock('account', 'shared', async () => {
      await this.#confirm(live.me.customerId);
      const answer = call();
      // Its failure is its caller's, who gets it below.
      answer.catch(() => undefined);
      return { answer };
    });
    return begun.answer;
  }

  /** Fails unless the cookie is this person's; the session becomes that of the person whose it is. */
  async #confirm(customerId: number): Promise<void> {
    // A connection that stands began as this person's, and a window that has logged in another one since has said so.
    const isKnown = this.#connection.state.get().is === 'connected' && this.#windows.readAccount() === customerId;
    if (isKnown && this.#hasAsked) return;
    const me = await this.#ask(isKnown);
    if (!me) return;
    if (me.customerId !== customerId) {
      void this.#takeUp(me);
      throw new CallError(401, 'Another person has logged in in this browser.');
    }
    this.#hasAsked = true;
    this.#windows.writeAccount(customerId);
  }

  /** Whose the cookie is. To have been away is a slight doubt: a server that cannot answer that takes messages all the same. */
  async #ask(isKnown: boolean): Promise<Customer | undefined> {
    try {
      return await this.api.me();
    } catch (error) {
      if (isKnown && error instanceof CallError && error.isTransient) return undefined;
      throw error;
    }
  }

  /** The session of this person, unless another window has logged out meanwhile. */
  async #takeUp(me: Customer): Promise<Session | undefined> {
    if (this.#logOut.isOwed) return undefined;
    return this.#live?.me.customerId === me.customerId ? this.#live : this.#begin(me);
  }

  async #begin(me: Customer): Promise<Session> {
    this.#leave();
    const session: LiveSession = new LiveSession(me, {
      api: this.api,
      connection: this.#connection,
      store: this.#store,
      signedOut: () => { if (this.#live === session) this.#signedOut(); },
    });
    this.#live = session;
    this.#hasAsked = true;
    this.#windows.writeAccount(me.customerId);
    await session.restore();
    // Unless it has ended meanwhile.
    if (this.#live === session) {
      this.#session.set(session);
      session.begin();
      this.#connection.start(me.customerId);
    }
    return session;
  }

  #signedOut(): void {
    this.#leave();
    this.#session.set(undefined);
  }

  #leave(): void {
    this.#live?.end();
    this.#live = undefined;
    this.#connection.stop();
  }
}
