//! Serving HTTP/1.1 with the limits that `axum::serve` does not install.

use std::{io, net::SocketAddr, time::Duration};

use axum::{Router, body::Body};
use http::Request;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use crate::{Tasks, carried_out::among};

/// A client has this long to send its request head (reliability.md S20).
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// A client that has taken nothing of what it was sent for this long is cut (S20). A WebSocket is closed for that sooner,
/// and its client has the rest of this time to read why.
const READING_TIMEOUT: Duration = Duration::from_secs(30);
/// A request head larger than this is refused by hyper with 431.
const MAX_HEAD: usize = 64 * 1024;

/// The address at the other end of the connection; a proxy's, if there is one in front.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddr(pub SocketAddr);

/// Accepts until the process stops, then lets running requests finish, those included whose clients have hung up and that
/// [`finish`](crate::router::finish) carries out all the same.
pub async fn serve(listener: TcpListener, router: Router, tasks: Tasks) {
    serve_limited(listener, router, tasks, READING_TIMEOUT).await;
}

/// As [`serve`], with another limit for clients that do not read.
pub async fn serve_limited(
    listener: TcpListener,
    router: Router,
    tasks: Tasks,
    reading_timeout: Duration,
) {
    loop {
        tokio::select! {
            () = tasks.stopping() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if prepare(&stream, reading_timeout).is_err() => {}
                Ok((stream, peer)) => {
                    let connection = connection(stream, peer, router.clone(), tasks.clone());
                    tasks.spawn(among(tasks.clone(), connection));
                }
                // Out of descriptors: wait for some to be closed instead of spinning.
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
}

/// Fails for a connection that has ended already.
fn prepare(stream: &TcpStream, reading_timeout: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    limit_unread(stream, reading_timeout)
}

/// Counts only while something that was sent is not acknowledged, or waits for a client that takes no more: a connection
/// that is idle stays.
#[cfg(target_os = "linux")]
fn limit_unread(stream: &TcpStream, limit: Duration) -> io::Result<()> {
    SockRef::from(stream).set_tcp_user_timeout(Some(limit))
}

#[cfg(not(target_os = "linux"))]
fn limit_unread(_: &TcpStream, _: Duration) -> io::Result<()> {
    Ok(())
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, tasks: Tasks) {
    let service = router.map_request(move |mut request: Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(PeerAddr(peer));
        request.map(Body::new)
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD);
    let serving = builder
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    tokio::pin!(serving);
    tokio::select! {
        outcome = serving.as_mut() => {
            if let Err(error) = outcome {
                tracing::debug!(%error, "a connection ended with an error");
            }
            return;
        }
        () = tasks.stopping() => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}
