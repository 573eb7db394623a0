// What a story cannot do itself: it writes the wish as a line, and the test that runs it answers with a line when it is done.

import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
// Its end is the story's end, which must not wait for more answers.
process.stdin.unref();

/** Kills the system, or starts it again. @param {'kill' | 'start'} what */
export async function wish(what) {
  process.stdout.write(`${what}\n`);
  const { value } = await answers.next();
  assert.equal(value, 'done', `${what} was done`);
}
