import { CallError } from '@colloquy/client';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';

import { Countdown } from '../src/screens/account/countdown.svelte';

type Forms = typeof import('../src/screens/account/form.svelte');

let forms: Forms;

// Sentences are in the language that the browser keeps, of which they need no more than this.
beforeAll(async () => {
  vi.stubGlobal('document', { documentElement: { lang: '', dataset: {} } });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('navigator', { languages: ['en'] });
  vi.stubGlobal('Element', EventTarget);
  forms = await import('../src/screens/account/form.svelte');
});

const press = () => ({ preventDefault: () => undefined, target: null }) as unknown as SubmitEvent;

describe('a form', () => {
  const signUp = () =>
    new forms.Form({ username: '', password: '' }, { username: forms.required('error.required.username'), password: forms.required('error.required.password') });

  it('says what is missing at each field, and asks the server nothing', async () => {
    const form = signUp();
    const call = vi.fn(() => Promise.resolve());
    form.values.username = '   ';
    await form.submit(press(), call);
    expect(call).not.toHaveBeenCalled();
    expect(form.at('username')).toBe('Enter a username.');
    expect(form.at('password')).toBe('Enter a password.');
    form.mending('username');
    expect(form.at('username')).toBeUndefined();
    expect(form.at('password')).toBe('Enter a password.');
  });

  it('shows a refusal at its field: the rules of a new password are those of the first one', async () => {
    const form = signUp();
    Object.assign(form.values, { username: 'an', password: '12345678' });
    await form.submit(press(), () => Promise.reject(new CallError(400, 'This password is too common.')));
    expect(form.at('password')).toBe('Too many people use this password. Choose another one.');
    expect(form.general).toBeUndefined();
    expect(form.isBusy).toBe(false);
  });

  it('shows what is at no field of its own below them, until the next try', async () => {
    const form = signUp();
    Object.assign(form.values, { username: 'an', password: '12345678' });
    await form.submit(press(), () => Promise.reject(new CallError(400, 'This mail address is taken.')));
    expect(form.general).toBe('An account with this mail address exists already.');
    await form.submit(press(), () => Promise.resolve());
    expect(form.general).toBeUndefined();
  });

  it('is sent once, however often the button is pressed meanwhile', async () => {
    const form = signUp();
    Object.assign(form.values, { username: 'an', password: '12345678' });
    let answer: () => void = () => undefined;
    const call = vi.fn(() => new Promise<void>((resolve) => { answer = resolve; }));
    const first = form.submit(press(), call);
    expect(form.isBusy).toBe(true);
    await form.submit(press(), call);
    expect(call).toHaveBeenCalledTimes(1);
    answer();
    await first;
    expect(form.isBusy).toBe(false);
  });
});

describe('what a new account needs', () => {
  it('is said at all fields at once', async () => {
    const { newPassword, ...rules } = await import('../src/screens/account/rules');
    const form = new forms.Form({ fullName: 'Lan', username: 'an', password: 'short', email: 'lan at example.com', phoneNumber: '12' }, {
      ...rules, password: (value) => newPassword(value, 8),
    });
    const call = vi.fn(() => Promise.resolve());
    await form.submit(press(), call);
    expect(call).not.toHaveBeenCalled();
    expect(form.at('fullName')).toBeUndefined();
    expect(form.at('username')).toContain('3 to 64');
    expect(form.at('password')).toBe('A password has at least 8 characters.');
    expect(form.at('email')).toContain('name@example.com');
    expect(form.at('phoneNumber')).toContain('4 to 20 digits');
  });

  it('is not more than the server asks for', async () => {
    const { email, fullName, newPassword, phoneNumber, username } = await import('../src/screens/account/rules');
    expect(email(' lan@localhost ')).toBeUndefined();
    expect(fullName('Ả'.repeat(100))).toBeUndefined();
    expect(fullName('Ả'.repeat(101))).toBe('error.fullName');
    expect(username(' lan ')).toBeUndefined();
    expect(username('😀'.repeat(64))).toBeUndefined();
    expect(phoneNumber('')).toBeUndefined();
    expect(phoneNumber('+84 90 123')).toBeUndefined();
    expect(newPassword('x', null)).toBeUndefined();
    expect(newPassword('😀'.repeat(8), 8)).toBeUndefined();
  });
});

describe('a phone number', () => {
  it('is sent without what groups its digits, and otherwise as typed', () => {
    expect(forms.plainNumber(' +84 (90) 123-45.67 ')).toBe('+84901234567');
    expect(forms.plainNumber('090\u00a0123\u20114567')).toBe('0901234567');
    expect(forms.plainNumber('09o1')).toBe('09o1');
    expect(forms.plainNumber('  ')).toBe('');
  });
});

describe('a countdown', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it('counts whole seconds down to none, and then rests', () => {
    const countdown = new Countdown();
    countdown.start(60);
    expect(countdown.left).toBe(60);
    vi.advanceTimersByTime(1_000);
    expect(countdown.left).toBe(59);
    vi.advanceTimersByTime(59_000);
    expect(countdown.left).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is right after a sleep of the device, and begins anew when it is started again', () => {
    const countdown = new Countdown();
    countdown.start(60);
    vi.setSystemTime(Date.now() + 50_000);
    vi.advanceTimersByTime(250);
    expect(countdown.left).toBe(10);
    countdown.start(60);
    expect(countdown.left).toBe(60);
    expect(vi.getTimerCount()).toBe(1);
    countdown.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
