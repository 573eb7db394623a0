"""A mail server that keeps each mail as a file: plain, with STARTTLS, and with TLS from the first byte.

Arguments: the Maildir, three ports of 127.0.0.1, the certificate, its key, the user and its password. Behind TLS a login is
required."""

import hmac
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import AuthResult

mails, plain, starttls, tls, certificate, key, user, password = sys.argv[1:]


def authenticate(server, session, envelope, mechanism, login):
    expected = (user.encode(), password.encode())
    given = (login.login, login.password)
    known = all(hmac.compare_digest(*pair) for pair in zip(given, expected))
    return AuthResult(success=known, handled=False)


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)
behind_tls = {"auth_required": True, "authenticator": authenticate}
handler = Mailbox(mails)
servers = [
    Controller(handler, hostname="127.0.0.1", port=int(plain)),
    Controller(
        handler,
        hostname="127.0.0.1",
        port=int(starttls),
        tls_context=context,
        require_starttls=True,
        **behind_tls,
    ),
    # To aiosmtpd a connection that began with TLS looks like one without.
    Controller(
        handler,
        hostname="127.0.0.1",
        port=int(tls),
        ssl_context=context,
        auth_require_tls=False,
        **behind_tls,
    ),
]
for server in servers:
    server.start()
threading.Event().wait()
