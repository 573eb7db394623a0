// A person signs up, edits the profile, changes the password, logs out and in, and resets a forgotten password by a mailed code.

import { randomUUID } from 'node:crypto';
import { story } from '../browser.js';
import { mailedCode } from '../mails.js';
import { Person, PASSWORD, unique } from '../person.js';

await story(async (browser) => {
  const page = await browser.page();
  const lan = new Person(page, unique('Lan'), `w-${randomUUID().slice(0, 13)}`);
  const field = (/** @type {string} */ name) => page.getByRole('textbox', { name, exact: true });
  // A password field has no role.
  const secret = (/** @type {string} */ name) => page.getByLabel(name, { exact: true });
  const press = (/** @type {string} */ name) => page.getByRole('button', { name, exact: true }).click();

  await page.goto('/');
  await page.getByRole('link', { name: 'Create an account' }).click();
  // Rules that are broken are said at the field, and what was typed stays.
  await field('Full name').fill(lan.fullName);
  await field('Username').fill(lan.username);
  await secret('Password').fill('short');
  await field('Email').fill('lan at example.com');
  await press('Sign up');
  await page.getByText('A password has at least 8 characters.').waitFor();
  await page.getByText('A mail address looks like').waitFor();
  await field('Email').fill(`${lan.username}@example.com`);
  await secret('Password').fill(PASSWORD);
  await press('Sign up');
  const rooms = page.getByRole('navigation', { name: 'Rooms' });
  await rooms.waitFor();

  // The profile.
  await rooms.getByRole('link', { name: 'Profile' }).click();
  const renamed = unique('Lan Anh');
  await field('Full name').fill(renamed);
  await field('Phone number (optional)').fill(`09${String(Math.random()).slice(2, 10)}`);
  await page.getByRole('radio', { name: 'Teal' }).check();
  await press('Save');
  await page.getByText('Saved.').waitFor();
  const second = 'a second horse battery';
  await secret('Current password').fill(PASSWORD);
  await secret('New password').fill(second);
  await press('Set password');
  await page.getByText('The new password is set.').waitFor();
  await page.reload();
  await page.getByRole('radio', { name: 'Teal', checked: true }).waitFor();
  await press('Log out');

  // A wrong password, then the right one.
  await logIn(PASSWORD);
  await page.getByText('The username or the password is wrong.').waitFor();
  await logIn(second);
  await page.getByRole('link', { name: 'Profile' }).or(page.getByRole('heading', { name: 'Profile' })).first().waitFor();
  await page.goto('/profile');
  await press('Log out');

  // The password is forgotten.
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  await field('Email').fill(`${lan.username}@example.com`);
  await press('Send code');
  await page.getByText('Another code can be sent in').waitFor();
  await field('Code').fill(await mailedCode(lan));
  await press('Next');
  const third = 'a third horse battery';
  await secret('New password').fill(third);
  await press('Set password');
  await page.getByText('The new password is set. Log in with it and your username').waitFor();
  await logIn(third);
  await rooms.getByText(renamed).waitFor();

  /** @param {string} password */
  async function logIn(password) {
    await field('Username').fill(lan.username);
    await secret('Password').fill(password);
    await press('Log in');
  }
});
