// Every screen of the page, one after the other, in a state that has something to show.

import { Network } from './network.js';
import { Person, unique } from './person.js';

/**
 * Goes through the eight screens and calls `look` at each, once it stands still.
 *
 * @param {import('./browser.js').Browser} browser
 * @param {import('playwright-core').BrowserContextOptions} options
 * @param {'en' | 'vi'} language
 * @param {(screen: string, page: import('playwright-core').Page) => Promise<void>} look
 */
export async function everyScreen(browser, options, language, look) {
  const network = await Network.start();
  const mai = await Person.enter(browser, unique('Trần Thị Mai'), options);
  const hai = await Person.enter(browser, unique('Nguyễn Văn Hải'), { ...options, locale: language, proxy: network.proxy });
  const stranger = await browser.page({ ...options, locale: language });
  await outside(stranger, look);
  await inside(hai, mai, look);
  network.cut();
  await offline(hai.page, look);
  await Promise.all([hai, mai].map(({ page }) => page.context().close()));
  await stranger.context().close();
}

/** @param {import('playwright-core').Page} page @param {(screen: string, page: import('playwright-core').Page) => Promise<void>} look */
async function outside(page, look) {
  for (const screen of ['sign-in', 'sign-up', 'reset']) {
    await page.goto(`/${screen}`);
    await page.getByRole('main').getByRole('textbox').first().waitFor();
    await look(screen, page);
  }
}

/** @param {Person} hai @param {Person} mai @param {(screen: string, page: import('playwright-core').Page) => Promise<void>} look */
async function inside(hai, mai, look) {
  const { page } = hai;
  const quiet = await hai.makeRoom('Đi Đà Lạt', mai);
  await mai.call('POST', '/command/message', { roomId: quiet, content: 'Vé đã đặt rồi nhé' });
  const roomId = await mai.makeRoom('Bữa trưa', hai);
  for (const [person, content] of /** @type {[Person, string][]} */ ([
    [mai, 'Trưa nay ăn bún chả không?'],
    [hai, 'Có chứ! Mấy giờ?'],
    [mai, '12 giờ, thực đơn ở https://example.com/menu'],
    [hai, 'Hẹn gặp ở cổng nhé'],
  ])) await person.call('POST', '/command/message', { roomId, content });

  await page.goto('/');
  await page.getByRole('link', { name: 'Bữa trưa' }).waitFor();
  await look('rooms', page);
  // The button is the first of the landmark, whatever its language.
  await page.getByRole('navigation').getByRole('button').first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').first().fill(mai.fullName);
  await dialog.getByRole('list').getByRole('button').first().waitFor();
  await look('new-room', page);
  await page.keyboard.press('Escape');
  await page.goto('/profile');
  await page.getByRole('main').getByRole('textbox').first().waitFor();
  await look('profile', page);

  await page.goto(`/room/${roomId}`);
  await page.getByText('Hẹn gặp ở cổng nhé').first().waitFor();
  await look('conversation', page);
}

/** @param {import('playwright-core').Page} page @param {(screen: string, page: import('playwright-core').Page) => Promise<void>} look */
async function offline(page, look) {
  const field = page.getByRole('main').getByRole('textbox').last();
  await field.fill('Mình đến muộn một chút');
  await field.press('Enter');
  await page.getByRole('status').filter({ hasText: /No connection|kết nối/ }).waitFor();
  await look('offline', page);
}
