//! Calls whose client no longer awaits the answer, to a service in the gateway's own process.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    routing::post,
};
use colloquy_api_gateway::InProcess;
use colloquy_chassis::{ServiceName, router::finish};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{Notify, mpsc},
    time::timeout,
};

use crate::{gateway::World, sockets::serve};

const TEST_TIMEOUT: Duration = Duration::from_secs(10);
const CALL: &str = "POST /auth/login HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n\r\n";

/// Auth, whose work halts on its way until it may go on.
struct Halting {
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
    done: mpsc::UnboundedReceiver<()>,
}

/// Tells when the server lets go of a call.
struct ReleaseOnDrop(Arc<Notify>);

impl Drop for ReleaseOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Halting {
    fn start() -> (World, Self) {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (effect, done) = mpsc::unbounded_channel();
        let (started, released) = (Arc::clone(&begun), Arc::clone(&go_on));
        let work = async move || {
            started.notify_one();
            released.notified().await;
            effect.send(()).unwrap();
        };
        let auth = finish(Router::new().route("/login", post(work)));
        let world = World::with(ServiceName::Auth, Arc::new(InProcess(auth)));
        (world, Self { begun, go_on, done })
    }

    async fn begins(&self) {
        timeout(TEST_TIMEOUT, self.begun.notified()).await.unwrap();
    }

    /// The work goes on, and is done.
    async fn is_done(&mut self) {
        self.go_on.notify_one();
        timeout(TEST_TIMEOUT, self.done.recv())
            .await
            .unwrap()
            .unwrap();
    }
}

#[tokio::test]
async fn p4_a_call_that_began_is_carried_out_though_its_client_hangs_up() {
    let (world, mut auth) = Halting::start();
    let let_go = Arc::new(Notify::new());
    let noticed = Arc::clone(&let_go);
    let notice = move |request: Request, next: Next| {
        let held = ReleaseOnDrop(Arc::clone(&let_go));
        async move {
            let response = next.run(request).await;
            drop(held);
            response
        }
    };
    let gateway = serve(world.router.clone().layer(middleware::from_fn(notice)));
    let mut client = TcpStream::connect(gateway).await.unwrap();
    client.write_all(CALL.as_bytes()).await.unwrap();
    auth.begins().await;
    drop(client);
    timeout(TEST_TIMEOUT, noticed.notified()).await.unwrap();
    auth.is_done().await;
}

#[tokio::test]
async fn p4_a_call_that_began_is_carried_out_though_the_gateway_gives_up() {
    let (world, mut auth) = Halting::start();
    let gateway = serve(world.router.clone());
    let mut client = TcpStream::connect(gateway).await.unwrap();
    client.write_all(CALL.as_bytes()).await.unwrap();
    auth.begins().await;
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    auth.is_done().await;
}
