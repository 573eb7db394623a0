import type { Message } from './contract.js';

/**
 * Messages of one room, in the order of their seq, without a hole and without a repeat, whatever is put in.
 *
 * What comes ahead of a hole waits until the hole is filled: it is never shown before what it follows.
 */
export class MessageList {
  #items: readonly Message[] = [];
  #isLoaded = false;
  /** Messages behind a hole, by seq. */
  readonly #ahead = new Map<number, Message>();
  #heardOf = 0;

  /** The messages, oldest first. Replaced, never changed, when something is added. */
  get items(): readonly Message[] {
    return this.#items;
  }

  /** Whether a page has ever been loaded: before that an empty list says nothing. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** The seq of the newest message, 0 if there is none. */
  get newest(): number {
    return this.#items.at(-1)?.seq ?? 0;
  }

  /** Whether nothing is older than what is here. */
  get reachesStart(): boolean {
    return this.#isLoaded && (this.#items[0]?.seq ?? 1) === 1;
  }

  /** The greatest seq that is known to exist. */
  get heardOf(): number {
    return Math.max(this.#heardOf, this.newest);
  }

  /** Whether something is missing that is known to exist. */
  get hasHole(): boolean {
    return this.heardOf > this.newest;
  }

  /** A message of this seq exists. */
  hear(seq: number): void {
    this.#heardOf = Math.max(this.#heardOf, seq);
  }

  /** Whether a message is here, by what its sender knows it by. */
  hasKey(clientKey: string): boolean {
    return this.#items.some((message) => message.clientKey === clientKey);
  }

  /** Adds what was pushed, in any order. */
  add(messages: readonly Message[]): void {
    for (const message of messages) {
      this.hear(message.seq);
      if (message.seq > this.newest) this.#ahead.set(message.seq, message);
      else this.#insert(message);
    }
    if (this.#isLoaded) this.#absorb();
  }

  /**
   * Adds a part of history, oldest first, that begins right behind what is here, or is the latest there is: then what is
   * here is dropped unless it meets that. Between two messages of history there is none, whatever their seqs are: one that
   * the server could not read is put in when it was repaired.
   */
  load(messages: readonly Message[], isRightBehind: boolean): void {
    const newer = messages.filter((message) => message.seq > this.newest);
    if (newer.length > 0) this.#items = isRightBehind ? [...this.#items, ...newer] : newer;
    this.#isLoaded = true;
    this.add(messages);
  }

  /** Messages that precede the oldest one here, oldest first. Those that do not meet it are dropped. */
  prepend(messages: readonly Message[]): void {
    const oldest = this.#items[0];
    if (!oldest) return;
    const older = messages.filter((message) => message.seq < oldest.seq);
    if (older.at(-1)?.seq === oldest.seq - 1) this.#items = [...older, ...this.#items];
  }

  /** Puts in a message that history did not have when its neighbours were fetched. */
  #insert(message: Message): void {
    const next = this.#items.findIndex(({ seq }) => seq >= message.seq);
    if (next <= 0 || this.#items[next]?.seq === message.seq) return;
    this.#items = this.#items.toSpliced(next, 0, message);
  }

  #absorb(): void {
    const more: Message[] = [];
    for (let seq = this.newest + 1; ; seq += 1) {
      const message = this.#ahead.get(seq);
      if (!message) break;
      more.push(message);
    }
    if (more.length > 0) this.#items = [...this.#items, ...more];
    for (const seq of this.#ahead.keys()) if (seq <= this.newest) this.#ahead.delete(seq);
  }
}
