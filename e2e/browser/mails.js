// Where the system's mails arrive: in a Maildir that the environment names, or on a page of the system itself.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './person.js';

/** The code in the newest mail to the person's address, once it is there. @param {import('./person.js').Person} person */
export async function mailedCode(person) {
  const code = await until('a mail with a code', () => newestCode(person), (found) => found !== undefined);
  return /** @type {string} */ (code);
}

/** @param {import('./person.js').Person} person */
async function newestCode({ page, username }) {
  const folder = process.env['COLLOQUY_E2E_MAIL_DIR'];
  const mails = folder === undefined ? await shown(page) : await kept(join(folder, 'new'));
  const mine = mails.filter((mail) => mail.includes(`${username}@example.com`));
  // The address, which is the first line, may have six digits of its own.
  return mine.map((mail) => /(?<!\d)\d{6}(?!\d)/.exec(mail.slice(mail.indexOf('\n')))?.[0]).find((code) => code !== undefined);
}

/** Newest first, as the page has them. @param {import('playwright-core').Page} page @returns {Promise<string[]>} */
async function shown(page) {
  const answer = await page.context().request.get('/dev/mail/messages');
  const { data } = await answer.json();
  return data.map((/** @type {{ to: string, body: string }} */ { to, body }) => `${to}\n${body}`);
}

/** @param {string} folder */
async function kept(folder) {
  const names = await readdir(folder).catch(() => /** @type {string[]} */ ([]));
  const mails = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  // The headers have numbers of their own, the person's address among them.
  return mails.map((mail) => `${/^To: .*$/im.exec(mail)?.[0] ?? ''}\n${mail.slice(mail.search(/\r?\n\r?\n/))}`);
}
