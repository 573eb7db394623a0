import { expect, test } from 'vitest';

import { anchorAt, Heights, MOST_ROWS, slice, topOf } from '../src/screens/chat/window';

const KEYS = Array.from({ length: 2_000 }, (_, index) => `k${index}`);
const INDEXES = new Map(KEYS.map((key, index) => [key, index]));

/** Rows of 26 to 226 pixels, the same each time. */
function heightOf(key: string): number {
  return 26 + ((Number(key.slice(1)) * 7_919) % 201);
}

function measured(keys: readonly string[]): Heights {
  const heights = new Heights();
  for (const key of keys) heights.set(key, heightOf(key));
  return heights;
}

test('what was not measured is as high as the mean of what was', () => {
  const heights = new Heights();
  expect([...heights.offsets(['a', 'b'])]).toEqual([0, 44, 88]);
  expect(heights.set('a', 10)).toBe(true);
  expect(heights.set('a', 10.2)).toBe(false);
  heights.set('b', 30);
  expect([...heights.offsets(['a', 'b', 'c'])]).toEqual([0, 10, 40, 60]);
  heights.set('a', 20);
  expect([...heights.offsets(['a', 'b', 'c'])]).toEqual([0, 20, 50, 75]);
});

test('wherever the view is, it is filled, few rows are in the page, and the list is as high as all of them', () => {
  const offsets = measured(KEYS).offsets(KEYS);
  const total = offsets.at(-1) ?? 0;
  for (let top = -500; top < total + 500; top += 137) {
    const { first, end, before, after } = slice(offsets, top, 800);
    expect(end - first).toBeLessThanOrEqual(MOST_ROWS);
    const from = Math.max(0, Math.min(top, total - 800));
    expect(before).toBeLessThanOrEqual(from);
    expect(total - after).toBeGreaterThanOrEqual(from + 800);
    expect(before + (offsets[end] ?? 0) - (offsets[first] ?? 0) + after).toBeCloseTo(total);
  }
});

test('an empty list and one that is lower than the view are whole', () => {
  expect(slice(new Heights().offsets([]), 0, 800)).toEqual({ first: 0, end: 0, before: 0, after: 0 });
  expect(slice(new Heights().offsets(['a', 'b']), -700, 800)).toEqual({ first: 0, end: 2, before: 0, after: 0 });
});

test('the row that is looked at stays in place when older ones come and when rows are measured', () => {
  const known = KEYS.slice(1_000);
  const heights = measured(known.slice(0, 100));
  const offsets = heights.offsets(known);
  const anchor = anchorAt(offsets, known, 333);
  if (!anchor) throw new Error('no anchor');
  const place = (all: readonly string[], offsets: Float64Array) => {
    const top = topOf(offsets, (key) => all.indexOf(key), anchor) ?? Number.NaN;
    return (offsets[all.indexOf(anchor.key) + 1] ?? 0) - top;
  };
  expect(place(known, offsets)).toBe(anchor.bottom);
  for (const key of KEYS.slice(900)) heights.set(key, heightOf(key));
  expect(place(KEYS, heights.offsets(KEYS))).toBe(anchor.bottom);
});

test('the anchor is the first row that is wholly in view', () => {
  const heights = new Heights();
  for (const key of ['a', 'b', 'c']) heights.set(key, 100);
  const keys = ['a', 'b', 'c'];
  const offsets = heights.offsets(keys);
  expect(anchorAt(offsets, keys, 0)).toEqual({ key: 'a', bottom: 100 });
  expect(anchorAt(offsets, keys, 30)).toEqual({ key: 'b', bottom: 170 });
  expect(anchorAt(offsets, keys, 250)).toEqual({ key: 'c', bottom: 50 });
  expect(anchorAt(new Heights().offsets([]), [], 0)).toBeUndefined();
});

test('an anchor whose row is gone holds nothing', () => {
  const offsets = measured(KEYS).offsets(KEYS);
  expect(topOf(offsets, (key) => INDEXES.get(key), { key: 'gone', bottom: 0 })).toBeUndefined();
});
