/** A WebSocket for tests: the server behind it greets each client by the name that the test gives it, and confirms each subscription. */
import { WebSocket as States } from 'ws';

export class Socket {
  readyState: number = States.CONNECTING;
  readonly protocol = 'v12.stomp';
  binaryType = 'blob';
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null = null;
  onerror: (() => void) | null = null;
  /** The commands of all frames that the client has sent. */
  readonly commands: string[] = [];

  /** @param user The customer whom the server takes the client for when it answers CONNECT. */
  constructor(private readonly user: () => number) {
    setTimeout(() => {
      this.readyState = States.OPEN;
      this.onopen?.();
    });
  }

  send(frame: string): void {
    this.commands.push(/^\w*/.exec(frame)?.[0] ?? '');
    const receipt = /^receipt:(.*)$/m.exec(frame)?.[1];
    if (frame.startsWith('CONNECT')) this.#answer(`CONNECTED\nversion:1.2\nuser-name:${this.user()}\n\n\0`);
    else if (receipt !== undefined) this.#answer(`RECEIPT\nreceipt-id:${receipt}\n\n\0`);
  }

  close(): void {
    this.readyState = States.CLOSED;
  }

  #answer(frame: string): void {
    setTimeout(() => { if (this.readyState === States.OPEN) this.onmessage?.({ data: frame }); });
  }
}
