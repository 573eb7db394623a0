/** What the windows of a browser share because they share its cookie: whose it is, and turns to change it. */

const KEY = 'colloquy.account';
/** A turn that does not come by then is taken all the same, in milliseconds: longer than a call takes before it is given up. */
const LOCK_TIMEOUT = 20_000;

/**
 * - `cookie`: log-ins and log-outs, whose answers change the cookie;
 * - `account`: log-ins, and alongside each other the calls that are only right as long as the cookie is one person's.
 */
export type LockName = 'cookie' | 'account';

/** The windows of a browser, as each of them sees the others. */
export interface Windows {
  /** Whose the cookie is, as far as any window has learned it; `undefined` while that is not known. */
  readAccount(): number | undefined;
  /** Says it to all windows. */
  writeAccount(customerId: number | undefined): void;
  /** Another window has learned something else. */
  onElsewhere(changed: () => void): void;
  /** Works while no window works under the same name, except for those that share it as this one does. */
  lock<T>(name: LockName, mode: LockMode, work: () => Promise<T>): Promise<T>;
}

/** One window that has no others. */
export class LoneWindow implements Windows {
  #account: number | undefined;
  /** The last exclusive turn of each name, and all that share since. */
  readonly #exclusive = new Map<LockName, Promise<unknown>>();
  readonly #shared = new Map<LockName, Promise<unknown>>();

  readAccount(): number | undefined {
    return this.#account;
  }

  writeAccount(customerId: number | undefined): void {
    this.#account = customerId;
  }

  onElsewhere(): void {
    // There is no other.
  }

  lock<T>(name: LockName, mode: LockMode, work: () => Promise<T>): Promise<T> {
    const [exclusive, shared] = [this.#exclusive.get(name), this.#shared.get(name)];
    const turn = Promise.all([exclusive, mode === 'exclusive' ? shared : undefined]).then(work);
    const ended = turn.catch(() => undefined);
    if (mode === 'exclusive') this.#exclusive.set(name, ended);
    else this.#shared.set(name, Promise.all([shared, ended]));
    return turn;
  }
}

/** The windows of a browser that show pages of this origin. */
export class BrowserWindows implements Windows {
  readonly #lone = new LoneWindow();

  /** A store that is forbidden says nothing, so that the server is asked. */
  readAccount(): number | undefined {
    try {
      const customerId = Number(localStorage.getItem(KEY));
      return customerId > 0 ? customerId : undefined;
    } catch {
      return undefined;
    }
  }

  writeAccount(customerId: number | undefined): void {
    if (this.readAccount() === customerId) return;
    try {
      // Where the store is full nothing takes the place of what was there.
      localStorage.removeItem(KEY);
      if (customerId !== undefined) localStorage.setItem(KEY, String(customerId));
    } catch {
      // Then it is not known.
    }
  }

  onElsewhere(changed: () => void): void {
    window.addEventListener('storage', ({ key }) => { if (key === KEY) changed(); });
  }

  /** Only secure origins have locks of the browser; elsewhere a turn is one of this window alone. */
  async lock<T>(name: LockName, mode: LockMode, work: () => Promise<T>): Promise<T> {
    if (!('locks' in navigator)) return this.#lone.lock(name, mode, work);
    const turn = { hasCome: false };
    try {
      return await navigator.locks.request(`colloquy.${name}`, { mode, signal: AbortSignal.timeout(LOCK_TIMEOUT) }, () => {
        turn.hasCome = true;
        return work();
      });
    } catch (error) {
      if (turn.hasCome) throw error;
      return this.#lone.lock(name, mode, work);
    }
  }
}

/** Those of the browser; outside browsers each client has a session token of its own. */
export function defaultWindows(): Windows {
  return typeof document === 'undefined' ? new LoneWindow() : new BrowserWindows();
}
