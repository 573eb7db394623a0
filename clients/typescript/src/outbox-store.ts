/** A message that the server has not confirmed. */
export interface StoredMessage {
  /** The Idempotency-Key: however often the message is sent, it is written once. */
  readonly key: string;
  readonly customerId: number;
  readonly roomId: number;
  readonly content: string;
  /** When it was written, in milliseconds since 1970; messages go out in this order. */
  readonly writtenAt: number;
  /** Why the server refused it, if it did. */
  readonly refusal?: string;
}

/** Where unconfirmed messages outlive a reload. */
export interface OutboxStore {
  /** All of a customer, in any order. */
  all(customerId: number): Promise<StoredMessage[]>;
  put(message: StoredMessage): Promise<void>;
  delete(key: string): Promise<void>;
}

/** Keeps messages as long as the process lives. */
export class MemoryOutboxStore implements OutboxStore {
  readonly #messages = new Map<string, StoredMessage>();

  all(customerId: number): Promise<StoredMessage[]> {
    return Promise.resolve([...this.#messages.values()].filter((message) => message.customerId === customerId));
  }

  put(message: StoredMessage): Promise<void> {
    this.#messages.set(message.key, message);
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.#messages.delete(key);
    return Promise.resolve();
  }
}

const TABLE = 'messages';

/** Keeps messages in the browser's database of this origin. */
export class IndexedDbOutboxStore implements OutboxStore {
  #database: Promise<IDBDatabase> | undefined;

  constructor(private readonly name = 'colloquy-outbox') {}

  async all(customerId: number): Promise<StoredMessage[]> {
    const all = await this.#run('readonly', (table) => table.getAll() as IDBRequest<StoredMessage[]>);
    return all.filter((message) => message.customerId === customerId);
  }

  async put(message: StoredMessage): Promise<void> {
    await this.#run('readwrite', (table) => table.put(message));
  }

  async delete(key: string): Promise<void> {
    await this.#run('readwrite', (table) => table.delete(key));
  }

  /** Waits for the transaction, not for the request alone: only then is a message kept. */
  async #run<T>(mode: IDBTransactionMode, work: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    this.#database ??= this.#open();
    const transaction = (await this.#database).transaction(TABLE, mode, { durability: 'strict' });
    const request = work(transaction.objectStore(TABLE));
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => { resolve(request.result); };
      transaction.onabort = transaction.onerror = () => {
        reject(transaction.error ?? new Error('the outbox could not be read or written'));
      };
    });
  }

  #open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const opening = indexedDB.open(this.name, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE, { keyPath: 'key' });
      opening.onsuccess = () => { resolve(opening.result); };
      opening.onerror = () => { reject(opening.error ?? new Error('the outbox could not be opened')); };
    });
  }
}

/** The browser's database where there is one, or else memory. */
export function defaultOutboxStore(): OutboxStore {
  return typeof indexedDB === 'undefined' ? new MemoryOutboxStore() : new IndexedDbOutboxStore();
}

/** The same store, whose failures cost no more than the reload: what it cannot keep is sent all the same. */
export function bestEffort(store: OutboxStore): OutboxStore {
  return {
    all: (customerId) => store.all(customerId).catch(() => []),
    put: (message) => store.put(message).catch(() => undefined),
    delete: (key) => store.delete(key).catch(() => undefined),
  };
}
