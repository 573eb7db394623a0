import { CallError } from './call-error.js';
import { Backoff, type Clock } from './clock.js';
import type { ReadStatus, RoomView } from './contract.js';
import { Observable, type Readable } from './observable.js';
import type { Pushes } from './pushes.js';

/** One row of the list of rooms. */
export interface RoomSummary {
  readonly view: RoomView;
  readonly isUnread: boolean;
}

/** Pauses, in milliseconds, after each of which a room that was made and is not listed is looked for. */
const LISTED_WITHIN = [400, 800, 1_600, 3_200];

/** What the list of rooms needs of the world. */
export interface RoomsPort {
  readonly clock: Clock;
  readonly pushes: Pushes;
  rooms(): Promise<RoomView[]>;
  /** A room has a message of this seq. */
  heard(roomId: number, seq: number): void;
  signedOut(): void;
}

/** The rooms of a customer, newest first; `undefined` until they have been read once. */
export class Rooms {
  readonly #list = new Observable<readonly RoomSummary[] | undefined>(undefined);
  readonly #rooms = new Map<number, RoomSummary>();
  readonly #backoff: Backoff;
  readonly #close: (() => void)[] = [];
  /** How many reads have begun, and which of those that were answered began last. */
  #lastRead = 0;
  #lastAnswered = 0;
  /** For each room that a push spoke of, how many reads had begun by then: what they answer may be older than the push. */
  readonly #pushed = new Map<number, number>();
  #stopWaiting: (() => void) | undefined;
  #isClosed = false;

  /** The rooms are read at once, and again when what is pushed arrives: no connection is needed to see them. */
  constructor(
    private readonly customerId: number,
    private readonly port: RoomsPort,
  ) {
    this.#backoff = new Backoff(port.clock);
    this.#close.push(
      port.pushes.subscribe<RoomView>('/user/topic/rooms', {
        take: (view) => {
          this.#pushed.set(view.roomId, this.#lastRead);
          this.#take([view]);
        },
        ready: () => void this.read(),
      }),
      port.pushes.subscribe<ReadStatus>('/user/topic/readStatus', {
        take: (status) => {
          this.#pushed.set(status.roomId, this.#lastRead);
          this.#mark(status.roomId, status.isUnread);
        },
      }),
    );
    void this.read();
  }

  get list(): Readable<readonly RoomSummary[] | undefined> {
    return this.#list;
  }

  /** Reads them all, and later again if that fails. Whether the server answered. */
  async read(): Promise<boolean> {
    this.#stopWaiting?.();
    this.#lastRead += 1;
    const read = this.#lastRead;
    try {
      const views = await this.port.rooms();
      if (read < this.#lastAnswered || this.#isClosed) return true;
      this.#lastAnswered = read;
      this.#take(views, read);
      this.#backoff.reset();
      return true;
    } catch (error) {
      this.#failed(read, error);
      return false;
    }
  }

  /** Resolves when a room that was just made is in the list, for the views follow the writes; or after some seconds. */
  async listed(roomId: number): Promise<void> {
    for (const pause of LISTED_WITHIN) {
      if (await this.#isListed(roomId, pause)) return;
      await this.read();
    }
  }

  /** The reader has read this message: nothing is unread if it is the last one. */
  wasRead(roomId: number, messageId: number): void {
    const last = this.#rooms.get(roomId)?.view.lastMessage;
    if ((last?.messageId ?? 0) <= messageId) this.#mark(roomId, false);
  }

  /** Ends what the list listens to. */
  close(): void {
    this.#isClosed = true;
    this.#stopWaiting?.();
    for (const end of this.#close) end();
  }

  async #isListed(roomId: number, within: number): Promise<boolean> {
    let end: () => void = () => undefined;
    const listed = new Promise<void>((resolve) => { end = resolve; });
    const stopWaiting = this.port.clock.after(within, end);
    const stop = this.#list.subscribe(() => { if (this.#rooms.has(roomId)) end(); });
    await listed;
    stop();
    stopWaiting();
    return this.#rooms.has(roomId);
  }

  #failed(read: number, error: unknown): void {
    if (this.#isClosed) return;
    if (error instanceof CallError && error.isSignedOut) this.port.signedOut();
    else if (read === this.#lastRead) this.#stopWaiting = this.port.clock.after(this.#backoff.next(), () => void this.read());
  }

  /** A view says all of a room, so an older one, pushed or read late, says nothing. */
  #take(views: readonly RoomView[], read = Infinity): void {
    for (const view of views) {
      const known = this.#rooms.get(view.roomId);
      if (known && seqOf(known.view) > seqOf(view)) continue;
      const isKnownBetter = known && seqOf(known.view) === seqOf(view) && (this.#pushed.get(view.roomId) ?? 0) >= read;
      const isUnread = isKnownBetter ? known.isUnread : (view.unreadStatus[String(this.customerId)] ?? false);
      this.#rooms.set(view.roomId, { view, isUnread });
      if (view.lastMessage) this.port.heard(view.roomId, view.lastMessage.seq);
    }
    this.#show();
  }

  #mark(roomId: number, isUnread: boolean): void {
    const known = this.#rooms.get(roomId);
    if (!known || known.isUnread === isUnread) return;
    this.#rooms.set(roomId, { ...known, isUnread });
    this.#show();
  }

  #show(): void {
    const rooms = [...this.#rooms.values()];
    rooms.sort((a, b) => b.view.updatedAt.localeCompare(a.view.updatedAt) || b.view.roomId - a.view.roomId);
    this.#list.set(rooms);
  }
}

function seqOf(view: RoomView): number {
  return view.lastMessage?.seq ?? 0;
}
