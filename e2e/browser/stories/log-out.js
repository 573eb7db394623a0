// A person logs out without a network: the account stays closed in every window, and is closed at the server as soon as the
// network is back. What waits to be sent is asked about first. All windows of a browser are of one person, and what one person has
// not sent is never sent by another.

import assert from 'node:assert/strict';
import { story } from '../browser.js';
import { Network } from '../network.js';
import { Person, PASSWORD, unique, until } from '../person.js';

await story(async (browser) => {
  const network = await Network.start();
  const lan = await Person.enter(browser, unique('Lan'), { proxy: network.proxy });
  const { page } = lan;
  const minh = await Person.enter(browser, unique('Minh'));
  const roomId = await lan.makeRoom('Notes', minh);
  await lan.openRoom(roomId);
  const other = await page.context().newPage();
  await other.goto('/');
  await other.getByRole('navigation', { name: 'Rooms' }).waitFor();
  const token = (await page.context().cookies()).find(({ name }) => name === 'jwt_token')?.value ?? '';
  assert.notEqual(token, '');

  network.cut();
  await lan.connection.filter({ hasText: 'No connection' }).waitFor();
  await lan.write('This waits.');
  await lan.message('This waits.').waitFor();
  await page.getByRole('link', { name: 'Profile' }).click();
  await lan.connection.filter({ hasText: 'No connection' }).waitFor();
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await page.getByText('1 message is not sent yet.', { exact: false }).waitFor();
  await page.getByRole('button', { name: 'Stay logged in' }).click();
  await page.getByRole('heading', { name: 'Profile' }).waitFor();
  await page.getByRole('button', { name: 'Log out', exact: true }).click();
  await page.getByRole('button', { name: 'Log out anyway' }).click();
  await page.getByText('You are logged out in this browser.', { exact: false }).waitFor();
  await other.getByRole('button', { name: 'Log in' }).waitFor();
  assert.equal(await answered(), 200, 'the server does not know yet');

  network.mend();
  await page.reload();
  await page.getByRole('button', { name: 'Log in' }).waitFor();
  await page.getByText('You are logged out in this browser.', { exact: false }).waitFor({ state: 'detached' });
  assert.equal(await answered(), 401, 'the server has ended the session');
  await other.reload();
  await other.getByRole('button', { name: 'Log in' }).waitFor();

  // A log-in is that of all windows, and what waited goes out.
  await page.getByRole('textbox', { name: 'Username' }).fill(lan.username);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await other.getByRole('navigation', { name: 'Rooms' }).waitFor();
  await until('what waited is sent', () => lan.history(roomId), (texts) => texts.join() === 'This waits.');

  // The browser becomes another person's while the network is away.
  await lan.openRoom(roomId);
  network.cut();
  await lan.connection.filter({ hasText: 'No connection' }).waitFor();
  await lan.write('This waits too.');
  await lan.message('This waits too.').waitFor();
  await page.context().addCookies((await minh.page.context().cookies()).filter(({ name }) => name === 'jwt_token'));
  network.mend();
  for (const window of [page, other]) await window.getByRole('alert').filter({ hasText: `${minh.fullName} has logged in` }).waitFor();
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('alert').waitFor({ state: 'detached' });
  await minh.openRoom(roomId);
  await minh.write('This is mine.');
  await until('Minh has written', () => minh.history(roomId), (texts) => texts.length === 2);
  assert.deepEqual(await minh.history(roomId), ['This waits.', 'This is mine.']);

  /** What the server answers to the session that was ended. */
  async function answered() {
    const answer = await fetch(new URL('/customer/info', process.env['COLLOQUY_E2E_URL']), { headers: { cookie: `jwt_token=${token}` } });
    return answer.status;
  }
});
