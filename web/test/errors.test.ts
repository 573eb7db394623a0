import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { CallError } from '@colloquy/client';
import { beforeAll, describe, expect, it, vi } from 'vitest';

type Errors = typeof import('../src/errors');
type Preferences = typeof import('../src/preferences.svelte').preferences;

let errors: Errors;
let preferences: Preferences;

// The language is kept by the browser, of which the texts need no more than this.
beforeAll(async () => {
  vi.stubGlobal('document', { documentElement: { lang: '', dataset: {} } });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('navigator', { languages: ['en'] });
  errors = await import('../src/errors');
  ({ preferences } = await import('../src/preferences.svelte'));
});

const services = join(import.meta.dirname, '../../services');

/** The product's own source of these services, with a text that is broken over lines in one piece. */
function source(...names: string[]): string {
  return names
    .flatMap((name) => readdirSync(join(services, name, 'src'), { recursive: true, encoding: 'utf8' }).map((file) => join(services, name, 'src', file)))
    .filter((file) => file.endsWith('.rs') && !/tests?\.rs$/.test(file))
    .map((file) => readFileSync(file, 'utf8').replace(/\\\n\s*/g, ''))
    .join('\n');
}

describe('refusals of the server', () => {
  it('are those that its source has, word for word', () => {
    const texts = source('auth', 'customer');
    for (const { says } of errors.RULES) expect(texts, says).toContain(`"${says}"`);
  });

  it('stand at their field, in the language of the person', () => {
    const taken = errors.problem(new CallError(400, 'This username is taken.'));
    expect(taken).toMatchObject({ key: 'error.username.taken', field: 'username' });
    preferences.language = 'en';
    expect(errors.sentence(taken)).toBe('This username is taken. Choose another one.');
    preferences.language = 'vi';
    expect(errors.sentence(taken)).toBe('Tên đăng nhập này đã có người dùng. Hãy chọn tên khác.');
  });

  it('keep the numbers that the server says', () => {
    const short = errors.problem(new CallError(400, 'A password has 12 to 64 characters.'));
    expect(short).toMatchObject({ key: 'error.password.length', values: { min: 12, max: 64 }, field: 'newPassword' });
    preferences.language = 'en';
    expect(errors.sentence(short)).toBe('A password has 12 to 64 characters.');
  });

  it('that are not known are shown as they are, and only whole sentences are known', () => {
    const other = 'This username is taken. Or is it?';
    expect(errors.problem(new CallError(400, other))).toEqual({ key: 'error.other', values: { message: other } });
  });
});

describe('failures that are not refusals', () => {
  it('say that the session has ended, which a wrong password is not', () => {
    expect(errors.problem(new CallError(401, 'Please log in.'))).toEqual({ key: 'signIn.ended' });
    expect(errors.problem(new CallError(401, 'The current password is wrong.')).key).toBe('error.currentPassword.wrong');
    expect(errors.problem(new CallError(401, 'The username or the password is wrong.')).key).toBe('error.credentials');
  });

  it('say what to do, by their status', () => {
    const key = (status: number) => errors.problem(new CallError(status, 'x')).key;
    expect([0, 429, 500, 502, 503, 504].map(key)).toEqual([
      'error.unreachable', 'error.tooMany', 'error.ours', 'error.unavailable', 'error.unavailable', 'error.unavailable',
    ]);
  });

  it('say how many minutes to wait, never none', () => {
    const wait = (milliseconds: number) => errors.problem(new CallError(429, 'x', milliseconds));
    expect(wait(500).values).toEqual({ count: 1 });
    expect(wait(61_000).values).toEqual({ count: 2 });
    preferences.language = 'en';
    expect(errors.sentence(wait(61_000))).toBe('Too many tries. Try again in 2 minutes.');
    expect(errors.sentence(wait(500))).toBe('Too many tries. Try again in a minute.');
  });

  it('that are mistakes of the page are not hidden', () => {
    const mistake = new TypeError('undefined is not a function');
    expect(() => errors.problem(mistake)).toThrow(mistake);
  });
});
