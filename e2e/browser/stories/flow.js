// A student opens the path of events from the profile, and watches a message of another person go through every stage; its text
// is nowhere on the screen.

import assert from 'node:assert/strict';
import { faults } from '../axe.js';
import { story } from '../browser.js';
import { Person, unique } from '../person.js';

await story(async (browser) => {
  const [mai, hai] = await Promise.all(['Mai', 'Hải'].map((name) => Person.enter(browser, unique(name))));
  assert.ok(mai && hai);
  const { page } = hai;
  const name = unique('Flow');
  const roomId = await mai.makeRoom(name, hai);

  await page.goto('/profile');
  await page.getByRole('link', { name: 'Open the path of events' }).press('Enter');
  const heading = page.getByRole('heading', { name: 'The path of events', level: 1 });
  await heading.waitFor();
  assert.ok(await heading.evaluate((element) => element === document.activeElement), 'a screen reader begins at the top');
  const stages = page.getByRole('list', { name: 'Stages' }).getByRole('listitem');
  await stages.filter({ hasText: 'Projection' }).waitFor();
  assert.equal(await stages.count(), 5);

  // Sent once the page listens, which the first message shows by its push.
  const text = unique('no text is shown');
  await until(async (number) => {
    await mai.call('POST', '/command/message', { roomId, content: `${text} ${number}` });
    const row = page.getByRole('listitem').filter({ hasText: `#${number} in ${name}` });
    const whole = row.getByText(/^Reached: recorded, in the log, in the views,? and pushed here$/);
    return whole.waitFor({ timeout: 5_000 }).then(() => true, () => false);
  });
  await stages.filter({ hasText: 'Push' }).getByText(/^[1-9]\d* messages? came here$/).waitFor();
  await page.getByRole('img', { name: 'Events behind in the last minute' }).waitFor();
  assert.ok(!(await page.content()).includes(text));

  const found = [];
  for (const width of [360, 1280]) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      found.push(...(await faults(page)).map((fault) => `${width} px, ${colorScheme}: ${fault}`));
    }
  }
  assert.deepEqual(found, []);

  await page.getByRole('link', { name: 'Back to rooms' }).press('Enter');
  await page.getByRole('navigation', { name: 'Rooms' }).waitFor();
  await page.goBack();
  await heading.waitFor();
});

/**
 * Sends one message after the other until one arrives as it should.
 *
 * @param {(number: number) => Promise<boolean>} arrives
 */
async function until(arrives) {
  for (let number = 1; number <= 10; number += 1) if (await arrives(number)) return;
  assert.fail('no message was pushed');
}
