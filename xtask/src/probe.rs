//! Questions to a port on this machine: is it open, what does it answer.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

const PROBE_TIMEOUT: Duration = Duration::from_millis(500);

/// Whether anything listens on the port.
pub fn is_open(port: u16) -> bool {
    connect(port).is_some()
}

/// Whether the server on the port answers `question` with something that starts with `answer`.
pub fn answers(port: u16, question: &str, answer: &str) -> bool {
    answers_within(PROBE_TIMEOUT, port, question, answer)
}

/// [`answers`] for a question that takes the server longer.
pub fn answers_within(limit: Duration, port: u16, question: &str, answer: &str) -> bool {
    ask(limit, port, question, answer.len()).is_some_and(|got| got == answer.as_bytes())
}

/// Whether `GET path` on the port is answered with status 200.
pub fn is_ok(port: u16, path: &str) -> bool {
    let question =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    answers(port, &question, "HTTP/1.1 200")
}

fn connect(port: u16) -> Option<TcpStream> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpStream::connect_timeout(&address, PROBE_TIMEOUT).ok()
}

fn ask(limit: Duration, port: u16, question: &str, length: usize) -> Option<Vec<u8>> {
    let mut stream = connect(port)?;
    stream.set_read_timeout(Some(limit)).ok()?;
    stream.write_all(question.as_bytes()).ok()?;
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer).ok()?;
    Some(answer)
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    fn serve_once(answer: &'static str) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut question = [0; 256];
            let read = stream.read(&mut question).unwrap();
            assert!(read > 0);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        port
    }

    #[test]
    fn only_status_200_is_ok() {
        assert!(is_ok(serve_once("HTTP/1.1 200 OK\r\n\r\n"), "/readyz"));
        assert!(!is_ok(serve_once("HTTP/1.1 503 Busy\r\n\r\n"), "/readyz"));
    }

    #[test]
    fn a_closed_port_is_not_open() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(is_open(port));
        drop(listener);
        assert!(!is_open(port));
    }
}
