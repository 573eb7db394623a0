/** What the server certainly refuses in a new account, so that all fields at fault are named at once; the server decides. */
import type { Problem } from '../../errors';
import { plainNumber, required } from './form.svelte';

/** Characters as the server counts them. */
function count(text: string): number {
  return Array.from(text).length;
}

export function username(value: string): Problem['key'] | undefined {
  const length = count(value.trim());
  return length >= 3 && length <= 64 ? undefined : (required('error.required.username')(value) ?? 'error.username.length');
}

export function fullName(value: string): Problem['key'] | undefined {
  return count(value.trim()) <= 100 ? required('error.required.fullName')(value) : 'error.fullName';
}

export function email(value: string): Problem['key'] | undefined {
  return /^[^\s@]+@[^\s@]+$/.test(value.trim()) ? undefined : (required('error.required.email')(value) ?? 'error.email.form');
}

export function phoneNumber(value: string): Problem['key'] | undefined {
  const number = plainNumber(value);
  return number === '' || /^\+?\d{4,20}$/.test(number) ? undefined : 'error.phone.form';
}

/** `least` is what the server says of itself; `null` if it says nothing. */
export function newPassword(value: string, least: number | null): Problem | undefined {
  if (value.trim() === '') return { key: 'error.required.password' };
  return least !== null && count(value) < least ? { key: 'error.password.short', values: { count: least } } : undefined;
}
