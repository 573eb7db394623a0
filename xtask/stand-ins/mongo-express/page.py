"""One page on 8081: 200 if a connection to the server of ME_CONFIG_MONGODB_URL can be opened, else 502. It asks for a
password, which there is none of, unless ME_CONFIG_BASICAUTH is false."""

import os
import signal
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

SERVER = urlsplit(os.environ["ME_CONFIG_MONGODB_URL"])


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if os.environ.get("ME_CONFIG_BASICAUTH") != "false":
            return self.answer(401, "a password is wanted")
        try:
            socket.create_connection((SERVER.hostname, SERVER.port or 27017), timeout=2).close()
        except OSError as error:
            return self.answer(502, f"{SERVER.netloc}: {error}")
        return self.answer(200, f"mongo-express (stand-in): {SERVER.netloc} is there")

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def end(*_):
    raise SystemExit(0)


signal.signal(signal.SIGTERM, end)
ThreadingHTTPServer(("0.0.0.0", 8081), Page).serve_forever()
