import { CallError } from './call-error.js';
import { Backoff, type Clock } from './clock.js';
import type { Message, MovedMarker, OnlineStatus, Page, ReadMarker, Typing } from './contract.js';
import { MessageList } from './message-list.js';
import { Observable, type Readable } from './observable.js';
import type { Outbox, PendingMessage } from './outbox.js';
import type { Listener, Pushes } from './pushes.js';

/** Messages fetched with one call: as many as the server gives. */
const PAGE = 100;
/** A reader that missed more than this begins anew with the latest page, and scrolls up for the rest. */
const MOST_MISSED = 500;
/** A typist of whom nothing is heard for so long is taken to have stopped: the end of typing may have been lost. */
const TYPING_EXPIRES_AFTER = 60_000;
/** While typing goes on it is said again this often; the server ends it after 2 s. */
const TYPING_INTERVAL = 1_000;

/** What an open room shows. Replaced, never changed. */
export interface RoomState {
  /** Oldest first, without hole or repeat. */
  readonly messages: readonly Message[];
  /** The reader's own that are not among them yet, in the order they were written. */
  readonly pending: readonly PendingMessage[];
  /** Whether all that is known to exist is shown: not before the first page came, nor while something newer is missing. */
  readonly isCurrent: boolean;
  /** Whether there is nothing older. */
  readonly reachesStart: boolean;
  /** The newest message that each member has read. */
  readonly markers: ReadonlyMap<number, number>;
  /** Whether the markers have been read: before that a member without one may have one. */
  readonly areMarkersKnown: boolean;
  readonly online: ReadonlySet<number>;
  readonly typing: ReadonlySet<number>;
  /** The newest message that was here when the connection was lost (0: none), if other members' were missed and are here now. */
  readonly missedAfter?: number;
  /** Why the room cannot be shown, as the server says it. */
  readonly refusal?: string;
}

/** What a room needs of the world. */
export interface RoomPort {
  /** The reader. */
  readonly customerId: number;
  readonly clock: Clock;
  readonly pushes: Pushes;
  readonly outbox: Outbox;
  history(roomId: number, page: Page, before?: number): Promise<Message[]>;
  readMarkers(roomId: number): Promise<ReadMarker[]>;
  onlineStatus(roomId: number): Promise<OnlineStatus[]>;
  markRead(roomId: number, messageId: number): Promise<void>;
  /** There is no session any more. */
  signedOut(): void;
  /** The room was closed. */
  closed(): void;
}

/** One room that is open on screen. */
export class Room {
  readonly #list = new MessageList();
  readonly #state: Observable<RoomState>;
  readonly #backoff: Backoff;
  readonly #close: (() => void)[] = [];
  readonly #typists = new Map<number, () => void>();
  #isFetching = false;
  #isAskedAgain = false;
  #isClosed = false;
  #isOlderOnItsWay = false;
  /** Which connection the room is listened to over, counted from 1. */
  #listening: number | undefined;
  #connections = 0;
  #newestWhenLost: number | undefined;
  #missedAfter: number | undefined;
  #stopWaiting: (() => void) | undefined;
  #saidTypingAt = -Infinity;
  #markedUpTo = -1;

