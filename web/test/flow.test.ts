import { describe, expect, it } from 'vitest';

import { line, rate, totals, withSample, type Sample } from '../src/screens/flow/totals';

const sample = (at: number, recorded?: number, lag?: number): Sample => ({ at, recorded, lag });

describe('the totals', () => {
  it('are those of all partitions, and what waits is recorded too', () => {
    const partitions = [
      { partition: 0, end: 10, position: 7 },
      { partition: 1, end: 5, position: 5 },
    ];
    const found = totals({ outbox: { waiting: 4, oldestMs: 1200 }, partitions, messages: [] });
    expect(found).toEqual({ recorded: 19, waiting: 4, oldestMs: 1200, inLog: 15, lag: 3 });
  });

  it('are unknown, and not nothing, while the log does not answer', () => {
    const found = totals({ outbox: { waiting: 4, oldestMs: 0 }, partitions: null, messages: [] });
    expect(found).toMatchObject({ recorded: undefined, inLog: undefined, lag: undefined, waiting: 4 });
  });

  it('count nothing as waiting where the outbox is the log', () => {
    const found = totals({ outbox: null, partitions: [{ partition: 0, end: 3, position: 3 }], messages: [] });
    expect(found).toMatchObject({ recorded: 3, waiting: 0, lag: 0 });
  });
});

describe('samples', () => {
  it('are kept for a minute', () => {
    const kept = withSample([sample(0), sample(1_000), sample(2_000)], sample(61_000));
    expect(kept.map(({ at }) => at)).toEqual([2_000, 61_000]);
  });

  it('give a rate over the last five seconds', () => {
    expect(rate([sample(0, 0), sample(5_000, 100), sample(10_000, 110)])).toBe(2);
    expect(rate([sample(0, 5)])).toBeUndefined();
    expect(rate([sample(0, 5), sample(1_000)])).toBeUndefined();
    expect(rate([])).toBeUndefined();
  });

  it('are a line whose top is the highest lag', () => {
    const samples = [sample(0, 0, 0), sample(30_000, 0, 10), sample(45_000), sample(60_000, 0, 5)];
    expect(line(samples, 100, 20)).toBe('0.0,20.0 50.0,0.0 100.0,10.0');
    expect(line([], 100, 20)).toBe('');
  });
});
