/** What went wrong, as a sentence for a person, at the field that it belongs to. */
import { CallError } from '@colloquy/client';

import { fill, type Key } from './i18n';
import { preferences } from './preferences.svelte';

/** The fields of all forms. */
export type FieldName = 'username' | 'password' | 'fullName' | 'email' | 'phoneNumber' | 'code' | 'currentPassword' | 'newPassword';

/** Kept as a key, so that it changes with the language. */
export interface Problem {
  readonly key: Key;
  readonly values?: Readonly<Record<string, string | number>>;
  /** The field at fault, if it is one. */
  readonly field?: FieldName;
}

interface Rule {
  /** What the server says; what is in braces differs. */
  readonly says: string;
  readonly key: Key;
  readonly field?: FieldName;
}

/** The server's refusals that a person can do something about. A test compares them with the server's source. */
export const RULES: readonly Rule[] = [
  { says: 'The username or the password is wrong.', key: 'error.credentials', field: 'password' },
  { says: 'A username has 3 to 64 visible characters.', key: 'error.username.length', field: 'username' },
  { says: 'A username is written in one script.', key: 'error.username.script', field: 'username' },
  { says: 'This username is taken.', key: 'error.username.taken', field: 'username' },
  { says: 'This username looks like one that is taken.', key: 'error.username.similar', field: 'username' },
  { says: 'A full name has 1 to 100 characters, on one line.', key: 'error.fullName', field: 'fullName' },
  { says: 'A mail address looks like name@example.com and has at most 254 characters.', key: 'error.email.form', field: 'email' },
  { says: 'This mail address is taken.', key: 'error.email.taken', field: 'email' },
  { says: 'A phone number has 4 to 20 digits and may start with a +.', key: 'error.phone.form', field: 'phoneNumber' },
  { says: 'This phone number is taken.', key: 'error.phone.taken', field: 'phoneNumber' },
  { says: 'A password has {min} to {max} characters.', key: 'error.password.length', field: 'newPassword' },
  { says: 'This password is too common.', key: 'error.password.common', field: 'newPassword' },
  { says: 'A password must not be made of your username, name or mail address.', key: 'error.password.personal', field: 'newPassword' },
  { says: 'The new password is the same as the current one.', key: 'error.password.same', field: 'newPassword' },
  { says: 'The current password is missing.', key: 'error.currentPassword.missing', field: 'currentPassword' },
  { says: 'The current password is wrong.', key: 'error.currentPassword.wrong', field: 'currentPassword' },
  { says: 'This code is wrong or has expired.', key: 'error.code', field: 'code' },
  { says: 'Please confirm a code first; a confirmation can be used once, within ten minutes.', key: 'error.ticket' },
];

/** A failed call as a problem. What is not the server's answer is a mistake of ours, and is thrown on. */
export function problem(error: unknown): Problem {
  if (!(error instanceof CallError)) throw error;
  for (const { says, key, field } of RULES) {
    const values = match(says, error.message);
    if (values) return { key, values, ...(field && { field }) };
  }
  if (error.isSignedOut) return { key: 'signIn.ended' };
  if (error.status === 0) return { key: 'error.unreachable' };
  if (error.status === 429) {
    return error.retryAfter === undefined
      ? { key: 'error.tooMany' }
      : { key: 'error.tooManyUntil', values: { count: Math.max(1, Math.ceil(error.retryAfter / 60_000)) } };
  }
  if (error.status >= 502) return { key: 'error.unavailable' };
  if (error.status >= 500) return { key: 'error.ours' };
  return { key: 'error.other', values: { message: error.message } };
}

/** The sentence, in the person's language. */
export function sentence({ key, values = {} }: Problem): string {
  return fill(preferences.language, key, values);
}

/** The values of the braces, if the message is this rule's. */
function match(says: string, message: string): Record<string, number> | undefined {
  const names = [...says.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const pattern = says.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '(\\d+)');
  const found = new RegExp(`^${pattern}$`).exec(message);
  if (!found) return undefined;
  return Object.fromEntries(names.map((name, index) => [name, Number(found[index + 1])]));
}
