import { CallError } from './call-error.js';
import type {
  Customer, Flow, Message, NewAccount, OnlineStatus, OtherCustomer, Page, Profile, ReadMarker, RoomView, SentMessage,
} from './contract.js';

/** A call that is not answered by then is given up, in milliseconds: the server itself answers within 5 s. */
const CALL_TIMEOUT = 15_000;

/** Where the server is, and how it is called. */
export interface ApiOptions {
  /** `https://chat.example`; of the page's own origin if left out. */
  readonly url?: string;
  readonly fetch?: typeof fetch;
  /** Outside browsers, which have no cookie jar: keeps the session cookie. */
  readonly keepsCookie?: boolean;
}

/** Begins a call that changes something of the person who is logged in, unless the cookie has become another's. */
export type InOwnName = <T>(call: () => Promise<T>) => Promise<T>;

/** The HTTP calls of the contract. Each throws a {@link CallError}. */
export class Api {
  readonly #url: string;
  readonly #fetch: typeof fetch;
  readonly #keepsCookie: boolean;
  #token: string | undefined;

  constructor(
    { url = '', fetch: call = globalThis.fetch.bind(globalThis), keepsCookie = typeof document === 'undefined' }: ApiOptions = {},
    private readonly inOwnName: InOwnName = (own) => own(),
  ) {
    this.#url = url.replace(/\/$/, '');
    this.#fetch = call;
    this.#keepsCookie = keepsCookie;
  }

  /** The session token, where it is kept here. */
  get token(): string | undefined {
    return this.#token;
  }

  async logIn(username: string, password: string): Promise<void> {
    await this.#call('POST', '/auth/login', { username, password });
  }

  async logOut(): Promise<void> {
    await this.#call('POST', '/auth/logout');
    this.#token = undefined;
  }

  createAccount(account: NewAccount): Promise<Customer> {
    return this.#call('POST', '/customer/create/account', account);
  }

  /** One's own account. */
  me(): Promise<Customer> {
    return this.#call('GET', '/customer/info');
  }

  changeProfile(profile: Profile): Promise<Customer> {
    return this.#change('/customer/info', profile);
  }

  async changePassword(currentPassword: string, newPassword: string): Promise<void> {
    await this.#change('/customer/changePass', { currentPassword, newPassword });
  }

  /** Has a code mailed. The answer does not say whether the address has an account. */
  async requestCode(email: string): Promise<void> {
    await this.#call('POST', '/customer/forgetPass/initiate', { email });
  }

  async resendCode(email: string): Promise<void> {
    await this.#call('POST', '/customer/forgetPass/resend', { email });
  }

  /** Gives the ticket that pays for one new password within ten minutes. */
  async confirmCode(email: string, otpCode: string): Promise<string> {
    const confirmed = await this.#call<{ resetTicket: string }>('POST', '/customer/forgetPass/confirm', { email, otpCode });
    return confirmed.resetTicket;
  }

  async resetPassword(email: string, newPassword: string, resetTicket: string): Promise<void> {
    await this.#call('POST', '/customer/forgetPass/reset', { email, newPassword, resetTicket });
  }

  customer(customerId: number): Promise<Customer | OtherCustomer> {
    return this.#call('GET', `/customer/info/customerId/${customerId}`);
  }

  /** Customers whose name contains this. */
  findByName(part: string): Promise<(Customer | OtherCustomer)[]> {
    return this.#call('GET', `/customer/info/fullName/${encodeURIComponent(part)}`);
  }

  /** Customers whose number contains these digits: at least 8, or 4 of a member of a shared room. */
  findByPhone(part: string): Promise<(Customer | OtherCustomer)[]> {
    return this.#call('GET', `/customer/info/phoneNumber/${encodeURIComponent(part)}`);
  }

  createRoom(roomName: string, targetCustomerIds: number[], key?: string): Promise<number> {
    return this.#change('/command/room', { roomName, targetCustomerIds }, key);
  }

  send(roomId: number, content: string, key: string): Promise<SentMessage> {
    return this.#change('/command/message', { roomId, content }, key);
  }

  async markRead(roomId: number, messageId: number): Promise<void> {
    await this.#change('/command/read', { roomId, messageId });
  }

  /** Where events are, as far as the server knows; a server that does not show it answers 404. */
  flow(): Promise<Flow> {
    return this.#call('GET', '/command/flow');
  }

  /** The caller's rooms, newest first. */
  rooms(): Promise<RoomView[]> {
    return this.#call('GET', '/query/rooms');
  }

  /** Messages of a room, newest first: the latest, or those below the message `before`. */
  history(roomId: number, page: Page = {}, before?: number): Promise<Message[]> {
    const path = `/query/message/roomId/${roomId}${before === undefined ? '' : `/index/${before}`}`;
    const query = new URLSearchParams(Object.entries(page).map(([name, value]) => [name, String(value)]));
    return this.#call('GET', query.size > 0 ? `${path}?${query.toString()}` : path);
  }

  readMarkers(roomId: number): Promise<ReadMarker[]> {
    return this.#call('GET', `/query/readMarkers/roomId/${roomId}`);
  }

  onlineStatus(roomId: number): Promise<OnlineStatus[]> {
    return this.#call('GET', `/query/onlineStatus/roomId/${roomId}`);
  }

  #change<T>(path: string, body: unknown, key?: string): Promise<T> {
    return this.inOwnName(() => this.#call<T>('POST', path, body, key));
  }

  async #call<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
    const headers: Record<string, string> = {};
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (key !== undefined) headers['idempotency-key'] = key;
    if (this.#token !== undefined) headers['cookie'] = `jwt_token=${this.#token}`;
    const answer = await this.#ask(path, {
      method,
      headers,
      credentials: 'include',
      signal: AbortSignal.timeout(CALL_TIMEOUT),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (this.#keepsCookie) this.#keepCookie(answer.headers);
    const envelope = await read(answer);
    if (answer.ok) return envelope.data as T;
    const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
    const retryAfter = Number.isFinite(seconds) ? seconds * 1000 : undefined;
    throw new CallError(answer.status, envelope.message, retryAfter);
  }

  async #ask(path: string, request: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(this.#url + path, request);
    } catch (error) {
      throw new CallError(0, 'The server cannot be reached.', undefined, { cause: error });
    }
  }

  #keepCookie(headers: Headers): void {
    for (const cookie of headers.getSetCookie()) {
      const token = /^jwt_token=([^;]*)/.exec(cookie)?.[1];
      if (token !== undefined) this.#token = token === '' ? undefined : token;
    }
  }
}

/** The envelope; `/auth/…` answers have `details` for a person instead. An answer that is cut off is none. */
async function read(answer: Response): Promise<{ data?: unknown; message: string }> {
  const status = answer.ok ? 0 : answer.status;
  try {
    const body = (await answer.json()) as { data?: unknown; message: string; details?: string };
    return { data: body.data, message: body.details ?? body.message };
  } catch (error) {
    throw new CallError(status, 'The server cannot be reached.', undefined, { cause: error });
  }
}
