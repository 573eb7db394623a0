import type { Flow } from '@colloquy/client';

/** What the stages count. */
export interface Totals {
  /** Events that were recorded: those in the log and those that wait for it. `undefined` while the log does not answer. */
  readonly recorded: number | undefined;
  readonly waiting: number;
  readonly oldestMs: number;
  readonly inLog: number | undefined;
  readonly lag: number | undefined;
}

export function totals({ outbox, partitions }: Flow): Totals {
  const inLog = partitions?.reduce((sum, { end }) => sum + end, 0);
  const waiting = outbox?.waiting ?? 0;
  return {
    recorded: inLog === undefined ? undefined : inLog + waiting,
    waiting,
    oldestMs: outbox?.oldestMs ?? 0,
    inLog,
    lag: partitions?.reduce((sum, { end, position }) => sum + end - position, 0),
  };
}

/** One look at the system. */
export interface Sample {
  /** Milliseconds; of the browser's own clock, which nothing sets back. */
  readonly at: number;
  readonly recorded: number | undefined;
  readonly lag: number | undefined;
}

/** How long samples are kept. */
export const KEPT = 60_000;
/** A rate is taken over so long, so that it can be read. */
const RATE_OVER = 5_000;

/** The samples with one more, without those that are too old. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  return [...samples.filter(({ at }) => at > sample.at - KEPT), sample];
}

/** Events recorded in a second, of late; `undefined` while there is nothing to compare. */
export function rate(samples: readonly Sample[]): number | undefined {
  const last = samples.at(-1);
  const first = samples.find(({ at, recorded }) => recorded !== undefined && last !== undefined && at >= last.at - RATE_OVER);
  if (last?.recorded === undefined || first?.recorded === undefined || first.at === last.at) return undefined;
  return Math.max(0, ((last.recorded - first.recorded) * 1_000) / (last.at - first.at));
}

/** Points of a line from the left edge, a minute ago, to the right one; the highest lag is at the top of `height`. */
export function line(samples: readonly Sample[], width: number, height: number): string {
  const last = samples.at(-1);
  const most = Math.max(1, ...samples.map(({ lag }) => lag ?? 0));
  if (!last) return '';
  return samples
    .filter(({ lag }) => lag !== undefined)
    .map(({ at, lag = 0 }) => `${(width * (1 - (last.at - at) / KEPT)).toFixed(1)},${(height * (1 - lag / most)).toFixed(1)}`)
    .join(' ');
}
