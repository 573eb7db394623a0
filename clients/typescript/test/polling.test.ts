/** A reader on a network that lets calls through and no WebSocket. */
import { describe, expect, it } from 'vitest';

import type { ConnectionState } from '../src/connection.js';
import { Observable } from '../src/observable.js';
import { Polling } from '../src/polling.js';
import { Random, TestClock } from './world.js';

function world() {
  const clock = new TestClock(new Random(3));
  const connection = new Observable<ConnectionState>({ is: 'off' });
  const reads: number[] = [];
  let answers = true;
  const polling = new Polling({
    clock, connection,
    read: () => {
      reads.push(clock.now());
      return Promise.resolve(answers);
    },
  });
  return { clock, connection, reads, polling, fail: () => { answers = false; } };
}

describe('polling', () => {
  it('begins when a connection has been missing for a while, and goes on at changing intervals of 15 to 30 s', async () => {
    const { clock, connection, reads, polling } = world();
    const begun = clock.now();
    connection.set({ is: 'connecting' });
    // Tries that fail do not put it off.
    for (let second = 0; second < 600; second += 1) {
      connection.set(second % 2 === 0 ? { is: 'waiting', retryAt: 0 } : { is: 'connecting' });
      await clock.advance(1_000);
    }
    const pauses = reads.map((at, index) => at - (reads[index - 1] ?? begun));
    expect(reads.length).toBeGreaterThan(19);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(15_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000);
    expect(new Set(pauses.map(Math.round)).size).toBeGreaterThan(10);
    expect(polling.isAnswered.get()).toBe(true);
  });

  it('ends with a connection, and when none is wanted', async () => {
    for (const is of ['connected', 'off'] as const) {
      const { clock, connection, reads, polling } = world();
      connection.set({ is: 'connecting' });
      await clock.advance(10_000);
      connection.set({ is });
      await clock.advance(60_000);
      expect(reads).toEqual([]);
      polling.now();
      expect(reads).toEqual([]);
      connection.set({ is: 'waiting', retryAt: 0 });
      await clock.advance(31_000);
      expect(reads.length).toBeGreaterThan(0);
      connection.set({ is });
      expect(polling.isAnswered.get()).toBe(false);
    }
  });

  it('reads at once when the network of the device is back, and says when no answer comes', async () => {
    const { clock, connection, reads, polling, fail } = world();
    connection.set({ is: 'waiting', retryAt: 0 });
    polling.now();
    await clock.advance(0);
    expect(reads).toHaveLength(1);
    expect(polling.isAnswered.get()).toBe(true);
    fail();
    polling.now();
    await clock.advance(0);
    expect(polling.isAnswered.get()).toBe(false);
    polling.close();
    await clock.advance(120_000);
    expect(reads).toHaveLength(2);
  });
});
