import { tick } from 'svelte';

import { problem, sentence, type FieldName, type Problem } from '../../errors';

type Checks<Name extends FieldName> = Partial<Record<Name, (value: string) => Problem | Problem['key'] | undefined>>;

/** What a person types into one form, and what is wrong with it. */
export class Form<Name extends FieldName> {
  values: Record<Name, string> = $state({} as Record<Name, string>);
  #problems = $state.raw<Partial<Record<Name, Problem>>>({});
  #general = $state.raw<Problem>();
  #isBusy = $state(false);

  /**
   * @param checks What can be known without the server.
   * @param signedOut What a form for those who are logged in does when the server knows no session.
   */
  constructor(
    initial: Record<Name, string>,
    private readonly checks: Checks<Name>,
    private readonly signedOut?: () => Promise<void>,
  ) {
    this.values = initial;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** What is wrong with a field. */
  at(field: Name): string | undefined {
    const found = this.#problems[field];
    return found && sentence(found);
  }

  /** What is wrong, but with no field of this form. */
  get general(): string | undefined {
    return this.#general && sentence(this.#general);
  }

  /** A field that is being mended is no longer shown as wrong. */
  mending(field: Name): void {
    const others = Object.entries(this.#problems).filter(([name]) => name !== field);
    this.#problems = Object.fromEntries(others) as Partial<Record<Name, Problem>>;
  }

  /** Does what the form is for, once; what is wrong is shown, and the first field at fault gets the focus. */
  async submit(event: SubmitEvent, call: () => Promise<void>): Promise<void> {
    event.preventDefault();
    if (this.#isBusy) return;
    this.#general = undefined;
    this.#problems = this.#check();
    if (Object.keys(this.#problems).length === 0) {
      this.#isBusy = true;
      try {
        await call();
      } catch (error) {
        const found = problem(error);
        this.#show(found);
        if (found.key === 'signIn.ended') await this.signedOut?.();
      } finally {
        this.#isBusy = false;
      }
    }
    await tick();
    if (event.target instanceof Element) event.target.querySelector<HTMLElement>('[aria-invalid]')?.focus();
  }

  #check(): Partial<Record<Name, Problem>> {
    const problems: Partial<Record<Name, Problem>> = {};
    for (const name of Object.keys(this.values) as Name[]) {
      const found = this.checks[name]?.(this.values[name]);
      if (found !== undefined) problems[name] = typeof found === 'string' ? { key: found } : found;
    }
    return problems;
  }

  /** The password of a new account is under the same rules as a new password. */
  #show(found: Problem): void {
    const names = [found.field, found.field === 'newPassword' ? 'password' : undefined];
    const field = names.find((name): name is Name => name !== undefined && name in this.values);
    if (field) this.#problems = { [field]: found } as unknown as Partial<Record<Name, Problem>>;
    else this.#general = found;
  }
}

/** A check that something was typed. */
export function required(key: Problem['key']): (value: string) => Problem['key'] | undefined {
  return (value) => (value.trim() === '' ? key : undefined);
}

/** A phone number as the server takes it: people group its digits with spaces, dots and hyphens. */
export function plainNumber(typed: string): string {
  return typed.replace(/[\s().\u2010-\u2015-]/gu, '');
}
