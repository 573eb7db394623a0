// Logs in as user2, subscribes to a room and prints what is pushed, one JSON line a message.
//
//   node watch-room.mjs [OPTIONS] URL ROOM_ID COUNT
//
//   --version 1.1        speaks this version alone
//   --by header          carries the token in CONNECT instead of the cookie
//   --heart-beat 10000   beats and asks for beats, this many milliseconds apart; a line for each beat either way
//   --reconnect          comes back when the connection ends, with a line for that too
//   --deadline 10        ends with 1 after this many seconds
//
// The first line is {"subscribed":ROOM_ID,"version":…}, printed once the server has confirmed the subscription. Ends
// after COUNT messages with 0, on a refusal or after the deadline with 1.
import { parseArgs } from 'node:util';
import { Client, Versions } from '@stomp/stompjs';
import { WebSocket } from 'ws';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    version: { type: 'string' },
    by: { type: 'string', default: 'cookie' },
    'heart-beat': { type: 'string', default: '0' },
    reconnect: { type: 'boolean', default: false },
    deadline: { type: 'string', default: '10' },
  },
});
const [url, room, count] = positionals;
if (!count) throw new Error('usage: node watch-room.mjs [OPTIONS] URL ROOM_ID COUNT');

function say(line) {
  console.log(JSON.stringify(line));
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

async function logIn() {
  const answer = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'user2', password: '1234' }),
  });
  if (!answer.ok) fail(`login: ${answer.status}`);
  return answer.headers.getSetCookie().find((cookie) => cookie.startsWith('jwt_token=')).split(';')[0];
}

setTimeout(() => fail('not everything came in time'), Number(options.deadline) * 1000);

const cookie = await logIn();
const byHeader = options.by === 'header';
const versions = options.version ? new Versions([options.version]) : Versions.default;
const heartBeat = Number(options['heart-beat']);
let left = Number(count);

const client = new Client({
  stompVersions: versions,
  webSocketFactory: () =>
    new WebSocket(`${url.replace('http', 'ws')}/ws/chat`, versions.protocolVersions(), {
      headers: byHeader ? {} : { cookie },
    }),
  connectHeaders: byHeader ? { jwt_token: cookie.slice('jwt_token='.length) } : {},
  heartbeatIncoming: heartBeat,
  heartbeatOutgoing: heartBeat,
  reconnectDelay: options.reconnect ? 100 : 0,
  onStompError: (frame) => fail(`refused: ${frame.headers.message}`),
  onWebSocketError: (event) => options.reconnect || fail(`no WebSocket: ${event.message}`),
  onWebSocketClose: (event) => options.reconnect && say({ closed: event.code }),
  onHeartbeatReceived: () => say({ beat: 'received' }),
  onHeartbeatLost: () => fail('the server does not beat'),
  debug: (line) => line === '>>> PING' && say({ beat: 'sent' }),
  onConnect: ({ headers }) => {
    const subscribed = { subscribed: Number(room), version: client.connectedVersion, heartBeat: headers['heart-beat'] };
    client.watchForReceipt('subscribed', () => say(subscribed));
    client.subscribe(`/topic/message/roomId/${room}`, show, { receipt: 'subscribed' });
  },
});

async function show(message) {
  say({ headers: message.headers, body: JSON.parse(message.body) });
  left -= 1;
  if (left === 0) {
    await client.deactivate();
    process.exit(0);
  }
}

client.activate();
