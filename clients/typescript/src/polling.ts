import { Backoff, type Clock } from './clock.js';
import type { ConnectionState } from './connection.js';
import { Observable, type Readable } from './observable.js';

/** The longest time between two reads, in milliseconds; each waits between a half and the whole of it. */
const INTERVAL = 30_000;

/** What polling needs of the world. */
export interface PollingPort {
  readonly clock: Clock;
  readonly connection: Readable<ConnectionState>;
  /** Reads what is else pushed. Whether the server answered. */
  read(): Promise<boolean>;
}

/** Reads now and then while nothing can be pushed: some networks let calls through, and no WebSocket. */
export class Polling {
  readonly #isAnswered = new Observable(false);
  readonly #delays: Backoff;
  readonly #stopListening: () => void;
  /** Until there is a connection. */
  #isWanted = false;
  #stopWaiting: (() => void) | undefined;

  constructor(private readonly port: PollingPort) {
    this.#delays = new Backoff(port.clock, INTERVAL, INTERVAL);
    this.#stopListening = port.connection.subscribe(({ is }) => {
      if (is === 'connected' || is === 'off') this.#rest();
      else this.#begin();
    });
  }

  /** Whether there is no connection, and calls are answered all the same. */
  get isAnswered(): Readable<boolean> {
    return this.#isAnswered;
  }

  /** Reads at once, if reads are what there is. */
  now(): void {
    if (this.#isWanted) void this.#read();
  }

  close(): void {
    this.#stopListening();
    this.#rest();
  }

  #begin(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#wait();
  }

  #rest(): void {
    this.#isWanted = false;
    this.#stopWaiting?.();
    this.#isAnswered.set(false);
  }

  #wait(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = this.port.clock.after(this.#delays.next(), () => void this.#read());
  }

  async #read(): Promise<void> {
    // A call may take longer than the time between two.
    this.#wait();
    const isAnswered = await this.port.read();
    if (this.#isWanted) this.#isAnswered.set(isAnswered);
  }
}
