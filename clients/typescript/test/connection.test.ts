import { describe, expect, it, vi } from 'vitest';

import { Connection } from '../src/connection.js';
import { Socket } from './socket.js';
import { ME, OTHER, Random, TestClock } from './world.js';

function world() {
  const sockets: Socket[] = [];
  const cookie = { of: ME, doubts: 0 };
  const connection = new Connection({
    clock: new TestClock(new Random(1)),
    open: () => {
      const socket = new Socket(() => cookie.of);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    connectHeaders: () => ({}),
    doubted: () => { cookie.doubts += 1; },
  });
  const is = () => connection.state.get().is;
  return { connection, sockets, cookie, is };
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
    connection.start(ME);
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

  it('that turns out to be another person’s sends nothing, and asks whose the session is', async () => {
    const { connection, sockets, cookie, is } = world();
    connection.subscribe('/user/topic/rooms', { take: () => undefined });
    cookie.of = OTHER;
    connection.start(ME);
    await vi.waitFor(() => { expect(cookie.doubts).toBe(1); });
    connection.send('/app/typing', {});
    expect(is()).toBe('waiting');
    expect(sockets.map(({ commands }) => commands)).toEqual([['CONNECT']]);

    cookie.of = ME;
    connection.retry();
    await vi.waitFor(() => { expect(is()).toBe('connected'); });
    expect(cookie.doubts).toBe(1);
    connection.stop();
  });
});
