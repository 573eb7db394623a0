import { describe, expect, it } from 'vitest';

import { demoUser, NO_FACTS, readPageFacts } from '../src/page-facts';

const answering = (body: string, status = 200) => readPageFacts(() => Promise.resolve(new Response(body, { status })));

describe('what the server says about itself', () => {
  it('is taken over', async () => {
    const facts = { demoUsers: ['user1 / 123', 'user2 / 1234'], mailAt: '/dev/mail', passwordMinLength: 12, flow: true };
    expect(await answering(JSON.stringify(facts))).toEqual(facts);
  });

  it('is nothing where it says nothing, or cannot be reached', async () => {
    expect(await answering('{"success":false}', 404)).toEqual(NO_FACTS);
    expect(await answering('<!doctype html>')).toEqual(NO_FACTS);
    expect(await answering('null')).toEqual(NO_FACTS);
    expect(await readPageFacts(() => Promise.reject(new TypeError('offline')))).toEqual(NO_FACTS);
  });

  it('asks for no password of a length that is none', async () => {
    for (const passwordMinLength of [0, -1, 7.5, '8', null]) {
      expect((await answering(JSON.stringify({ passwordMinLength }))).passwordMinLength, String(passwordMinLength)).toBeNull();
    }
  });

  it('leads to no other server', async () => {
    for (const mailAt of ['//elsewhere.example/', 'https://elsewhere.example/', 'javascript:alert(1)', 7]) {
      expect((await answering(JSON.stringify({ mailAt }))).mailAt, String(mailAt)).toBeNull();
    }
  });
});

describe('a demo account', () => {
  it('is a name and a password', () => {
    expect(demoUser('user1 / 123')).toEqual({ username: 'user1', password: '123' });
  });
});
