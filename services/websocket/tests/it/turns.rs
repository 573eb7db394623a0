//! What one client sends does not keep it from what is pushed to it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, views::ChatRoomView};
use colloquy_service_api::{CallError, RoomsOfCustomer};

use crate::{
    harness::{ALICE, BOB, Node, client::Client, events::message, ground::Shared},
    sockjs::browser::Browser,
};

const ROOM: &str = "/topic/message/roomId/1";

/// Never answers; how often it was asked, and how often the caller has given up.
#[derive(Clone, Default)]
struct Silent {
    asked: Arc<AtomicUsize>,
    given_up: Arc<AtomicUsize>,
}

struct Asking(Arc<AtomicUsize>);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl RoomsOfCustomer for Silent {
    async fn rooms_of(&self, _: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let _asking = Asking(Arc::clone(&self.given_up));
        std::future::pending().await
    }
}

fn subscribe(id: u32, destination: &str) -> String {
    format!("SUBSCRIBE\nid:{id}\ndestination:{destination}\nreceipt:{id}\n\n\0")
}

/// A room's messages at once, and then what takes long, because no service says who is in the room.
fn quick_and_slow() -> [String; 2] {
    [
        subscribe(1, ROOM),
        subscribe(2, "/topic/onlineStatus/roomId/1"),
    ]
}

async fn node() -> (Node, Shared, Silent) {
    node_that_pings_after(Duration::from_secs(25)).await
}

async fn node_that_pings_after(ping_after: Duration) -> (Node, Shared, Silent) {
    let (mut shared, rooms) = (Shared::embedded(), Silent::default());
    shared.ground.settings.ping_after = ping_after;
    shared.ground.rooms = Arc::new(rooms.clone());
    (Node::on(&shared.ground).await, shared, rooms)
}

#[tokio::test]
async fn stomp_h3_what_waits_is_written_between_the_frames_of_one_message() {
    let (node, _shared, rooms) = node().await;
    let mut client = Client::connected(node.address, ALICE).await;
    client.say(&quick_and_slow().concat()).await;
    assert_eq!(client.frame().await, "RECEIPT\nreceipt-id:1\n\n");
    assert_eq!(rooms.given_up.load(Ordering::SeqCst), 0);
    assert_eq!(client.frame().await, "RECEIPT\nreceipt-id:2\n\n");
}

#[tokio::test]
async fn stomp_h3_what_waits_is_written_between_the_frames_of_one_xhr_send() {
    let (node, _shared, rooms) = node().await;
    let browser = Browser::of(&node, ALICE);
    browser.connect().await;
    let mut stream = browser.streaming().await;
    browser
        .say(&quick_and_slow().each_ref().map(String::as_str))
        .await;
    assert_eq!(stream.messages().await, ["RECEIPT\nreceipt-id:1\n\n\0"]);
    assert_eq!(rooms.given_up.load(Ordering::SeqCst), 0);
    assert_eq!(stream.messages().await, ["RECEIPT\nreceipt-id:2\n\n\0"]);
}

/// A second of patience for all of them together, and not for each.
#[tokio::test]
async fn f12_a_view_that_hangs_is_waited_for_once_however_many_subscribe() {
    let (node, shared, rooms) = node().await;
    let mut client = Client::connected(node.address, BOB).await;
    let many: String = (1..=30)
        .map(|id| subscribe(id, &format!("/topic/onlineStatus/roomId/{id}")))
        .collect();
    client.say(&many).await;
    client.say(&subscribe(31, ROOM)).await;
    for id in 1..=31 {
        let receipt = format!("RECEIPT\nreceipt-id:{id}\n\n");
        assert_eq!(client.frame().await, receipt);
    }
    // By its first subscriber, and since then by the task that tries on for all.
    assert!(rooms.asked.load(Ordering::SeqCst) <= 2);
    shared.ground.log.add(message(1, 1)).await;
    assert_eq!(client.seq().await, 1);
}

#[tokio::test]
async fn stomp_h1_a_client_that_is_not_read_meanwhile_is_not_silent() {
    // Twice that is less than the patience with a view that hangs.
    let (node, _shared, _rooms) = node_that_pings_after(Duration::from_millis(400)).await;
    let mut client = Client::connected(node.address, ALICE).await;
    for (id, destination) in [("1", "/topic/onlineStatus/roomId/1"), ("2", ROOM)] {
        client.subscribe(id, destination).await;
    }
}
