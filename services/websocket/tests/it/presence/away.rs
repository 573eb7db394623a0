//! Presence while Redis or the read side is away.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use colloquy_chassis::ServiceName;
use colloquy_contracts::{CustomerId, presence::online_sessions, views::ChatRoomView};
use colloquy_service_api::{CallError, RoomsOfCustomer};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::{ROOM_1, carol, pushed_to};
use crate::harness::{
    ALICE, BOB, CAROL, Node, Rooms, client::Client, events::message, ground::Shared,
};

/// Forwards connections to Redis while it is open.
struct Proxy {
    port: u16,
    open: tokio::sync::watch::Sender<bool>,
    _passing: JoinSet<()>,
}

impl Proxy {
    async fn shut() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open, mut is_open) = tokio::sync::watch::channel(false);
        let redis = std::env::var("COLLOQUY_TEST_REDIS")
            .expect("run the tests with `cargo xtask test`, which starts the real parts");
        let redis = redis.trim_start_matches("redis://").to_owned();
        let mut passing = JoinSet::new();
        passing.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    connection = listener.accept() => {
                        let (mut inside, _) = connection.unwrap();
                        if *is_open.borrow() {
                            let mut outside = TcpStream::connect(&redis).await.unwrap();
                            connections.spawn(async move {
                                copy_bidirectional(&mut inside, &mut outside).await
                            });
                        }
                    }
                    _ = is_open.changed() => connections.shutdown().await,
                }
            }
        });
        Self {
            port,
            open,
            _passing: passing,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f17_chat_goes_on_while_redis_is_away_and_presence_is_pushed_when_it_is_back() {
    let proxy = Proxy::shut().await;
    let shared = Shared::redis_at(format!("redis://127.0.0.1:{}", proxy.port));
    let node = Node::on(&shared.ground).await;
    let mut carol = carol(&node).await;
    carol.subscribe("0", "/topic/message/roomId/1").await;
    let alice = Client::connected(node.address, ALICE).await;
    shared.ground.log.add(message(1, 1)).await;
    assert_eq!(carol.seq().await, 1);

    proxy.open.send_replace(true);
    shared.occupied(&online_sessions(ALICE), true).await;
    let bob = Client::connected(node.address, BOB).await;
    // When the watch began Alice may have been online already: then there was no notice.
    let mut first = pushed_to(&mut carol).await;
    if first == (ALICE, true) {
        first = pushed_to(&mut carol).await;
    }
    assert_eq!(first, (BOB, true));

    proxy.open.send_replace(false);
    shared.ground.log.add(message(1, 2)).await;
    assert_eq!(carol.seq().await, 2);
    drop(alice);
    drop(bob);
    proxy.open.send_replace(true);
    shared.occupied(&online_sessions(ALICE), false).await;
    shared.occupied(&online_sessions(BOB), false).await;
}

/// A read side that answers only once this is set.
struct Reachable(Arc<AtomicBool>);

#[async_trait]
impl RoomsOfCustomer for Reachable {
    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
        if self.0.load(Ordering::SeqCst) {
            Rooms.rooms_of(customer).await
        } else {
            Err(CallError::Unavailable(ServiceName::ChatQuery, None))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_subscriber_receives_the_states_later_if_rooms_could_not_be_read() {
    let reachable = Arc::new(AtomicBool::new(false));
    let mut shared = Shared::embedded();
    shared.ground.rooms = Arc::new(Reachable(Arc::clone(&reachable)));
    let node = Node::on(&shared.ground).await;
    let mut carol = carol(&node).await;
    let _alice = Client::connected(node.address, ALICE).await;
    shared.occupied(&online_sessions(ALICE), true).await;

    reachable.store(true, Ordering::SeqCst);
    let now = [pushed_to(&mut carol).await, pushed_to(&mut carol).await];
    assert_eq!(now, [(ALICE, true), (BOB, false)]);
    let _bob = Client::connected(node.address, BOB).await;
    assert_eq!(pushed_to(&mut carol).await, (BOB, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn f12_a_subscriber_does_not_wait_for_a_read_side_that_is_known_to_be_away() {
    let mut shared = Shared::embedded();
    shared.ground.rooms = Arc::new(Reachable(Arc::default()));
    let node = Node::on(&shared.ground).await;
    let mut carol = Client::connected(node.address, CAROL).await;
    let begin = tokio::time::Instant::now();
    for id in 0..100 {
        carol.subscribe(&id.to_string(), ROOM_1).await;
    }
    assert!(begin.elapsed() < Duration::from_secs(5));
}
