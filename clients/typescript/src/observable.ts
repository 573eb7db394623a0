/** What changes are read from: calls at once with the present value, and again with each new one (Svelte's store contract). */
export interface Readable<T> {
  subscribe(reader: (value: T) => void): () => void;
  get(): T;
}

/** A value that is observed. */
export class Observable<T> implements Readable<T> {
  readonly #readers = new Set<(value: T) => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  set(value: T): void {
    if (value === this.#value) return;
    this.#value = value;
    for (const reader of [...this.#readers]) reader(value);
  }

  subscribe(reader: (value: T) => void): () => void {
    this.#readers.add(reader);
    reader(this.#value);
    return () => this.#readers.delete(reader);
  }
}
