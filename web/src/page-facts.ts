/** What the server says about itself to the page before a login. */
export interface PageFacts {
  /** Accounts to try it with, as `name / password`. */
  readonly demoUsers: readonly string[];
  /** Where mails can be read that are not sent. */
  readonly mailAt: string | null;
  /** Characters that a new password needs at the least, if that is known. */
  readonly passwordMinLength: number | null;
  /** Whether it shows where events are. */
  readonly flow: boolean;
}

export const NO_FACTS: PageFacts = { demoUsers: [], mailAt: null, passwordMinLength: null, flow: false };

/** The screen waits for this, so a server that is slow to answer it is taken to have nothing to say. */
const TIMEOUT = 2_000;

/** A server without such facts answers 404: then there are none. */
export async function readPageFacts(call: typeof fetch = fetch): Promise<PageFacts> {
  try {
    const answer = await call('/page.json', { signal: AbortSignal.timeout(TIMEOUT) });
    return answer.ok ? facts(await answer.json()) : NO_FACTS;
  } catch {
    return NO_FACTS;
  }
}

function facts(answer: unknown): PageFacts {
  if (typeof answer !== 'object' || answer === null) return NO_FACTS;
  const { demoUsers, mailAt, passwordMinLength, flow } = answer as Record<string, unknown>;
  return {
    demoUsers: Array.isArray(demoUsers) ? demoUsers.filter((user) => typeof user === 'string') : [],
    // A path of this server, never an address elsewhere.
    mailAt: typeof mailAt === 'string' && /^\/(?!\/)/.test(mailAt) ? mailAt : null,
    passwordMinLength: Number.isSafeInteger(passwordMinLength) && Number(passwordMinLength) > 0 ? Number(passwordMinLength) : null,
    flow: flow === true,
  };
}

/** The two halves of `name / password`. */
export function demoUser(text: string): { username: string; password: string } {
  const [username = '', password = ''] = text.split(' / ');
  return { username, password };
}
