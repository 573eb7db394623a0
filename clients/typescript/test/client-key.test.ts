import { createHash, randomBytes } from 'node:crypto';

import { expect, test } from 'vitest';

import { clientKey, newKey } from '../src/client-key.js';
import { sha256 } from '../src/sha256.js';

test('SHA-256 is the one of every library, whatever the length', () => {
  for (let length = 0; length < 300; length += 1) {
    const text = randomBytes(length);
    expect(Buffer.from(sha256(text)).equals(createHash('sha256').update(text).digest())).toBe(true);
  }
});

test('a message is known by half a digest of its sender and key', () => {
  const digest = createHash('sha256').update('42:abc').digest();
  expect(clientKey(42, 'abc')).toBe(digest.subarray(0, 16).toString('base64url'));
});

test('each message has a key of its own', () => {
  expect(new Set(Array.from({ length: 1000 }, newKey)).size).toBe(1000);
});
