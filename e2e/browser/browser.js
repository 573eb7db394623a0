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

/** A browser that calls the system alone. Tests run as root, where Chromium has no sandbox. */
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

/** @typedef {{ name: string, ph: string, pid: number, tid: number, tdur?: number, args: { name?: string } }} TraceEvent */

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
   * The tasks of a page's main thread while something is done, each in milliseconds of the processor's time: what a frame waits
   * for, on a machine that does nothing else meanwhile.
   *
   * @param {import('playwright-core').Page} page
   * @param {() => Promise<void>} act
   */
  async tasksOf(page, act) {
    await this.#chrome.startTracing(page, { categories: ['toplevel'] });
    await act();
    const trace = JSON.parse((await this.#chrome.stopTracing()).toString('utf8'));
    const events = /** @type {TraceEvent[]} */ (trace.traceEvents);
    const pages = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
    const isPages = (/** @type {TraceEvent} */ event) => pages.some(({ pid, tid }) => pid === event.pid && tid === event.tid);
    return events
      .filter((event) => event.ph === 'X' && event.name.endsWith('RunTask') && isPages(event))
      .map(({ tdur = 0 }) => tdur / 1_000);
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
