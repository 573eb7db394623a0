//! Connections are protected as the setting says, or no mail is sent.

use colloquy_mail::{
    MailTransport as _,
    mail_transport::{
        TransportError,
        smtp::{Credentials, SmtpSettings, SmtpTransport, TlsMode},
    },
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{
    letters::letter,
    scripted_server::{
        Scene::{Answers, Well},
        ScriptedServer,
    },
};

/// How TLS begins: the record type of a handshake.
const HANDSHAKE: u8 = 0x16;

fn transport(port: u16, tls: TlsMode) -> SmtpTransport {
    SmtpTransport::new(SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls,
        ca_file: None,
        credentials: Some(Credentials {
            username: "colloquy".to_owned(),
            password: "4711".into(),
        }),
    })
    .unwrap()
}

fn not_now(delivered: &Result<(), TransportError>) -> bool {
    matches!(delivered, Err(TransportError::NotNow(_)))
}

#[tokio::test]
async fn starttls_is_required_and_neither_login_nor_mail_goes_without() {
    for scene in [Well, Answers("STARTTLS", "454 not now")] {
        let mut server = ScriptedServer::start([scene]).await;
        let delivering = transport(server.address.port(), TlsMode::StartTls);
        let delivered = delivering.deliver(&letter("an@example.com")).await;
        assert!(not_now(&delivered), "{delivered:?}");
        let said = server.said();
        assert!(
            said.iter()
                .all(|line| line.starts_with("EHLO") || line == "QUIT" || line == "STARTTLS"),
            "{said:?}"
        );
        assert!(server.has_taken_nothing());
    }
}

async fn accept(listener: &TcpListener) -> BufReader<TcpStream> {
    BufReader::new(listener.accept().await.unwrap().0)
}

#[tokio::test]
async fn after_starttls_the_next_that_is_said_is_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let delivering = transport(port, TlsMode::StartTls);
    let serving = async {
        let mut stream = accept(&listener).await;
        let mut line = String::new();
        for (answer, expected) in [
            ("220 here\r\n", "EHLO"),
            ("250-here\r\n250 STARTTLS\r\n", "STARTTLS"),
        ] {
            stream.write_all(answer.as_bytes()).await.unwrap();
            line.clear();
            stream.read_line(&mut line).await.unwrap();
            assert!(line.starts_with(expected), "{line}");
        }
        stream.write_all(b"220 go on\r\n").await.unwrap();
        stream.read_u8().await.unwrap()
    };
    let letter = letter("an@example.com");
    let (first, delivered) = tokio::join!(serving, delivering.deliver(&letter));
    assert_eq!(first, HANDSHAKE);
    assert!(not_now(&delivered), "{delivered:?}");
}

#[tokio::test]
async fn tls_from_the_first_byte_says_nothing_plain() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let delivering = transport(port, TlsMode::Tls);
    let serving = async { accept(&listener).await.read_u8().await.unwrap() };
    let letter = letter("an@example.com");
    let (first, delivered) = tokio::join!(serving, delivering.deliver(&letter));
    assert_eq!(first, HANDSHAKE);
    assert!(not_now(&delivered), "{delivered:?}");
}
