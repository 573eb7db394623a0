// Logs in as user2, subscribes to a room with webstomp-client and prints what is pushed, one JSON line a message.
//
//   node watch-room.mjs URL ROOM_ID COUNT
//
// The first line is {"subscribed":ROOM_ID}, printed once the server has confirmed the subscription. Ends after COUNT
// messages with 0, on a refusal or after 10 seconds with 1.
import webstomp from 'webstomp-client';
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

const protocols = ['v12.stomp', 'v11.stomp', 'v10.stomp'];
const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/chat`, protocols, { headers: { cookie } });
const client = webstomp.over(socket, { debug: false });
client.onreceipt = () => console.log(JSON.stringify({ subscribed: Number(room) }));
client.connect(
  {},
  () => client.subscribe(`/topic/message/roomId/${room}`, show, { receipt: 'subscribed' }),
  (problem) => fail(`refused: ${problem.headers ? problem.headers.message : problem.reason}`),
);

function show(message) {
  console.log(JSON.stringify({ headers: message.headers, body: JSON.parse(message.body) }));
  left -= 1;
  if (left === 0) client.disconnect(() => process.exit(0));
}
