/** Which rows of a long list are in the page, and where: the list is as high as all of them, the page holds few. */

/** Rows from `first` up to, not including, `end`; the heights of those before and behind. */
export interface Slice {
  readonly first: number;
  readonly end: number;
  readonly before: number;
  readonly after: number;
}

/** A row whose lower edge stays where it is on screen, whatever happens above it: so many pixels below the upper edge of the view. */
export interface Anchor {
  readonly key: string;
  readonly bottom: number;
}

/** Rows kept ready above and below what is on screen. */
const SPARE = 40;
/** However small the rows are, the page never holds more of them. */
export const MOST_ROWS = 180;
/** What a row is taken to need before any is measured, in pixels. */
const FIRST_GUESS = 44;

/** The heights of rows, by key: measured, or the mean of those that were. */
export class Heights {
  readonly #measured = new Map<string, number>();
  #sum = 0;

  /** Takes a measurement; `false` if it says nothing new. */
  set(key: string, height: number): boolean {
    const before = this.#measured.get(key);
    if (before !== undefined && Math.abs(before - height) < 0.5) return false;
    this.#measured.set(key, height);
    this.#sum += height - (before ?? 0);
    return true;
  }

  /** Where each row begins, in pixels from the start of the list; one number more than there are keys, the last being the whole. */
  offsets(keys: readonly string[]): Float64Array {
    const guess = this.#measured.size === 0 ? FIRST_GUESS : this.#sum / this.#measured.size;
    const offsets = new Float64Array(keys.length + 1);
    let at = 0;
    keys.forEach((key, index) => {
      at += this.#measured.get(key) ?? guess;
      offsets[index + 1] = at;
    });
    return offsets;
  }
}

/** The rows to show when the view of this height begins at `top`. */
export function slice(offsets: Float64Array, top: number, height: number): Slice {
  const rows = offsets.length - 1;
  const total = at(offsets, rows);
  // Beyond either end the nearest full view counts.
  const from = Math.max(0, Math.min(top, total - height));
  const firstSeen = indexAt(offsets, from);
  const lastSeen = indexAt(offsets, from + height);
  const first = Math.max(0, firstSeen - SPARE);
  const end = Math.min(rows, lastSeen + 1 + SPARE, first + MOST_ROWS);
  return { first, end, before: at(offsets, first), after: total - at(offsets, end) };
}

/** The row to hold on to: the first one that is wholly in view, or else the one that fills it. */
export function anchorAt(offsets: Float64Array, keys: readonly string[], top: number): Anchor | undefined {
  const index = indexAt(offsets, top);
  const next = at(offsets, index) < top && index + 1 < keys.length ? index + 1 : index;
  const key = keys[next];
  return key === undefined ? undefined : { key, bottom: at(offsets, next + 1) - top };
}

/** Where the view has to begin for the anchor to stay; `undefined` if its row is gone. */
export function topOf(offsets: Float64Array, indexOf: (key: string) => number | undefined, anchor: Anchor): number | undefined {
  const index = indexOf(anchor.key);
  return index === undefined ? undefined : at(offsets, index + 1) - anchor.bottom;
}

/** The row that holds this point; the first or the last for a point beyond them. */
function indexAt(offsets: Float64Array, point: number): number {
  let low = 0;
  let high = Math.max(0, offsets.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (at(offsets, middle) <= point) low = middle;
    else high = middle - 1;
  }
  return low;
}

function at(offsets: Float64Array, index: number): number {
  return offsets[index] ?? 0;
}
