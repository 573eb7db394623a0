/** A call that failed: refused by the server, or without an answer. */
export class CallError extends Error {
  override readonly name = 'CallError';

  /**
   * @param status The HTTP status, or 0 when no answer came: then it is unknown whether the call had its effect.
   * @param message One sentence for a person.
   * @param retryAfter Milliseconds that the server asks to wait, if it does.
   */
  constructor(
    readonly status: number,
    message: string,
    readonly retryAfter?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Whether the same call may succeed later. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** Whether there is no session (any more). */
  get isSignedOut(): boolean {
    return this.status === 401;
  }
}
