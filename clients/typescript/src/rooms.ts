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
  #stopWaiting: (() => void) | undefined;

  constructor(
    private readonly customerId: number,
    private readonly port: RoomsPort,
  ) {
    this.#backoff = new Backoff(port.clock);
    this.#close.push(
      port.pushes.subscribe<RoomView>('/user/topic/rooms', {
        take: (view) => { this.#take([view]); },
        ready: () => void this.#read(),
      }),
      port.pushes.subscribe<ReadStatus>('/user/topic/readStatus', {
        take: (status) => { this.#mark(status); },
      }),
    );
  }

  get list(): Readable<readonly RoomSummary[] | undefined> {
    return this.#list;
  }

  /** Ends what the list listens to. */
  close(): void {
    this.#stopWaiting?.();
    for (const end of this.#close) end();
  }

  async #read(): Promise<void> {
    this.#stopWaiting?.();
    try {
      this.#take(await this.port.rooms());
      this.#backoff.reset();
    } catch (error) {
      if (error instanceof CallError && error.isSignedOut) this.port.signedOut();
      else this.#stopWaiting = this.port.clock.after(this.#backoff.next(), () => void this.#read());
    }
  }

  /** A view says all of a room, so an older one, pushed or read late, says nothing. */
  #take(views: readonly RoomView[]): void {
    for (const view of views) {
      const known = this.#rooms.get(view.roomId)?.view;
      if (known && seqOf(known) > seqOf(view)) continue;
      const isUnread = view.unreadStatus[String(this.customerId)] ?? false;
      this.#rooms.set(view.roomId, { view, isUnread });
      if (view.lastMessage) this.port.heard(view.roomId, view.lastMessage.seq);
    }
    this.#show();
  }

  #mark({ roomId, isUnread }: ReadStatus): void {
    const known = this.#rooms.get(roomId);
    if (!known) return;
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
