import { on } from 'svelte/events';
import { createSubscriber } from 'svelte/reactivity';

/** Whether the page is before the reader's eyes: not in a tab behind, nor minimised. */
export class Visible {
  readonly #track = createSubscriber((update) => on(document, 'visibilitychange', update));

  get isVisible(): boolean {
    this.#track();
    return document.visibilityState === 'visible';
  }
}
