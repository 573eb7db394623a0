import { describe, expect, it, vi } from 'vitest';
import { WebSocket as States } from 'ws';

import { Connection } from '../src/connection.js';
import { Random, TestClock } from './world.js';

/** A socket to a server that greets, and confirms each subscription. */
class Socket {
  readyState: number = States.CONNECTING;
  readonly protocol = 'v12.stomp';
  binaryType = 'blob';
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor() {
    setTimeout(() => {
      this.readyState = States.OPEN;
      this.onopen?.();
    });
  }

  send(frame: string): void {
    const receipt = /^receipt:(.*)$/m.exec(frame)?.[1];
    if (frame.startsWith('CONNECT')) this.#answer('CONNECTED\nversion:1.2\n\n\0');
    else if (receipt !== undefined) this.#answer(`RECEIPT\nreceipt-id:${receipt}\n\n\0`);
  }

  close(): void {
    this.readyState = States.CLOSED;
  }

  #answer(frame: string): void {
    setTimeout(() => { if (this.readyState === States.OPEN) this.onmessage?.({ data: frame }); });
  }
}

function world() {
  const sockets: Socket[] = [];
  const connection = new Connection({
    clock: new TestClock(new Random(1)),
    open: () => {
      const socket = new Socket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    connectHeaders: () => ({}),
    doubted: () => undefined,
  });
  const is = () => connection.state.get().is;
  return { connection, sockets, is };
}

describe('a connection', () => {
  it('is lost with the network of the device, and comes back at once with its subscriptions', async () => {
    const { connection, sockets, is } = world();
    const heard: string[] = [];
    connection.subscribe('/user/topic/rooms', {
      take: () => undefined,
      ready: () => heard.push('ready'),
      lost: () => heard.push('lost'),
    });
    connection.start();
    await vi.waitFor(() => { expect(heard).toEqual(['ready']); });
    expect(is()).toBe('connected');

    connection.lose();
    expect(is()).toBe('waiting');
    expect(heard).toEqual(['ready', 'lost']);
    expect(sockets).toHaveLength(1);

    connection.retry();
    await vi.waitFor(() => { expect(heard).toEqual(['ready', 'lost', 'ready']); });
    expect(is()).toBe('connected');
    expect(sockets).toHaveLength(2);
    connection.stop();
  });

  it('that is not wanted stays off whatever the network does', () => {
    const { connection, sockets, is } = world();
    connection.lose();
    connection.retry();
    expect(is()).toBe('off');
    expect(sockets).toHaveLength(0);
  });
});
