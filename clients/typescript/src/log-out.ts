import { CallError } from './call-error.js';
import { Backoff, type Clock } from './clock.js';
import { Observable, type Readable } from './observable.js';

const KEY = 'colloquy.log-out';

/** Remembers, over reloads and for all windows of a browser, that the server has not answered a log-out yet. */
export interface LogOutMemory {
  read(): boolean;
  write(isOwed: boolean): void;
  /** Another window has logged out. */
  onElsewhere(loggedOut: () => void): void;
}

/** What a log-out needs of the world. */
export interface LogOutPort {
  readonly clock: Clock;
  readonly memory: LogOutMemory;
  /** Works while no window of the browser logs in or out. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Ends the session at the server. */
  send(): Promise<void>;
}

/**
 * A log-out holds here at once, and until the server has answered it: the session of a cookie that a page cannot delete is
 * not taken up before that.
 */
export class LogOut {
  readonly #isUnanswered = new Observable(false);
  readonly #backoff: Backoff;
  #sending: Promise<CallError | undefined> | undefined;
  #stopWaiting: (() => void) | undefined;

  constructor(private readonly port: LogOutPort) {
    this.#backoff = new Backoff(port.clock);
  }

  /** Whether the server could not be reached for it. */
  get isUnanswered(): Readable<boolean> {
    return this.#isUnanswered;
  }

  /** Whether the server has a session that was ended here. */
  get isOwed(): boolean {
    return this.port.memory.read();
  }

  /** To be called before anything else of a log-out: from here on it is not forgotten. */
  owe(): void {
    this.port.memory.write(true);
  }

  /** A new session has taken the place of the old one: there is no way to the old one any more. */
  forget(): void {
    this.#stopWaiting?.();
    this.port.memory.write(false);
    this.#isUnanswered.set(false);
  }

  /**
   * Sends the log-out if it is owed, and again later if that fails. Resolves to why it is owed still; `undefined` if it is not.
   *
   * An answer clears the cookie, whichever it is by then: no log-in may come in between.
   */
  settle(): Promise<CallError | undefined> {
    if (!this.isOwed && !this.#sending) {
      this.forget();
      return Promise.resolve(undefined);
    }
    this.#sending ??= this.port.alone(() => this.settleAlone()).finally(() => { this.#sending = undefined; });
    return this.#sending;
  }

  /** As {@link settle}, for a caller whose turn it is to log in or out. */
  async settleAlone(): Promise<CallError | undefined> {
    this.#stopWaiting?.();
    // Another window may have settled it meanwhile.
    if (this.isOwed) {
      try {
        await this.port.send();
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        // With 401 the server knows no such session. Anything else may be something between, which ended nothing.
        if (error.status !== 401) {
          this.#isUnanswered.set(true);
          const delay = Math.max(error.retryAfter ?? 0, this.#backoff.next());
          this.#stopWaiting = this.port.clock.after(delay, () => void this.settle());
          return error;
        }
      }
      this.#backoff.reset();
    }
    this.forget();
    return undefined;
  }
}

/** The browser's store where there is one; without it a log-out is remembered as long as the page lives. */
export function logOutMemory(): LogOutMemory {
  let isOwedHere = false;
  return {
    read: () => {
      try {
        return isOwedHere || localStorage.getItem(KEY) !== null;
      } catch {
        return isOwedHere;
      }
    },
    write: (isOwed) => {
      try {
        if (isOwed) localStorage.setItem(KEY, 'owed');
        else localStorage.removeItem(KEY);
        isOwedHere = false;
      } catch {
        // It may be forbidden or full.
        isOwedHere = isOwed;
      }
    },
    onElsewhere: (loggedOut) => {
      if (typeof window === 'undefined') return;
      window.addEventListener('storage', ({ key, newValue }) => { if (key === KEY && newValue !== null) loggedOut(); });
    },
  };
}
