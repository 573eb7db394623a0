/** Customers of a real server, each with a client on a network that a test can spoil. */
import { WebSocket as NodeWebSocket } from 'ws';

import { Colloquy, type Message, MemoryOutboxStore, type OutboxStore, type Readable, type Room, type Session } from '../../src/index.js';
import { Random } from '../world.js';

export const URL = process.env['COLLOQUY_URL'] ?? 'http://127.0.0.1:8080';

/** Nothing listens on port 1. */
const NOWHERE = 'ws://127.0.0.1:1';

/** A network between one client and the server. */
export class Network {
  /** Whether anything gets through. */
  isUp = true;
  /** Whether it lets WebSockets through. */
  letsSocketsThrough = true;
  /** How often a call or its answer is lost. */
  lostCall = 0;
  /** How often a frame comes twice. */
  doubledFrame = 0;
  readonly #sockets = new Set<NodeWebSocket>();

  constructor(private readonly random: Random) {}

  readonly fetch: typeof fetch = async (input, init) => {
    const isLost = !this.isUp || this.random.chance(this.lostCall);
    if (isLost && (!this.isUp || this.random.chance(0.5))) throw new TypeError('the request is lost');
    const answer = await fetch(input, init);
    if (isLost) throw new TypeError('the answer is lost');
    return answer;
  };

  readonly webSocket = (url: string, protocols: string[]): WebSocket => {
    const socket = new NodeWebSocket(this.isUp && this.letsSocketsThrough ? url : NOWHERE, protocols);
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // Before stompjs listens, so that what is doubled comes first.
    socket.on('message', (data: Buffer, isBinary) => {
      if (!this.random.chance(this.doubledFrame)) return;
      if (!isBinary) socket.onmessage?.({ data: data.toString('utf8'), type: 'message', target: socket });
    });
    return socket as unknown as WebSocket;
  };

  /** Ends every connection, without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
  }
}

/** Somebody with an account of their own, at one device. */
export class Person {
  readonly network: Network;
  readonly colloquy: Colloquy;

  constructor(
    readonly username: string,
    private readonly store: OutboxStore = new MemoryOutboxStore(),
    seed = 1,
  ) {
    this.network = new Network(new Random(seed));
    const { fetch, webSocket } = this.network;
    this.colloquy = new Colloquy({ url: URL, outbox: store, fetch, webSocket });
  }

  static async signUp(seed = 1, letsSocketsThrough = true): Promise<Person> {
    const username = `ts-${crypto.randomUUID().slice(0, 13)}`;
    const person = new Person(username, new MemoryOutboxStore(), seed);
    person.network.letsSocketsThrough = letsSocketsThrough;
    await person.colloquy.api.createAccount({
      username, password: PASSWORD, fullName: `Person ${username}`, email: `${username}@example.com`,
    });
    await person.logIn();
    return person;
  }

  async logIn(): Promise<Session> {
    return this.colloquy.logIn(this.username, PASSWORD);
  }

  get session(): Session {
    const session = this.colloquy.session.get();
    if (!session) throw new Error('there is no session');
    return session;
  }

  get id(): number {
    return this.session.me.customerId;
  }

  open(roomId: number): Room {
    return this.session.open(roomId);
  }

  /** The same person after a reload of the page, or at another device. */
  async again(store = this.store): Promise<Person> {
    const person = new Person(this.username, store);
    await person.logIn();
    return person;
  }
}

const PASSWORD = 'correct horse battery';

/** Waits until a value fits. */
export async function until<T>(what: string, readable: Readable<T>, fits: (value: T) => boolean, within = 15_000): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`not in time: ${what}; there is ${JSON.stringify(readable.get(), replacer)}`));
    }, within);
    // It goes on listening, which does no harm: a promise is resolved once.
    readable.subscribe((value) => {
      if (!fits(value)) return;
      clearTimeout(timer);
      resolve(value);
    });
  });
}

function replacer(_: string, value: unknown): unknown {
  return value instanceof Map || value instanceof Set ? [...(value as Iterable<unknown>)] : value;
}

/** All of a room's messages, oldest first, as the server has them, once its views have come as far as `minSeq`. */
export async function history(person: Person, roomId: number, minSeq: number): Promise<Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const page = await person.colloquy.api.history(roomId, { limit: 100, minSeq }, messages[0]?.messageId);
    messages.unshift(...page.reverse());
    if (page.length < 100) return messages;
  }
}
