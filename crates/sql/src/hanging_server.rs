//! A PostgreSQL server that hangs, or a network that swallows, for the tests of stores: no connection is closed and no
//! error comes.

#![expect(
    clippy::unwrap_used,
    reason = "a part of tests, though it is no test itself"
)]

use std::{
    future::{Future, pending},
    net::SocketAddr,
    str::FromStr as _,
    time::Duration,
};

use colloquy_chassis::{Failure, Kind, Lifecycle, Tasks};
use sqlx::{Connection as _, PgPool, postgres::PgConnectOptions};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};

/// Within which every call is answered (promise P6).
pub const AN_ANSWER: Duration = Duration::from_secs(5);
/// Within which everything works again (promise P5).
pub const RECOVERY: Duration = Duration::from_secs(10);

const POLL_INTERVAL: Duration = Duration::from_millis(1);

/// A network between a pool and its server. It forwards connections, each to one of its own at the server.
pub struct Proxy {
    address: SocketAddr,
    /// Connections are numbered from 1 as they come; those up to this number are swallowed.
    swallowed: watch::Sender<usize>,
    accepted: watch::Receiver<usize>,
}

impl Proxy {
    /// A proxy in front of the server of this URL, and the URL that leads through it.
    ///
    /// # Panics
    /// The URL does not name the host and port of a server, or there is no port left.
    pub async fn before(url: &str) -> (Self, String) {
        let options = PgConnectOptions::from_str(url).unwrap();
        let server = format!("{}:{}", options.get_host(), options.get_port());
        let proxy = Self::start(server.clone()).await;
        let through = url.replace(&server, &proxy.address.to_string());
        assert_ne!(through, url, "the URL names host and port");
        (proxy, through)
    }

    /// From now on nothing is forwarded, of connections that are there and of those to come.
    pub fn swallow(&self) {
        self.swallowed.send_replace(usize::MAX);
    }

    /// Connections to come are forwarded again; those that are there stay as they are.
    pub fn forward_new_connections(&self) {
        self.swallowed.send_replace(*self.accepted.borrow());
    }

    async fn start(server: String) -> Self {
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
            let is_told = fate.wait_for(|swallowed| number <= *swallowed);
            if is_told.await.is_err() {
                // The test has ended; there is no receiver any more.
                pending::<()>().await;
            }
        };
        tokio::pin!(forwarding);
        tokio::select! {
            biased;
            () = swallowing => pending().await,
            () = &mut forwarding => {}
        }
    });
}

/// Opens every connection that the pool may have, and waits until all are idle at one moment. Those that hang must be
/// closed first, which takes some seconds.
///
/// # Panics
/// A connection is missing from the pool, or does not answer.
pub async fn fill(pool: &PgPool) {
    let connections = pool.options().get_max_connections() as usize;
    let filling = async {
        let mut all = Vec::new();
        while all.len() < connections {
            all.extend(pool.acquire().await);
        }
        for connection in &mut all {
            connection.ping().await.unwrap();
        }
        drop(all);
        while pool.num_idle() < connections {
            sleep(POLL_INTERVAL).await;
        }
    };
    let in_time = timeout(2 * RECOVERY, filling).await;
    in_time.expect("no connection is missing from the pool");
}

/// A call fails in time, and says that it may succeed later.
///
/// # Panics
/// It does not.
pub async fn fails_in_time<T, E: Failure>(what: &str, call: impl Future<Output = Result<T, E>>) {
    match timeout(AN_ANSWER, call).await {
        Ok(Err(error)) => assert_eq!(error.kind(), Kind::Unavailable, "{what}: {error}"),
        Ok(Ok(_)) => panic!("{what} succeeds, and the server hangs"),
        Err(_) => panic!("{what} is not answered"),
    }
}

/// A call succeeds again by itself.
///
/// # Panics
/// It does not.
pub async fn works_again<T, E>(what: &str, call: impl AsyncFn() -> Result<T, E>) -> T {
    let trying = async {
        loop {
            if let Ok(value) = call().await {
                return value;
            }
            sleep(POLL_INTERVAL).await;
        }
    };
    let in_time = timeout(RECOVERY, trying).await;
    in_time.unwrap_or_else(|_| panic!("{what} does not work again"))
}
