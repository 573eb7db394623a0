import { sha256 } from './sha256.js';

/**
 * What the server calls a message by, of which this client knows the Idempotency-Key: the first 16 octets of the SHA-256
 * of `<senderId>:<key>`, in base64url (contract §3).
 */
export function clientKey(senderId: number, key: string): string {
  const digest = sha256(new TextEncoder().encode(`${senderId}:${key}`)).subarray(0, 16);
  const base64 = btoa(String.fromCharCode(...digest));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** A key that no other message has: 128 random bits. */
export function newKey(): string {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');
}