  /** The room is shown as soon as its first page has come, which needs no connection. */
  constructor(
    readonly roomId: number,
    private readonly port: RoomPort,
  ) {
    this.#backoff = new Backoff(port.clock);
    this.#state = new Observable<RoomState>({
      messages: [],
      pending: port.outbox.pending(roomId),
      isCurrent: false,
      reachesStart: false,
      markers: new Map(),
      areMarkersKnown: false,
      online: new Set(),
      typing: new Set(),
    });
    this.#listen();
    this.#catchUp();
    void this.readMarkers();
  }

  /** What is shown, now and whenever it changes. */
  get state(): Readable<RoomState> {
    return this.#state;
  }

  /** Sends a message; it is shown at once. */
  async send(content: string): Promise<void> {
    this.stopTyping();
    await this.port.outbox.add(this.roomId, content);
  }

  /** Fetches what precedes the oldest message shown. */
  async loadOlder(): Promise<void> {
    const oldest = this.#list.items[0];
    if (!oldest || this.#list.reachesStart || this.#isOlderOnItsWay) return;
    this.#isOlderOnItsWay = true;
    try {
      const page = await this.port.history(this.roomId, { limit: PAGE }, oldest.messageId);
      this.#list.prepend(page.reverse());
      this.#show();
    } finally {
      this.#isOlderOnItsWay = false;
    }
  }

  /** The newest message is on screen: moves the reader's marker there, unless it is there already. */
  async markRead(): Promise<void> {
    const newest = this.#list.items.at(-1)?.messageId ?? 0;
    if (!this.#list.isLoaded || newest <= this.#markedUpTo) return;
    const before = this.#markedUpTo;
    this.#markedUpTo = newest;
    try {
      await this.port.markRead(this.roomId, newest);
    } catch (error) {
      this.#markedUpTo = before;
      throw error;
    }
  }

  /** To be called for each key that is typed: others see who types. */
  keepTyping(): void {
    const now = this.port.clock.now();
    if (now - this.#saidTypingAt < TYPING_INTERVAL) return;
    this.#saidTypingAt = now;
    this.port.pushes.send('/app/typing', { roomId: this.roomId, isTyping: 1 });
  }

  stopTyping(): void {
    if (this.#saidTypingAt === -Infinity) return;
    this.#saidTypingAt = -Infinity;
    this.port.pushes.send('/app/typing', { roomId: this.roomId, isTyping: 0 });
  }

  /** A message of this seq exists, as another source says: fetches it if it is not here. */
  heard(seq: number): void {
    this.#list.hear(seq);
    if (this.#list.isLoaded && this.#list.hasHole) this.#catchUp();
  }

  /** Reads how far the members have read: what is not pushed is read now and then. */
  async readMarkers(): Promise<void> {
    await this.#load(this.port.readMarkers(this.roomId), (markers) => { this.#moved(markers, true); });
  }

  /** What is pending has changed. */
  pendingChanged(): void {
    for (const { seq } of this.port.outbox.pending(this.roomId)) if (seq !== undefined) this.heard(seq);
    this.#show();
  }

  /** Ends what the room listens to. */
  close(): void {
    this.#isClosed = true;
    this.stopTyping();
    this.#stopWaiting?.();
    for (const stop of this.#typists.values()) stop();
    for (const end of this.#close) end();
    this.port.closed();
  }

  #listen(): void {
    const room = `roomId/${this.roomId}`;
    const refused = (refusal: string) => { this.#state.set({ ...this.#state.get(), refusal }); };
    const listen = <Body>(topic: string, listener: Omit<Listener<Body>, 'refused'>) => {
      this.#close.push(this.port.pushes.subscribe<Body>(`/topic/${topic}/${room}`, { refused, ...listener }));
    };
    listen<Message>('message', {
      take: (message) => {
        this.#noteNext(message);
        this.#take([message]);
      },
      ready: () => {
        this.#connections += 1;
        this.#listening = this.#connections;
        this.#catchUp();
      },
      lost: () => {
        this.#listening = undefined;
        // Before the first page nothing is here, so that nothing can be missed; a room may be empty.
        if (this.#list.isLoaded) this.#newestWhenLost ??= this.#list.items.at(-1)?.messageId ?? 0;
      },
    });
    listen<MovedMarker>('readMarkers', {
      take: (marker) => { this.#moved([marker]); },
      ready: () => void this.readMarkers(),
    });
    listen<OnlineStatus>('onlineStatus', {
      take: (status) => { this.#isOnline([status]); },
      ready: () => void this.#load(this.port.onlineStatus(this.roomId), (all) => { this.#isOnline(all); }),
      lost: () => { this.#state.set({ ...this.#state.get(), online: new Set() }); },
    });
    listen<Typing>('typing', {
      take: (typing) => { this.#isTyping(typing); },
      lost: () => {
        for (const customerId of [...this.#typists.keys()]) this.#stoppedTyping(customerId);
      },
    });
  }

  #take(messages: readonly Message[]): void {
    this.#list.add(messages);
    for (const { senderId } of messages) this.#stoppedTyping(senderId);
    this.#show();
    if (this.#list.isLoaded && this.#list.hasHole) this.#catchUp();
  }

  /** Fetches what is newer than what is here: one call at a time, and again while something is missing. */
  #catchUp(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
    this.#isAskedAgain = true;
    if (!this.#isFetching) void this.#fetchAll();
  }

  async #fetchAll(): Promise<void> {
    this.#isFetching = true;
    try {
      while (this.#isAskedAgain && !this.#isClosed) {
        this.#isAskedAgain = false;
        await this.#fetchNewer();
        this.#show();
      }
      // The views follow the writes: what is known to exist will be there soon.
      if (this.#list.hasHole) this.#fetchAgainAfter(this.#backoff.next());
      else this.#backoff.reset();
    } catch (error) {
      this.#fetchFailed(error);
    }
    this.#isFetching = false;
    this.#show();
  }

  async #fetchNewer(): Promise<void> {
    const listening = this.#listening;
    const newerThan = this.#list.isLoaded ? { afterSeq: this.#list.newest } : {};
    let messages: Message[] = [];
    let isRightBehind: boolean;
    do {
      const page = await this.port.history(this.roomId, { limit: PAGE, ...newerThan }, messages[0]?.messageId);
      messages = [...page.reverse(), ...messages];
      isRightBehind = this.#list.isLoaded && page.length < PAGE;
    } while (this.#list.isLoaded && !isRightBehind && messages.length < MOST_MISSED);
    this.#list.load(messages, isRightBehind);
    // What was asked for before the room was listened to again may lack what came right before that.
    this.#noteMissed(listening !== undefined && listening === this.#listening);
  }

  /** One absence has one beginning, however often something is fetched in it; it ends with all that came before its end. */
  #noteMissed(isBack: boolean): void {
    const before = this.#newestWhenLost;
    if (before === undefined) return;
    const isMissed = ({ messageId, senderId }: Message) => messageId > before && senderId !== this.port.customerId;
    if (this.#list.items.some(isMissed)) this.#missedAfter = before;
    if (isBack && !this.#list.hasHole) this.#newestWhenLost = undefined;
  }

  /** What is pushed right behind what was here when the connection was lost says that nothing was missed. */
  #noteNext({ seq }: Message): void {
    const newest = this.#list.items.at(-1)?.messageId ?? 0;
    const isNext = seq === this.#list.newest + 1 && newest === this.#newestWhenLost;
    if (isNext && this.#listening !== undefined) this.#newestWhenLost = undefined;
  }

  #fetchFailed(error: unknown): void {
    if (error instanceof CallError && error.isSignedOut) this.port.signedOut();
    else if (error instanceof CallError && !error.isTransient) {
      this.#state.set({ ...this.#state.get(), refusal: error.message });
    } else {
      const asked = error instanceof CallError ? (error.retryAfter ?? 0) : 0;
      this.#fetchAgainAfter(Math.max(asked, this.#backoff.next()));
    }
  }

  #fetchAgainAfter(milliseconds: number): void {
    if (!this.#isClosed) this.#stopWaiting = this.port.clock.after(milliseconds, () => { this.#catchUp(); });
  }

  /** Pushes go on without these: what does not come now comes with the next connection. */
  async #load<T>(call: Promise<T>, take: (answer: T) => void): Promise<void> {
    try {
      take(await call);
    } catch (error) {
      if (error instanceof CallError && error.isSignedOut) this.port.signedOut();
    }
  }

  #moved(moved: readonly MovedMarker[], areAll = false): void {
    const markers = new Map(this.#state.get().markers);
    for (const { customerId, lastReadMessageId } of moved) {
      markers.set(customerId, Math.max(markers.get(customerId) ?? 0, lastReadMessageId));
    }
    const areMarkersKnown = areAll || this.#state.get().areMarkersKnown;
    this.#state.set({ ...this.#state.get(), markers, areMarkersKnown });
  }

  #isOnline(statuses: readonly OnlineStatus[]): void {
    const online = new Set(this.#state.get().online);
    for (const status of statuses) {
      if (status.online) online.add(status.customerId);
      else online.delete(status.customerId);
    }
    this.#state.set({ ...this.#state.get(), online });
  }

  #isTyping({ customerId, typing }: Typing): void {
    this.#stoppedTyping(customerId);
    if (!typing) return;
    const stop = () => { this.#stoppedTyping(customerId); };
    this.#typists.set(customerId, this.port.clock.after(TYPING_EXPIRES_AFTER, stop));
    this.#state.set({ ...this.#state.get(), typing: new Set(this.#typists.keys()) });
  }

  #stoppedTyping(customerId: number): void {
    this.#typists.get(customerId)?.();
    if (!this.#typists.delete(customerId)) return;
    this.#state.set({ ...this.#state.get(), typing: new Set(this.#typists.keys()) });
  }

  #show(): void {
    const { items: messages, isLoaded, hasHole, newest, reachesStart } = this.#list;
    this.port.outbox.settle(this.roomId, ({ clientKey, seq = Infinity }) => seq <= newest || this.#list.hasKey(clientKey));
    const pending = this.port.outbox.pending(this.roomId);
    this.#state.set({
      ...this.#state.get(), messages, pending, isCurrent: isLoaded && !hasHole, reachesStart,
      ...(this.#missedAfter !== undefined && { missedAfter: this.#missedAfter }),
    });
  }
}
