//! Clients that go away amid a call.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::Response,
    routing::any,
};
use colloquy_chassis::{Lifecycle, http_server, router::finish};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc},
    time::timeout,
};

const TEST_TIMEOUT: Duration = Duration::from_secs(10);

/// A server whose handler halts amid its work until it may go on.
struct Server {
    address: SocketAddr,
    lifecycle: Lifecycle,
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
    work: Endings,
    connection: Endings,
}

/// Tells, of a future that holds it, whether it came to its end or was dropped on the way.
struct Ending {
    ended: mpsc::UnboundedSender<bool>,
    came: bool,
}

struct Endings(mpsc::UnboundedReceiver<bool>);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.ended.send(self.came);
    }
}

impl Ending {
    fn come(mut self) {
        self.came = true;
    }
}

fn endings() -> (impl Fn() -> Ending + Clone, Endings) {
    let (ended, endings) = mpsc::unbounded_channel();
    let ending = move || Ending {
        ended: ended.clone(),
        came: false,
    };
    (ending, Endings(endings))
}

impl Endings {
    /// Whether the next one that ends comes to its end.
    async fn next(&mut self) -> bool {
        timeout(TEST_TIMEOUT, self.0.recv()).await.unwrap().unwrap()
    }
}

impl Server {
    async fn start() -> Self {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let ((work_ending, work), (call_ending, connection)) = (endings(), endings());
        let (started, released) = (Arc::clone(&begun), Arc::clone(&go_on));
        let halting = move || async move {
            let ending = work_ending();
            started.notify_one();
            released.notified().await;
            ending.come();
        };
        let notice = move |request: Request, next: Next| {
            let ending = call_ending();
            async move {
                let response: Response = next.run(request).await;
                ending.come();
                response
            }
        };
        let router = finish(Router::new().route("/work", any(halting)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (lifecycle, router) = (
            Lifecycle::default(),
            router.layer(middleware::from_fn(notice)),
        );
        let tasks = lifecycle.tasks();
        tasks.spawn_vital(
            "server",
            http_server::serve(listener, router, tasks.clone()),
        );
        Self {
            address,
            lifecycle,
            begun,
            go_on,
            work,
            connection,
        }
    }

    /// A client calls, and hangs up when the work has begun; the server has noticed it.
    async fn call_and_hang_up(&mut self, method: &str) {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        let request = format!("{method} /work HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        let begun = self.begun.notified();
        timeout(TEST_TIMEOUT, begun).await.unwrap();
        drop(client);
        assert!(!self.connection.next().await);
    }
}

#[tokio::test]
async fn p4_a_call_that_began_is_carried_out_whoever_hangs_up() {
    let mut server = Server::start().await;
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        server.call_and_hang_up(method).await;
        server.go_on.notify_one();
        assert!(server.work.next().await, "{method}");
    }
}

#[tokio::test]
async fn a_call_that_only_reads_is_given_up_when_its_client_hangs_up() {
    let mut server = Server::start().await;
    for method in ["GET", "HEAD"] {
        server.call_and_hang_up(method).await;
        assert!(!server.work.next().await, "{method}");
    }
}

#[tokio::test]
async fn p4_a_process_that_stops_waits_for_the_call_of_a_client_that_hung_up() {
    let mut server = Server::start().await;
    server.call_and_hang_up("POST").await;
    let stop = Notify::new();
    stop.notify_one();
    // The second signal, which would end the process at once, never comes.
    let signal = || async {
        stop.notified().await;
    };
    let mut running = Box::pin(server.lifecycle.run_until(signal));
    let early = timeout(Duration::from_millis(200), &mut running).await;
    assert!(early.is_err(), "the process did not wait");
    server.go_on.notify_one();
    timeout(TEST_TIMEOUT, running).await.unwrap().unwrap();
    assert!(server.work.next().await);
}
