"""Catches mails by SMTP on 1025 and shows them on 8025: GET /, /api/v1/messages (the newest first), /api/v1/message/ID."""

import email
import email.policy
import html
import itertools
import json
import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller

MAILS = {}
IDS = itertools.count(1)


class Catch:
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        addresses = [] if mail["to"] is None else mail["to"].addresses
        MAILS[str(next(IDS))] = {
            "To": [{"Name": a.display_name, "Address": a.addr_spec} for a in addresses],
            "Subject": mail["subject"] or "",
            "Text": mail.get_body(("plain",)).get_content(),
        }
        return "250 OK"


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0]
        newest_first = list(reversed(MAILS.items()))
        if path == "/api/v1/messages":
            messages = [{"ID": id, "To": mail["To"], "Subject": mail["Subject"]} for id, mail in newest_first]
            self.answer(200, "application/json", json.dumps({"total": len(messages), "messages": messages}))
        elif path.startswith("/api/v1/message/") and path[16:] in MAILS:
            self.answer(200, "application/json", json.dumps({"ID": path[16:], **MAILS[path[16:]]}))
        elif path == "/":
            mails = "".join(f"<pre>{html.escape(mail['Text'])}</pre>" for _, mail in newest_first)
            self.answer(200, "text/html; charset=utf-8", f"<title>Mailpit (stand-in)</title>{mails}")
        else:
            self.answer(404, "text/plain", "nothing here")

    def answer(self, status, kind, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def end(*_):
    raise SystemExit(0)


signal.signal(signal.SIGTERM, end)
Controller(Catch(), hostname="0.0.0.0", port=1025).start()
ThreadingHTTPServer(("0.0.0.0", 8025), Page).serve_forever()
