//! A network between a client and a server that can swallow everything without closing anything.

use std::{future::pending, net::SocketAddr};

use colloquy_chassis::{Lifecycle, Tasks};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Forwards connections, each to one of its own at the server.
pub struct Proxy {
    pub address: SocketAddr,
    /// Connections are numbered from 1 as they come; those up to this number are swallowed.
    swallowed: watch::Sender<usize>,
    accepted: watch::Receiver<usize>,
}

impl Proxy {
    pub async fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (swallowed, fate) = watch::channel(0);
        let (numbers, accepted) = watch::channel(0);
        let tasks = Lifecycle::default().tasks();
        let connections = tasks.clone();
        tasks.spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                numbers.send_modify(|number| *number += 1);
                let number = *numbers.borrow();
                forward(client, &server, number, fate.clone(), &connections);
            }
        });
        Self {
            address,
            swallowed,
            accepted,
        }
    }

    /// From now on nothing is forwarded, of connections that are there and of those to come.
    pub fn swallow(&self) {
        self.swallowed.send_replace(usize::MAX);
    }

    /// Connections to come are forwarded again; those that are there stay as they are.
    pub fn forward_new_connections(&self) {
        self.swallowed.send_replace(*self.accepted.borrow());
    }
}

fn forward(
    mut client: TcpStream,
    server: &str,
    number: usize,
    mut fate: watch::Receiver<usize>,
    tasks: &Tasks,
) {
    let server = server.to_owned();
    tasks.spawn(async move {
        let forwarding = async {
            let mut server = TcpStream::connect(server).await.unwrap();
            let _ = copy_bidirectional(&mut client, &mut server).await;
        };
        let swallowing = async {
            let swallowed = fate.wait_for(|swallowed| number <= *swallowed).await;
            assert!(swallowed.is_ok(), "the proxy is there until the test ends");
        };
        tokio::pin!(forwarding);
        tokio::select! {
            biased;
            () = swallowing => pending().await,
            () = &mut forwarding => {}
        }
    });
}
