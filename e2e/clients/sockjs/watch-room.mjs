// Logs in as user2, subscribes to a room over SockJS and prints what is pushed, one JSON line a message.
//
//   node watch-room.mjs URL ROOM_ID COUNT TRANSPORT
//
// TRANSPORT is websocket, xhr-streaming, eventsource or xhr-polling. The first line is {"subscribed":ROOM_ID}, printed
// once the server has confirmed the subscription. Ends after COUNT messages with 0, on a refusal or after 10 seconds
// with 1. Outside a browser sockjs-client sends no cookies, so the token goes into CONNECT.
import SockJS from 'sockjs-client';
import Stomp from 'stompjs';

const DEADLINE = 10_000;

const [url, room, count, transport] = process.argv.slice(2);
if (!transport) throw new Error('usage: node watch-room.mjs URL ROOM_ID COUNT TRANSPORT');

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
  const cookie = answer.headers.getSetCookie().find((cookie) => cookie.startsWith('jwt_token='));
  return cookie.split(';')[0].slice('jwt_token='.length);
}

setTimeout(() => fail('not everything came in time'), DEADLINE);

const token = await logIn();
let left = Number(count);

const socket = new SockJS(`${url}/ws/chat-sockjs`, null, { transports: [transport] });
const client = Stomp.over(socket);
client.debug = () => {};
client.onreceipt = () => console.log(JSON.stringify({ subscribed: Number(room), over: socket.transport }));
client.connect(
  { jwt_token: token },
  () => client.subscribe(`/topic/message/roomId/${room}`, show, { receipt: 'subscribed' }),
  (problem) => fail(`refused: ${problem.headers ? problem.headers.message : problem}`),
);

function show(message) {
  console.log(JSON.stringify({ headers: message.headers, body: JSON.parse(message.body) }));
  left -= 1;
  if (left === 0) client.disconnect(() => process.exit(0));
}
