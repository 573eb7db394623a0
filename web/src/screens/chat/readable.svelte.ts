import type { Readable } from '@colloquy/client';
import { createSubscriber } from 'svelte/reactivity';

/** What the library lets read, as a rune: whatever reads `current` is run again with each change. */
export function rune<T>(readable: Readable<T>): { readonly current: T } {
  const track = createSubscriber((update) => {
    let isFirst = true;
    return readable.subscribe(() => {
      if (!isFirst) update();
      isFirst = false;
    });
  });
  return {
    get current() {
      track();
      return readable.get();
    },
  };
}

/** Says that an effect or a derived value is to be run again when these change. */
export function dependsOn(...values: readonly unknown[]): number {
  // That the caller has read them is what counts.
  return values.length;
}
