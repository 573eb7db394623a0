// The browser that the stories look through: Debian's Chromium without a screen, and people who each have a profile of their own.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

/** Where the system is, without a slash at the end. */
export const url = address();

function address() {
  const found = process.env['COLLOQUY_E2E_URL'];
  assert.ok(found, 'COLLOQUY_E2E_URL says where the system is');
  return found.replace(/\/$/, '');
}

/** A browser that calls nobody but the system. Tests run as root, where Chromium has no sandbox. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A page that a story answers itself has no address, and Chromium would not let it speak to 127.0.0.1.
  '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets',
];

/** What a browser says of each answer that is no success, and of each connection that is cut: no fault of the page. */
const OF_THE_NETWORK = [/^Failed to load resource: /, /^WebSocket connection to /];

/**
 * Tells one story in a browser of its own, which ends with it. The story fails as well when a page threw, wrote an error to the
 * console, opened a dialog, or did what its content security policy forbids.
 *
 * @param {(browser: Browser) => Promise<void>} tell
 */
export async function story(tell) {
  const chrome = await chromium.launch({
    executablePath: process.env['COLLOQUY_CHROMIUM'] ?? '/usr/bin/chromium',
    args: FLAGS,
  });
  const browser = new Browser(chrome);
  try {
    await tell(browser);
    assert.deepEqual(browser.faults, []);
  } catch (error) {
    // What the pages said explains most failures.
    console.error(browser.faults.join('\n'));
    throw error;
  } finally {
    await chrome.close();
  }
}

/** People, and what went wrong in their pages. */
export class Browser {
  /** @type {string[]} */
  faults = [];
  #chrome;

  /** @param {import('playwright-core').Browser} chrome */
  constructor(chrome) {
    this.#chrome = chrome;
  }

  /**
   * A page of a person whom the system does not know yet: no cookie, no storage, English unless the options say otherwise.
   *
   * @param {import('playwright-core').BrowserContextOptions} [options]
   */
  async page(options = {}) {
    const context = await this.#chrome.newContext({ locale: 'en-GB', baseURL: url, ...options });
    context.setDefaultTimeout(20_000);
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) => {
        console.error(`policy: ${violatedDirective} ${blockedURI} ${sample}`);
      });
    });
    const page = await context.newPage();
    page.on('pageerror', (error) => this.faults.push(`thrown: ${error.stack ?? error.message}`));
    page.on('console', (message) => {
      const text = message.text();
      if (message.type() === 'error' && !OF_THE_NETWORK.some((known) => known.test(text))) {
        this.faults.push(`console: ${text}`);
      }
    });
    page.on('dialog', (dialog) => {
      this.faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    return page;
  }
}
