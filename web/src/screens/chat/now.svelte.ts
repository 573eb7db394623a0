/** The present minute: what says "today" changes with the day. */
class Now {
  #at = $state(Date.now());

  constructor() {
    setInterval(() => { this.#at = Date.now(); }, 60_000);
  }

  get at(): number {
    return this.#at;
  }
}

export const now = new Now();
