import { CallError, Colloquy, type ConnectionState, type Customer, type NewAccount, type Session } from '@colloquy/client';

import { NO_FACTS, readPageFacts, type PageFacts } from './page-facts';
import { router } from './router.svelte';

/** How long an unreachable server is left alone, in milliseconds. */
const RETRY_AFTER = 5_000;

/** Why the sign-in screen is shown, when there is something to say. */
export type Notice = 'created' | 'passwordSet' | 'ended';

/** Who is logged in here, for all screens. */
class CurrentSession {
  readonly colloquy = new Colloquy();
  #session = $state.raw<Session>();
  #me = $state.raw<Customer>();
  #connection = $state.raw<ConnectionState>({ is: 'off' });
  #facts = $state.raw<PageFacts>(NO_FACTS);
  #phase = $state<'starting' | 'unreachable' | 'known'>('starting');
  #isLogOutUnanswered = $state(false);
  #replaced = $state.raw<Customer>();
  /** Whose session ended without this window's doing: who logs in in another window next takes this one along. */
  #left: Customer | undefined;
  #isLeaving = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What the sign-in screen begins with. */
  username = $state('');
  notice = $state<Notice>();

  constructor() {
    this.colloquy.connection.subscribe((state) => { this.#connection = state; });
    this.colloquy.isLogOutUnanswered.subscribe((isUnanswered) => { this.#isLogOutUnanswered = isUnanswered; });
    this.colloquy.session.subscribe((session) => {
      if (session) this.#began(session.me, this.#isLeaving ? this.#me : this.#me ?? this.#left);
      else this.#ended(this.#isLeaving ? undefined : this.#me);
      this.#session = session;
      this.#me = session?.me;
    });
  }

  /** The session of the library; `undefined` while no one is logged in. */
  get current(): Session | undefined {
    return this.#session;
  }

  /** One's own account, as last saved. */
  get me(): Customer | undefined {
    return this.#me;
  }

  get connection(): ConnectionState {
    return this.#connection;
  }

  /** Who was logged in here before another window of the browser logged in another person, until that has been read. */
  get replaced(): Customer | undefined {
    return this.#replaced;
  }

  /** The person has read that the account is another one. */
  replacedWasRead(): void {
    this.#replaced = undefined;
  }

  /** Whether the server could not be reached yet to end the session that was ended here. */
  get isLogOutUnanswered(): boolean {
    return this.#isLogOutUnanswered;
  }

  get facts(): PageFacts {
    return this.#facts;
  }

  /** Whether it is known if there is a session. */
  get phase(): 'starting' | 'unreachable' | 'known' {
    return this.#phase;
  }

  /** Takes up the session of the cookie when the page is opened, and tries on while the server cannot be reached. */
  async start(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const [facts] = await Promise.all([readPageFacts(), this.colloquy.resume()]);
      this.#facts = facts;
      this.#phase = 'known';
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.#phase = 'unreachable';
      this.#timer = setTimeout(() => void this.start(), RETRY_AFTER);
    }
  }

  async logIn(username: string, password: string): Promise<void> {
    await this.#replacing(() => this.colloquy.logIn(username, password));
  }

  /** Makes an account and logs in with it; if only the login fails, the person is asked to. */
  async signUp(account: NewAccount): Promise<void> {
    await this.colloquy.api.createAccount(account);
    await this.#logInOrAsk(account.username, account.password, 'created');
  }

  /** Logs in with a password that was just set, if the person has typed their name before; else asks for it. */
  async passwordWasSet(password: string): Promise<void> {
    await this.#logInOrAsk(this.username, password, 'passwordSet');
  }

  /** Asks the server whether there still is a session; without one the sign-in screen says that it has ended. */
  async doubt(): Promise<void> {
    try {
      await this.colloquy.resume();
    } catch (error) {
      // The server cannot be reached: the connection is shown as lost, and asks again when it is back.
      if (!(error instanceof CallError)) throw error;
    }
  }

  /** Ends the session here at once; at the server when it can be reached, and no window opens the account before that. */
  async logOut(): Promise<void> {
    router.replace({ screen: 'sign-in' });
    await this.#replacing(() => this.colloquy.logOut());
  }

  /** Shows the profile as it was saved. */
  changed(me: Customer): void {
    this.#session?.people.learn([me]);
    this.#me = me;
  }

  /** The screens of another person are not those of this one, and forms hold what the other one typed. */
  #began(me: Customer, before: Customer | undefined): void {
    this.notice = undefined;
    this.username = '';
    if (!before || before.customerId === me.customerId) return;
    this.#replaced = before;
    router.replace({ screen: 'rooms' });
  }

  #ended(left: Customer | undefined): void {
    this.#replaced = undefined;
    this.#left = left;
    if (!left) return;
    this.notice = 'ended';
    this.username = left.username;
  }

  async #logInOrAsk(username: string, password: string, notice: Notice): Promise<void> {
    try {
      if (username !== '') {
        await this.logIn(username, password);
        return;
      }
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
    }
    this.notice = notice;
    this.username = username;
    router.replace({ screen: 'sign-in' });
  }

  async #replacing(change: () => Promise<unknown>): Promise<void> {
    this.#isLeaving = true;
    try {
      await change();
    } finally {
      this.#isLeaving = false;
    }
  }
}

export const session = new CurrentSession();
