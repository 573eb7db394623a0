import { expect, test } from 'vitest';

import { CallError } from '../src/call-error.js';
import { People, type Person } from '../src/people.js';
import { Random, TestClock } from './world.js';

function person(customerId: number): Person {
  return { customerId, username: `user${customerId}`, fullName: `Person ${customerId}`, avatarColor: '#000000' };
}

/** A directory whose calls are answered by the test. */
function directory() {
  const clock = new TestClock(new Random(1));
  const calls: { id: number; answer: (person: Person) => void; fail: (error: CallError) => void }[] = [];
  let signedOut = 0;
  const people = new People({
    clock,
    customer: (id) => new Promise((resolve, reject) => {
      calls.push({ id, answer: (found) => { resolve({ ...found, phoneNumber: null }); }, fail: reject });
    }),
    signedOut: () => { signedOut += 1; },
  });
  return { clock, calls, people, signedOut: () => signedOut };
}

test('each person is asked for once, four at a time', async () => {
  const { clock, calls, people } = directory();
  people.want([1, 2, 3, 4, 5, 6]);
  people.want([2, 6]);
  expect(calls.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  for (const { id, answer } of [...calls]) answer(person(id));
  await clock.advance(0);
  expect(calls.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5, 6]);
  expect([...people.known.get().keys()]).toEqual([1, 2, 3, 4]);
});

test('a person that is learnt from elsewhere is not asked for', () => {
  const { calls, people } = directory();
  people.learn([person(1)]);
  people.want([1]);
  expect(calls).toEqual([]);
  expect(people.known.get().get(1)?.fullName).toBe('Person 1');
});

test('who is known is asked for again when that is wanted, and shown as before until then', async () => {
  const { clock, calls, people } = directory();
  people.learn([person(1)]);
  people.renew([1, 2]);
  people.renew([1, 2]);
  expect(calls.map(({ id }) => id)).toEqual([1, 2]);
  expect(people.known.get().get(1)?.fullName).toBe('Person 1');
  calls[0]?.answer({ ...person(1), fullName: 'Renamed' });
  await clock.advance(0);
  expect(people.known.get().get(1)?.fullName).toBe('Renamed');
});

test('a call without an answer is made again later, and one about no account is not', async () => {
  const { clock, calls, people } = directory();
  people.want([1, 2]);
  calls[0]?.fail(new CallError(0, 'The server cannot be reached.'));
  calls[1]?.fail(new CallError(404, 'There is no such customer.'));
  await clock.advance(0);
  expect(calls.map(({ id }) => id)).toEqual([1, 2]);
  await clock.advance(1_000);
  expect(calls.map(({ id }) => id)).toEqual([1, 2, 1]);
});

test('a session that has ended is said, and after the end nothing is asked', async () => {
  const { clock, calls, people, signedOut } = directory();
  people.want([1]);
  calls[0]?.fail(new CallError(401, 'Please log in.'));
  await clock.advance(0);
  expect(signedOut()).toBe(1);
  people.close();
  people.want([2]);
  await clock.advance(100_000);
  expect(calls.map(({ id }) => id)).toEqual([1]);
});
