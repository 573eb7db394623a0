import { CallError } from './call-error.js';
import { Backoff, type Clock } from './clock.js';
import type { Customer, OtherCustomer } from './contract.js';
import { Observable, type Readable } from './observable.js';

/** What one customer sees of another. */
export type Person = Pick<OtherCustomer, 'customerId' | 'username' | 'fullName' | 'avatarColor'>;

/** So many are asked for at once: a room may have 500 members, and other calls want through. */
const AT_ONCE = 4;

/** What the directory needs of the world. */
export interface PeoplePort {
  readonly clock: Clock;
  customer(customerId: number): Promise<Customer | OtherCustomer>;
  signedOut(): void;
}

/** The customers that are shown by name and colour: each is asked for when it is first wanted, and when it is to be renewed. */
export class People {
  readonly #known = new Observable<ReadonlyMap<number, Person>>(new Map());
  readonly #wanted = new Set<number>();
  readonly #queue: number[] = [];
  /** Known, and asked for again all the same. */
  readonly #stale = new Set<number>();
  readonly #backoff: Backoff;
  #underWay = 0;
  #stopWaiting: (() => void) | undefined;
  #isClosed = false;

  constructor(private readonly port: PeoplePort) {
    this.#backoff = new Backoff(port.clock);
  }

  /** Those who are known so far, by id. */
  get known(): Readable<ReadonlyMap<number, Person>> {
    return this.#known;
  }

  /** Asks for those who are not known yet; they come to {@link known}. */
  want(customerIds: Iterable<number>): void {
    for (const customerId of customerIds) {
      if (this.#wanted.has(customerId)) continue;
      this.#wanted.add(customerId);
      this.#queue.push(customerId);
    }
    this.#askNext();
  }

  /** Takes what is known from elsewhere: a search, or one's own account. */
  learn(people: Iterable<Person>): void {
    const known = new Map(this.#known.get());
    for (const person of people) {
      this.#wanted.add(person.customerId);
      known.set(person.customerId, person);
    }
    this.#known.set(known);
  }

  /** Asks again for these, who may have changed since; until they are answered what was known stays. */
  renew(customerIds: Iterable<number>): void {
    const asked = [...customerIds];
    for (const customerId of asked) {
      if (!this.#known.get().has(customerId) || this.#stale.has(customerId)) continue;
      this.#stale.add(customerId);
      this.#queue.push(customerId);
    }
    this.want(asked);
  }

  /** Ends the asking. */
  close(): void {
    this.#isClosed = true;
    this.#stopWaiting?.();
  }

  #askNext(): void {
    while (!this.#isClosed && !this.#stopWaiting && this.#underWay < AT_ONCE) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (this.#stale.has(next) || !this.#known.get().has(next)) void this.#ask(next);
    }
  }

  async #ask(customerId: number): Promise<void> {
    this.#underWay += 1;
    try {
      this.learn([await this.port.customer(customerId)]);
      this.#stale.delete(customerId);
      this.#backoff.reset();
    } catch (error) {
      this.#failed(customerId, error);
    }
    this.#underWay -= 1;
    this.#askNext();
  }

  /** An account that is not there is not asked for again. */
  #failed(customerId: number, error: unknown): void {
    if (!(error instanceof CallError)) throw error;
    if (error.isSignedOut) this.port.signedOut();
    if (!error.isTransient || this.#isClosed) {
      this.#stale.delete(customerId);
      return;
    }
    this.#queue.unshift(customerId);
    this.#stopWaiting ??= this.port.clock.after(Math.max(error.retryAfter ?? 0, this.#backoff.next()), () => {
      this.#stopWaiting = undefined;
      this.#askNext();
    });
  }
}
