//! Servers that a client must not believe: one whose certificate has expired, and the real one under an address that its
//! certificate does not name. They stay until the tests have ended.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use colloquy_chassis::Lifecycle;
use rustls::{
    RootCertStore, ServerConfig, ServerConnection,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::io::copy_bidirectional;
use tokio_rustls::TlsAcceptor;

use super::file;

/// What is said before TLS begins.
type BeforeTls = fn(&mut TcpStream) -> io::Result<()>;

/// The address of a server with a certificate of 1999.
pub fn expired(before_tls: BeforeTls) -> String {
    let certificate = CertificateDer::from_pem_file(file("expired.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("expired.key")).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    let config = Arc::new(config.unwrap());
    serve("127.0.0.1:0", move |mut client| {
        before_tls(&mut client)?;
        let mut tls = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        tls.complete_io(&mut client).map(drop)
    })
}

/// An address that leads to a server whose certificate does not name it.
pub fn at_another_address(server: &str) -> String {
    let server = server.to_owned();
    serve("127.0.0.2:0", move |client| {
        let server = TcpStream::connect(&server)?;
        let back = (server.try_clone()?, client.try_clone()?);
        for (mut from, mut to) in [(client, server), back] {
            thread::spawn(move || {
                let _ended = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
        }
        Ok(())
    })
}

/// An address that leads over TLS to a server without, for clients with a certificate alone.
pub async fn for_certified_clients(server: &str) -> String {
    let mut authorities = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(file("ca.pem")).unwrap();
    authorities.add(authority).unwrap();
    let clients = WebPkiClientVerifier::builder(Arc::new(authorities)).build();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(clients.unwrap())
        .with_single_cert(
            vec![CertificateDer::from_pem_file(file("server.pem")).unwrap()],
            PrivateKeyDer::from_pem_file(file("server.key")).unwrap(),
        );
    let (tls, server) = (
        TlsAcceptor::from(Arc::new(config.unwrap())),
        server.to_owned(),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let tasks = Lifecycle::default().tasks();
    let connections = tasks.clone();
    tasks.spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let (tls, server) = (tls.clone(), server.clone());
            connections.spawn(async move {
                // A client that is refused is the test's doing.
                if let Ok(mut client) = tls.accept(client).await {
                    let mut server = tokio::net::TcpStream::connect(server).await.unwrap();
                    drop(copy_bidirectional(&mut client, &mut server).await);
                }
            });
        }
    });
    address
}

/// The address of a PostgreSQL server without TLS.
pub fn no_to_tls() -> String {
    serve("127.0.0.1:0", |mut client| answer(&mut client, b"N"))
}

/// A PostgreSQL server is asked first.
pub fn yes_to_tls(client: &mut TcpStream) -> io::Result<()> {
    answer(client, b"S")
}

/// A mail server says who it is, and that it knows STARTTLS.
pub fn starttls(client: &mut TcpStream) -> io::Result<()> {
    let mut lines = BufReader::new(client.try_clone()?);
    let mut line = String::new();
    for answer in ["220 here\r\n", "250-here\r\n250 STARTTLS\r\n"] {
        client.write_all(answer.as_bytes())?;
        lines.read_line(&mut line)?;
    }
    client.write_all(b"220 go on\r\n")
}

/// TLS is the first.
pub fn without_words(_: &mut TcpStream) -> io::Result<()> {
    Ok(())
}

fn answer(client: &mut TcpStream, byte: &[u8; 1]) -> io::Result<()> {
    client.read_exact(&mut [0; 8])?;
    client.write_all(byte)
}

/// Serves each connection by itself; one that fails is the client's doing.
fn serve(at: &str, one: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind(at).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let one = Arc::new(one);
    thread::spawn(move || {
        for client in listener.incoming() {
            let (one, client) = (Arc::clone(&one), client.unwrap());
            thread::spawn(move || one(client));
        }
    });
    address
}
