/** What a person has begun to write, by room: it outlives a reload. A store that is forbidden or full loses that alone. */
export class Drafts {
  constructor(
    private readonly customerId: number,
    private readonly store: () => Storage = () => localStorage,
  ) {}

  read(roomId: number): string {
    try {
      return this.store().getItem(this.#name(roomId)) ?? '';
    } catch {
      return '';
    }
  }

  write(roomId: number, text: string): void {
    try {
      if (text.trim() === '') this.store().removeItem(this.#name(roomId));
      else this.store().setItem(this.#name(roomId), text);
    } catch {
      // It is on screen all the same.
    }
  }

  #name(roomId: number): string {
    return `colloquy.draft.${this.customerId}.${roomId}`;
  }
}
