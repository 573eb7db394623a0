/** Time, as an argument: tests have one of their own. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls once, after so many milliseconds; what it returns cancels the call. */
  after(milliseconds: number, call: () => void): () => void;
  /** A number from 0 to 1, for jitter. */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds);
    return () => { clearTimeout(timer); };
  },
  random: () => Math.random(),
};

/** Delays between tries: doubled from `first` to `longest`, each of them between a half and the whole of that. */
export class Backoff {
  #next: number;

  constructor(
    private readonly clock: Clock,
    private readonly first = 500,
    private readonly longest = 30_000,
  ) {
    this.#next = first;
  }

  /** Milliseconds until the next try. */
  next(): number {
    const delay = this.#next;
    this.#next = Math.min(this.#next * 2, this.longest);
    return delay * (0.5 + this.clock.random() / 2);
  }

  /** A try succeeded. */
  reset(): void {
    this.#next = this.first;
  }
}
