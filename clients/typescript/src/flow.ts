import { CallError } from './call-error.js';
import type { Clock } from './clock.js';
import type { Flow } from './contract.js';
import { Observable, type Readable } from './observable.js';
import type { Pushes } from './pushes.js';
import type { RoomSummary } from './rooms.js';

/** How often the server is asked, in milliseconds; it looks itself no more often. */
const INTERVAL = 1_000;
/** Rooms whose pushes are awaited: a session has a bounded number of subscriptions. */
const MOST_ROOMS = 20;

/** A message on its way, without its text. */
export interface FlowMessage {
  readonly messageId: number;
  readonly roomId: number;
  readonly seq: number;
  readonly senderId: number;
  readonly senderFullName: string;
  readonly sentAt: string;
  /** Whether its event has left the outbox. */
  readonly isInLog: boolean;
  /** Whether the views have it. */
  readonly isProjected: boolean;
  /** Whether it was pushed to this client; `undefined` for one that was sent before this client listened. */
  readonly isPushed: boolean | undefined;
}

/** What is shown. Replaced, never changed. */
export interface FlowState {
  /** The last answer; `undefined` before the first. */
  readonly flow: Flow | undefined;
  /** Whether the last call was answered: if not, what is shown is old. */
  readonly isCurrent: boolean;
  /** Newest first. */
  readonly messages: readonly FlowMessage[];
  /** Messages that were pushed to this client since it watches. */
  readonly pushed: number;
}

/** What watching needs of the world. */
export interface FlowPort {
  readonly clock: Clock;
  readonly pushes: Pushes;
  /** The rooms as the views have them. */
  readonly rooms: Readable<readonly RoomSummary[] | undefined>;
  readFlow(): Promise<Flow>;
  /** There is no session any more. */
  signedOut(): void;
}

/** Where the events of a chat are: asked of the server each second, and joined with what is pushed here. */
export class FlowWatch {
  readonly #state = new Observable<FlowState>({ flow: undefined, isCurrent: false, messages: [], pushed: 0 });
  readonly #close: (() => void)[] = [];
  /** Rooms whose pushes have been asked for. */
  readonly #asked = new Set<number>();
  /** For each room that is listened to, the newest message that was sent before; `undefined` until the next answer. */
  readonly #listening = new Map<number, number | undefined>();
  readonly #pushed = new Set<number>();
  /** The newest seq of each room that the views have. */
  readonly #projected = new Map<number, number>();
  #isClosed = false;
  #flow: Flow | undefined;
  #isCurrent = false;
  #stopWaiting: (() => void) | undefined;

  constructor(private readonly port: FlowPort) {
    this.#close.push(port.rooms.subscribe((rooms) => { this.#take(rooms ?? []); }));
    void this.#read();
  }

  get state(): Readable<FlowState> {
    return this.#state;
  }

  /** Ends what is listened to. */
  close(): void {
    this.#isClosed = true;
    this.#stopWaiting?.();
    for (const end of this.#close) end();
  }

  async #read(): Promise<void> {
    try {
      // Rooms that are listened to from here on: what the answer holds was sent before, or comes as a push.
      const fresh = [...this.#listening].filter(([, since]) => since === undefined).map(([roomId]) => roomId);
      this.#flow = await this.port.readFlow();
      this.#isCurrent = true;
      const newest = this.#flow.messages[0]?.messageId ?? 0;
      for (const roomId of fresh) if (this.#listening.has(roomId)) this.#listening.set(roomId, newest);
      for (const { roomId } of this.#flow.messages) this.#listen(roomId);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.#isCurrent = false;
      if (error.isSignedOut) { this.port.signedOut(); return; }
    }
    if (this.#isClosed) return;
    this.#show();
    this.#stopWaiting = this.port.clock.after(INTERVAL, () => void this.#read());
  }

  #take(rooms: readonly RoomSummary[]): void {
    for (const { view } of rooms) this.#projected.set(view.roomId, view.lastMessage?.seq ?? 0);
    for (const { view } of rooms.slice(0, MOST_ROOMS)) this.#listen(view.roomId);
    this.#show();
  }

  #listen(roomId: number): void {
    if (this.#isClosed || this.#asked.has(roomId) || this.#asked.size >= MOST_ROOMS) return;
    this.#asked.add(roomId);
    this.#close.push(
      this.port.pushes.subscribe<{ messageId: number }>(`/topic/message/roomId/${roomId}`, {
        take: ({ messageId }) => {
          this.#pushed.add(messageId);
          this.#show();
        },
        ready: () => { this.#listening.set(roomId, undefined); },
        lost: () => { this.#listening.delete(roomId); },
      }),
    );
  }

  #isPushed(roomId: number, messageId: number): boolean | undefined {
    if (this.#pushed.has(messageId)) return true;
    const since = this.#listening.get(roomId);
    return since !== undefined && messageId > since ? false : undefined;
  }

  #show(): void {
    const messages = (this.#flow?.messages ?? []).map((message): FlowMessage => ({
      ...message,
      isProjected: (this.#projected.get(message.roomId) ?? 0) >= message.seq,
      isPushed: this.#isPushed(message.roomId, message.messageId),
    }));
    this.#state.set({ flow: this.#flow, isCurrent: this.#isCurrent, messages, pushed: this.#pushed.size });
  }
}
