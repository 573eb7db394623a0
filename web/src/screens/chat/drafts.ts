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

  /**
   * Calls with what another window of this browser has made of a draft, and what it was before; an empty text when that window
   * has sent it. What is returned ends that.
   */
  watch(roomId: number, changed: (before: string, after: string) => void, source: EventTarget = window): () => void {
    const name = this.#name(roomId);
    const look = (event: Event) => {
      const { key, oldValue, newValue } = event as StorageEvent;
      if (key === name) changed(oldValue ?? '', newValue ?? '');
    };
    source.addEventListener('storage', look);
    return () => { source.removeEventListener('storage', look); };
  }

  #name(roomId: number): string {
    return `colloquy.draft.${this.customerId}.${roomId}`;
  }
}

/**
 * The text of a field after another window has made `after` of the draft `before`. What was changed here stays, and what is being
 * written here; what the other window has sent is gone from both.
 */
export function followed(text: string, before: string, after: string, isBeingWritten: boolean): string {
  if (text.trim() !== before.trim()) return text;
  return isBeingWritten && text.trim() !== '' && after.trim() !== '' ? text : after;
}
