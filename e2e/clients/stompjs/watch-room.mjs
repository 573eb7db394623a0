// Logs in as user2, subscribes to a room and prints what is pushed, one JSON line a message.
//
//   node watch-room.mjs URL ROOM_ID COUNT
//
// The first line is {"subscribed":ROOM_ID}, printed once the server has confirmed the subscription. Ends after COUNT
// messages with 0, on a refusal or after 10 seconds with 1.
import { Client } from '@stomp/stompjs';
import { WebSocket } from 'ws';

const DEADLINE = 10_000;

const [url, room, count] = process.argv.slice(2);
if (!count) throw new Error('usage: node watch-room.mjs URL ROOM_ID COUNT');

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

setTimeout(() => fail('not everything came in time'), DEADLINE);

const cookie = await logIn();
let left = Number(count);

const client = new Client({
  webSocketFactory: () =>
    new WebSocket(`${url.replace('http', 'ws')}/ws/chat`, ['v12.stomp', 'v11.stomp', 'v10.stomp'], {
      headers: { cookie },
    }),
  reconnectDelay: 0,
  onStompError: (frame) => fail(`refused: ${frame.headers.message}`),
  onWebSocketError: (event) => fail(`no WebSocket: ${event.message}`),
  onConnect: () => {
    client.watchForReceipt('subscribed', () => console.log(JSON.stringify({ subscribed: Number(room) })));
    client.subscribe(`/topic/message/roomId/${room}`, show, { receipt: 'subscribed' });
  },
});

async function show(message) {
  console.log(JSON.stringify({ headers: message.headers, body: JSON.parse(message.body) }));
  left -= 1;
  if (left === 0) {
    await client.deactivate();
    process.exit(0);
  }
}

client.activate();
