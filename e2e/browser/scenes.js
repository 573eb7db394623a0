// Every screen of the page, one after the other, in a state that has something to show.

import { mailedCode } from './mails.js';
import { Network } from './network.js';
import { Person, unique } from './person.js';

/** @typedef {'mai' | 'hai' | 'lan'} Name */
/** @typedef {(screen: string, page: import('playwright-core').Page) => Promise<void>} Look */

/**
 * What is said in each room, oldest first; the last room is the one that is opened.
 *
 * @type {Record<'en' | 'vi', { rooms: { name: string, says: [Name, string][] }[], unsent: string[] }>}
 */
const SAID = {
  en: {
    rooms: [
      { name: 'Release 2', says: [['hai', 'All tests are green on my side.'], ['lan', 'Then let us tag it this evening.']] },
      { name: 'Book club', says: [['lan', 'Who has the second volume?'], ['hai', 'I do, you get it on Monday.']] },
      { name: 'Trip to Đà Lạt', says: [['mai', 'Tickets are booked, we leave on Friday at 7.']] },
      {
        name: 'Lunch',
        says: [
          ['mai', 'Bún chả today? The place by the gate has a new menu: https://example.com/menu'],
          ['mai', 'They have a table for five.'],
          ['hai', 'Yes! What time?'],
          ['lan', 'I am free from 11:30 and would rather not queue, so the earlier the better for me.'],
          ['mai', 'Noon it is.'],
          ['hai', 'See you at the gate.'],
        ],
      },
    ],
    unsent: ['The bus is late again.', 'Order for me, please: the big one.'],
  },
  vi: {
    rooms: [
      { name: 'Bản phát hành 2', says: [['hai', 'Bên mình mọi kiểm thử đều đạt.'], ['lan', 'Vậy tối nay gắn thẻ nhé.']] },
      { name: 'Câu lạc bộ sách', says: [['lan', 'Ai đang giữ tập hai vậy?'], ['hai', 'Mình giữ, thứ Hai đưa bạn nhé.']] },
      { name: 'Đi Đà Lạt', says: [['mai', 'Vé đã đặt rồi, thứ Sáu 7 giờ mình đi.']] },
      {
        name: 'Bữa trưa',
        says: [
          ['mai', 'Trưa nay ăn bún chả không? Quán gần cổng có thực đơn mới: https://example.com/menu'],
          ['mai', 'Còn bàn cho năm người.'],
          ['hai', 'Có chứ! Mấy giờ?'],
          ['lan', 'Mình rảnh từ 11 giờ 30 và không thích xếp hàng, nên càng sớm càng tốt.'],
          ['mai', 'Vậy 12 giờ nhé.'],
          ['hai', 'Hẹn gặp ở cổng.'],
        ],
      },
    ],
    unsent: ['Xe buýt lại trễ rồi.', 'Gọi giúp mình một suất lớn nhé.'],
  },
};

/** @type {Record<Name, { fullName: string, avatarColor: string }>} */
const CAST = {
  mai: { fullName: 'Trần Thị Mai', avatarColor: '#D81B60' },
  hai: { fullName: 'Nguyễn Văn Hải', avatarColor: '#3F51B5' },
  lan: { fullName: 'Lê Ngọc Lan', avatarColor: '#FF9800' },
};

/**
 * Goes through the eight screens, and each step of the one that has steps, and calls `look` at each, once it stands still.
 *
 * @param {import('./browser.js').Browser} browser
 * @param {'en' | 'vi'} language
 * @param {boolean} isPortrait Whether people have names for a picture; a system that many tests share cannot find them by those
 * @param {Look} look
 */
export async function everyScreen(browser, language, isPortrait, look) {
  const network = await Network.start();
  const enter = (/** @type {Name} */ name, /** @type {import('playwright-core').BrowserContextOptions} */ options = {}) => {
    const { fullName, avatarColor } = CAST[name];
    const account = isPortrait ? { avatarColor, username: language === 'en' ? name : `${name}.${language}` } : { avatarColor };
    return Person.enter(browser, isPortrait ? fullName : unique(fullName), { reducedMotion: 'reduce', ...options }, account);
  };
  const [mai, hai, lan] = await Promise.all([
    enter('mai'), enter('hai', { locale: language, proxy: network.proxy }), enter('lan'),
  ]);
  const stranger = await browser.page({ reducedMotion: 'reduce', locale: language });
  await outside(stranger, hai, look);
  await inside({ mai, hai, lan }, language, look);
  network.cut();
  await offline(hai.page, language, look);
  await Promise.all([stranger, mai.page, hai.page, lan.page].map((page) => page.context().close()));
}

/** @param {import('playwright-core').Page} page @param {Person} forgetful Whose password is reset, but for the last press. @param {Look} look */
async function outside(page, forgetful, look) {
  const field = page.getByRole('main').getByRole('textbox').first();
  for (const screen of ['sign-in', 'sign-up', 'reset']) {
    await page.goto(`/${screen}`);
    await field.waitFor();
    await look(screen, page);
  }
  await field.fill(`${forgetful.username}@example.com`);
  await field.press('Enter');
  await page.getByRole('timer').waitFor();
  await look('reset-code', page);
  await field.fill(await mailedCode(forgetful));
  await field.press('Enter');
  // A password field has no role.
  await page.locator('input[type=password]').waitFor();
  await look('reset-password', page);
}

/** @param {Record<Name, Person>} people @param {'en' | 'vi'} language @param {Look} look */
async function inside(people, language, look) {
  const { mai, hai, lan } = people;
  const { page } = hai;
  let roomId = 0;
  for (const { name, says } of SAID[language].rooms) {
    const [first = mai, ...others] = new Set([...says.map(([who]) => people[who]), mai, hai, lan]);
    roomId = await first.makeRoom(name, ...others);
    for (const [who, content] of says) await people[who].call('POST', '/command/message', { roomId, content });
  }
  const [name, last] = [SAID[language].rooms.at(-1)?.name, SAID[language].rooms.at(-1)?.says.at(-1)?.[1]];

  await page.goto('/');
  await page.getByRole('link', { name }).filter({ hasText: last }).waitFor();
  await look('rooms', page);

  // The button is the first of the landmark, whatever its language.
  await page.getByRole('navigation').getByRole('button').first().click();
  const dialog = page.getByRole('dialog');
  const find = dialog.getByRole('textbox').first();
  for (const other of [lan, mai]) {
    await find.fill(other.fullName);
    const found = dialog.getByRole('list').getByRole('button').filter({ hasText: other.fullName }).first();
    await found.waitFor();
    // The second one is looked at while the list of who was found is open.
    if (other === lan) await found.click();
  }
  await look('new-room', page);

  await page.goto('/profile');
  await page.getByRole('main').getByRole('textbox').first().waitFor();
  await look('profile', page);

  await mai.openRoom(roomId);
  await page.goto(`/room/${roomId}`);
  const log = page.getByRole('log');
  await log.getByText(last ?? '').first().waitFor();
  // Mai has read it all.
  await log.getByRole('img', { name: mai.fullName }).last().waitFor();
  await look('conversation', page);
}

/** @param {import('playwright-core').Page} page @param {'en' | 'vi'} language @param {Look} look */
async function offline(page, language, look) {
  const field = page.getByRole('main').getByRole('textbox').last();
  for (const text of SAID[language].unsent) {
    await field.fill(text);
    await field.press('Enter');
  }
  await page.getByRole('status').filter({ hasText: /No connection|kết nối/ }).waitFor();
  await look('offline', page);
}
