"""Logs in as user2, subscribes to a room with stomp.py and prints what is pushed, one JSON line a message.

    python3 watch_room.py URL ROOM_ID COUNT

The first line is {"subscribed":ROOM_ID}, printed once the server has confirmed the subscription. Ends after COUNT
messages with 0, on a refusal or after 10 seconds with 1.
"""

import json
import sys
import threading
import urllib.request
from urllib.parse import urlsplit

import stomp

DEADLINE = 10


def log_in(url):
    request = urllib.request.Request(
        f"{url}/auth/login",
        data=json.dumps({"username": "user2", "password": "1234"}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
        cookies = answer.headers.get_all("set-cookie")
    return next(cookie for cookie in cookies if cookie.startswith("jwt_token=")).split(";")[0]


class Watcher(stomp.ConnectionListener):
    """Prints, counts, and tells when it is over."""

    def __init__(self, room, count):
        self.room = room
        self.left = count
        self.over = threading.Event()
        self.problem = None

    def fail(self, problem):
        self.problem = problem
        self.over.set()

    def on_receipt(self, frame):
        if frame.headers["receipt-id"] == "subscribed":
            print(json.dumps({"subscribed": self.room}), flush=True)

    def on_message(self, frame):
        print(json.dumps({"headers": frame.headers, "body": json.loads(frame.body)}), flush=True)
        self.left -= 1
        if self.left == 0:
            self.over.set()

    def on_error(self, frame):
        self.fail(f"refused: {frame.headers.get('message')}")

    def on_disconnected(self):
        if self.left:
            self.fail("the connection ended")


def main():
    url, room, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    address = urlsplit(url)
    connection = stomp.WSConnection(
        [(address.hostname, address.port)],
        ws_path="/ws/chat",
        header={"Cookie": log_in(url)},
        heartbeats=(0, 10_000),
    )
    watcher = Watcher(room, count)
    connection.set_listener("watcher", watcher)
    connection.connect(wait=True)
    connection.subscribe(f"/topic/message/roomId/{room}", id="0", headers={"receipt": "subscribed"})
    if not watcher.over.wait(DEADLINE):
        watcher.problem = "not everything came in time"
    if watcher.problem:
        sys.exit(watcher.problem)
    connection.disconnect()


main()
