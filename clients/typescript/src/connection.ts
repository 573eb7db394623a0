import { Client, type IFrame, ReconnectionTimeMode } from '@stomp/stompjs';

import { Backoff, type Clock } from './clock.js';
import { Observable, type Readable } from './observable.js';
import type { Listener, Pushes } from './pushes.js';

/** Idle time after which either side says that it is there, in milliseconds. */
const HEART_BEAT = 10_000;
/** A server that does not answer CONNECT by then is tried again. */
const CONNECT_TIMEOUT = 15_000;

/**
 * - `off`: not wanted;
 * - `connecting`;
 * - `connected`;
 * - `waiting`: the next try is at `retryAt`, in milliseconds since 1970.
 */
export type ConnectionState =
  | { readonly is: 'off' | 'connecting' | 'connected' }
  | { readonly is: 'waiting'; readonly retryAt: number };

/** Why a subscription can never stand. */
const FINAL = ['not-a-member', 'unknown-destination', 'too-many-subscriptions'];

/** What a connection needs of the world. */
export interface ConnectionPort {
  readonly clock: Clock;
  /** Opens a WebSocket for these sub-protocols. */
  open(protocols: string[]): WebSocket;
  /** What CONNECT carries besides. */
  connectHeaders(): Record<string, string>;
  /** The server did not believe the session, or it is another person's: whose it is has to be asked. */
  doubted(): void;
}

interface Subscription {
  readonly destination: string;
  readonly listener: Listener<unknown>;
  isReady: boolean;
}

/** A STOMP session that comes back whenever it ends, with all its subscriptions. */
export class Connection implements Pushes {
  readonly #state = new Observable<ConnectionState>({ is: 'off' });
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #backoff: Backoff;
  #client: Client | undefined;
  /** Whose connection is wanted, as the server names them. */
  #user: string | undefined;
  #lastId = 0;
  #stopWaiting: (() => void) | undefined;

  constructor(private readonly port: ConnectionPort) {
    this.#backoff = new Backoff(port.clock);
  }

  get state(): Readable<ConnectionState> {
    return this.#state;
  }

  /** Connects as this person, now, and again whenever the connection ends. */
  start(customerId: number): void {
    this.#user = String(customerId);
    if (this.#state.get().is === 'off') this.#connect();
    else this.retry();
  }

  /** Tries at once, if it is only a delay that is waited for. */
  retry(): void {
    if (this.#state.get().is === 'waiting') this.#connect();
  }

  /** The device has lost its network: heart-beats would find that out much later. */
  lose(): void {
    if (this.#client) this.#lost();
  }

  /** Ends the connection. Subscriptions are kept for the next {@link start}. */
  stop(): void {
    this.#end();
    this.#state.set({ is: 'off' });
  }

  subscribe<Body>(destination: string, listener: Listener<Body>): () => void {
    this.#lastId += 1;
    const id = `s${this.#lastId}`;
    const subscription = { destination, listener: listener as Listener<unknown>, isReady: false };
    this.#subscriptions.set(id, subscription);
    if (this.#client?.connected) this.#subscribe(this.#client, id, subscription);
    return () => {
      if (this.#subscriptions.delete(id) && this.#client?.connected) this.#client.unsubscribe(id);
    };
  }

  send(destination: string, body: unknown): void {
    if (!this.#client?.connected) return;
    this.#client.publish({ destination, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  }

  #connect(): void {
    this.#end();
    this.#state.set({ is: 'connecting' });
    const client = new Client({
      webSocketFactory: () => this.port.open(['v12.stomp']),
      connectHeaders: this.port.connectHeaders(),
      connectionTimeout: CONNECT_TIMEOUT,
      heartbeatIncoming: HEART_BEAT,
      heartbeatOutgoing: HEART_BEAT,
      // A connection is used once: delays, jitter and state are ours.
      reconnectDelay: 0,
      reconnectTimeMode: ReconnectionTimeMode.LINEAR,
      discardWebsocketOnCommFailure: true,
      onConnect: ({ headers }) => { if (client === this.#client) this.#connected(client, headers['user-name']); },
      onStompError: (frame) => { if (client === this.#client) this.#refused(frame); },
      onWebSocketClose: () => { if (client === this.#client) this.#lost(); },
    });
    this.#client = client;
    client.activate();
  }

  /** The cookie may have become another person's: over their connection nothing is asked for, and nothing sent. */
  #connected(client: Client, user: string | undefined): void {
    if (user !== this.#user) {
      this.#lost();
      this.port.doubted();
      return;
    }
    this.#backoff.reset();
    this.#state.set({ is: 'connected' });
    for (const [id, subscription] of this.#subscriptions) this.#subscribe(client, id, subscription);
  }

  #subscribe(client: Client, id: string, subscription: Subscription): void {
    const { destination, listener } = subscription;
    client.watchForReceipt(id, () => {
      subscription.isReady = true;
      if (this.#subscriptions.has(id)) listener.ready?.();
    });
    client.subscribe(
      destination,
      (message) => { if (this.#subscriptions.has(id)) listener.take(JSON.parse(message.body)); },
      { id, receipt: id },
    );
  }

  /** What the server names is dropped; the connection, which ends with that, comes back without it. */
  #refused(frame: IFrame): void {
    const { subscription: id = '', code = '', message = 'refused' } = frame.headers;
    const refused = this.#subscriptions.get(id);
    if (refused && FINAL.includes(code)) {
      this.#subscriptions.delete(id);
      refused.listener.refused?.(message);
      this.#lost();
      this.#connect();
    } else if (!refused) {
      this.port.doubted();
    }
  }

  #lost(): void {
    this.#end();
    const delay = this.#backoff.next();
    this.#state.set({ is: 'waiting', retryAt: this.port.clock.now() + delay });
    this.#stopWaiting = this.port.clock.after(delay, () => { this.#connect(); });
  }

  #end(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    const client = this.#client;
    this.#client = undefined;
    void client?.deactivate({ force: true });
    for (const subscription of this.#subscriptions.values()) {
      if (!subscription.isReady) continue;
      subscription.isReady = false;
      subscription.listener.lost?.();
    }
  }
}
