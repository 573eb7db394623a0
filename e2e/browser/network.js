// A network that a story can cut: the proxy of one person's browser. When it is cut, open connections break and new ones are
// refused. (What Chromium itself calls offline leaves an open WebSocket alone.)

import { createServer, request } from 'node:http';
import { connect } from 'node:net';

export class Network {
  #isUp = true;
  /** @type {Set<import('node:stream').Duplex>} */
  #sockets = new Set();
  #server = createServer((asked, answer) => {
    const { host, port, pathname, search } = new URL(asked.url ?? '');
    const onward = request({ host: host.split(':')[0], port, path: pathname + search, method: asked.method, headers: asked.headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    onward.on('error', () => asked.socket.destroy());
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  });

  /** A network that is up. */
  static async start() {
    const network = new Network();
    const server = network.#server;
    server.on('connection', (socket) => network.#admit(socket));
    // WebSockets ask for a tunnel.
    server.on('connect', (asked, socket, head) => {
      const [host, port] = (asked.url ?? '').split(':');
      const onward = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.write(head);
        onward.pipe(socket).pipe(onward);
      });
      for (const [one, other] of [[onward, socket], [socket, onward]]) {
        one?.on('error', () => other?.destroy());
        one?.on('close', () => other?.destroy());
      }
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
    server.unref();
    return network;
  }

  /** For `newContext`. */
  get proxy() {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy listens on a port');
    return { server: `http://127.0.0.1:${address.port}` };
  }

  cut() {
    this.#isUp = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend() {
    this.#isUp = true;
  }

  /** @param {import('node:net').Socket} socket */
  #admit(socket) {
    if (!this.#isUp) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
