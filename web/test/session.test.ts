import type { Customer, Session } from '@colloquy/client';
import { beforeAll, expect, it, vi } from 'vitest';

type Page = typeof import('../src/session.svelte').session;
type Router = typeof import('../src/router.svelte').router;

/** Who is logged in, as the library says it. */
let says: (session: Session | undefined) => void;
let session: Page;
let router: Router;

// The library is one that says what a test wants; of the browser it takes no more than this.
beforeAll(async () => {
  vi.stubGlobal('location', { pathname: '/profile' });
  vi.stubGlobal('history', { replaceState: () => undefined, pushState: () => undefined });
  vi.stubGlobal('addEventListener', () => undefined);
  vi.stubGlobal('document', { addEventListener: () => undefined });
  vi.doMock('@colloquy/client', async (original) => ({
    ...(await original<typeof import('@colloquy/client')>()),
    Colloquy: class {
      readonly connection = { subscribe: () => undefined };
      readonly isLogOutUnanswered = { subscribe: () => undefined };
      readonly session = { subscribe: (reader: typeof says) => { says = reader; } };
      logOut(): void {
        says(undefined);
      }
    },
  }));
  ({ session } = await import('../src/session.svelte'));
  ({ router } = await import('../src/router.svelte'));
});

function of(customerId: number, username: string): Session {
  const me: Customer = { customerId, username, fullName: username, email: `${username}@example.com`, phoneNumber: null, avatarColor: '#000000' };
  return { me } as Session;
}

it('says so when another window of the browser has logged in another person, and leaves the screen of the first', () => {
  says(of(1, 'lan'));
  expect(router.route.screen).toBe('profile');
  expect(session.replaced).toBeUndefined();
  says(of(2, 'minh'));
  expect(session.me?.username).toBe('minh');
  expect(session.replaced?.username).toBe('lan');
  expect(router.route.screen).toBe('rooms');
  session.replacedWasRead();
  expect(session.replaced).toBeUndefined();
});

it('goes on where the same person has logged in again', () => {
  router.go({ screen: 'profile' });
  says(of(2, 'minh'));
  expect(router.route.screen).toBe('profile');
  expect(session.replaced).toBeUndefined();
});

it('asks the person who was logged in to log in again when the session has ended, and no longer when there is one', () => {
  says(undefined);
  expect([session.notice, session.username]).toEqual(['ended', 'minh']);
  says(of(2, 'minh'));
  expect([session.notice, session.username]).toEqual([undefined, '']);
});

it('says nothing of a session that the person has ended', async () => {
  await session.logOut();
  expect(session.notice).toBeUndefined();
  expect(session.me).toBeUndefined();
});
