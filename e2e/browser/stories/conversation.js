// Two people find each other and talk: a room is made, unread messages are marked, typing and reading are shown, each sees what
// the other writes, as it was written.

import assert from 'node:assert/strict';
import { story } from '../browser.js';
import { Person, unique, until } from '../person.js';

await story(async (browser) => {
  const lan = await Person.enter(browser, unique('Lan'));
  const hai = await Person.enter(browser, unique('Hải'));
  const mai = await Person.enter(browser, unique('Mai'));
  const rooms = { hai: hai.page.getByRole('navigation', { name: 'Rooms' }), mai: mai.page.getByRole('navigation', { name: 'Rooms' }) };
  await mai.page.goto('/');
  await rooms.mai.waitFor();

  // The room.
  await hai.page.goto('/');
  await hai.page.getByRole('button', { name: 'New room' }).click();
  const dialog = hai.page.getByRole('dialog', { name: 'New room' });
  await dialog.getByRole('textbox', { name: 'Find people' }).fill(mai.username);
  const height = (await dialog.boundingBox())?.height;
  await dialog.getByRole('button', { name: mai.fullName }).click();
  await dialog.getByRole('button', { name: `Remove ${mai.fullName}` }).waitFor();
  assert.equal((await dialog.boundingBox())?.height, height, 'nothing moves when a member is picked');
  const name = unique('Lunch');
  await dialog.getByRole('textbox', { name: 'Room name' }).fill(name);
  await dialog.getByRole('button', { name: 'Create room' }).click();
  await hai.page.waitForURL(/\/room\/\d+$/);

  // The first message is unread in Mai's list and in the title of her tab.
  await hai.messageField.waitFor();
  await hai.write('Noodles at noon?');
  await hai.message('Noodles at noon?').getByRole('img', { name: 'Sent' }).waitFor();
  const room = rooms.mai.getByRole('link', { name });
  await room.filter({ hasText: 'Noodles at noon?' }).filter({ hasText: 'Unread' }).waitFor();
  await mai.page.waitForFunction(() => document.title.startsWith('(1)'));

  // Read, typed, answered.
  await room.click();
  await mai.message('Noodles at noon?').waitFor();
  await hai.message('Noodles at noon?').getByRole('img', { name: `Read by ${mai.fullName}` }).waitFor();
  await mai.page.waitForFunction(() => !document.title.startsWith('('));
  await mai.messageField.pressSequentially('Yes, and');
  await hai.page.getByText(`${mai.fullName} is typing…`).waitFor();
  await mai.messageField.press('Shift+Enter');
  await mai.messageField.pressSequentially('bún chả: https://example.com/menu');
  await mai.messageField.press('Enter');
  const answer = 'Yes, and\nbún chả: https://example.com/menu';
  await until('the answer', () => hai.texts(), (texts) => texts.at(-1) === answer);
  const link = hai.message('bún chả').getByRole('link');
  assert.equal(await link.getAttribute('href'), 'https://example.com/menu');
  assert.match((await link.getAttribute('rel')) ?? '', /noopener/);
  assert.equal(await mai.messageField.inputValue(), '');

  // A draft waits in its room; the filter finds rooms by name.
  await mai.messageField.fill('I am late');
  await mai.page.goto('/profile');
  await mai.page.goBack();
  await until('the draft', () => mai.messageField.inputValue(), (text) => text === 'I am late');
  await rooms.mai.getByRole('textbox', { name: 'Filter rooms' }).fill('nothing like it');
  await room.waitFor({ state: 'hidden' });
  await rooms.mai.getByRole('textbox', { name: 'Filter rooms' }).fill(name.toUpperCase());
  await room.waitFor();
  assert.deepEqual(await mai.texts(), ['Noodles at noon?', answer]);
  assert.deepEqual(await hai.texts(), ['Noodles at noon?', answer]);

  // The faces in a heading stay where they are when one of the people goes.
  const trio = await hai.makeRoom(unique('Three'), lan, mai);
  await Promise.all([hai.openRoom(trio), mai.openRoom(trio)]);
  const faces = () => hai.page.locator('header .faces > [title]').evaluateAll((all) => all.map((face) => face.getAttribute('title')));
  await hai.page.getByText('3 members · 2 online').waitFor();
  assert.deepEqual(await faces(), [lan.fullName, mai.fullName]);
  await mai.page.goto('about:blank');
  await hai.page.getByText('3 members · 1 online').waitFor();
  assert.deepEqual(await faces(), [lan.fullName, mai.fullName]);
});
