//! What comes all at once: clients that read are not slow, and what they know in the end is right.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, views::ChatRoomView};
use colloquy_event_log::EventLog as _;
use colloquy_service_api::{CallError, RoomsOfCustomer};
use colloquy_websocket::Settings;
use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{
    ALICE, BOB, CAROL, Node,
    client::Client,
    events::long_message,
    ground::{Shared, online_status},
    memory_log::MemoryLog,
    room,
};

const MESSAGES: &str = "/topic/message/roomId/1";
const TYPING: &str = "/topic/typing/roomId/1";
const ONLINE: &str = "/topic/onlineStatus/roomId/1";

/// So many messages of 8,192 octets in one append.
pub async fn burst(log: &MemoryLog, messages: i64) {
    let text = || "x".repeat(8_192);
    let burst: Vec<_> = (1..=messages)
        .map(|seq| long_message(1, seq, text()))
        .collect();
    log.append(&burst).await.unwrap();
}

/// More than a queue holds, for many at once.
async fn every_reader_gets_all_of_a_burst() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut readers = Vec::new();
    for _ in 0..30 {
        let mut reader = Client::connected(node.address, ALICE).await;
        reader.subscribe("0", MESSAGES).await;
        readers.push(reader);
    }
    burst(&log, 200).await;
    let reading = readers.iter_mut().map(async |reader| {
        for seq in 1..=200 {
            assert_eq!(reader.seq().await, seq);
        }
    });
    join_all(reading).await;
}

#[tokio::test]
async fn b18_a_burst_reaches_all_who_read() {
    every_reader_gets_all_of_a_burst().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b18_a_burst_reaches_all_who_read_on_several_threads() {
    every_reader_gets_all_of_a_burst().await;
}

#[tokio::test]
async fn b19_decision_19_states_that_change_while_a_client_does_not_read_come_when_it_does() {
    let log = MemoryLog::default();
    let node = Node::narrow(&log, Settings::default()).await;
    let mut alice = Client::narrow(node.address, ALICE).await;
    alice.subscribe("0", MESSAGES).await;
    let mut carol = Client::connected(node.address, CAROL).await;
    for client in [&mut alice, &mut carol] {
        client.subscribe("1", TYPING).await;
        client.subscribe("2", ONLINE).await;
    }
    let online = |online: bool| json!({"customerId": BOB.0, "online": online});
    let typing = |typing: bool| json!({"roomId": 1, "typing": typing, "customerId": BOB.0});
    let say =
        |on: u8| format!("SEND\ndestination:/app/typing\n\n{{\"roomId\":1,\"isTyping\":{on}}}\0");
    let mut bob = Client::connected(node.address, BOB).await;
    bob.say(&say(1)).await;
    for client in [&mut alice, &mut carol] {
        until(client, &online(true)).await;
        until(client, &typing(true)).await;
    }

    // Less than a queue holds.
    burst(&log, 55).await;
    bob.say(&say(0)).await;
    until(&mut carol, &typing(false)).await;
    drop(bob);
    until(&mut carol, &online(false)).await;

    for seq in 1..=55 {
        assert_eq!(alice.seq().await, seq);
    }
    until(&mut alice, &typing(false)).await;
    until(&mut alice, &online(false)).await;
}

/// Reads on until this comes.
async fn until(client: &mut Client, body: &serde_json::Value) {
    while client.body().await != *body {}
}

const ROOMS: i64 = 250;
/// Alice, and eleven others.
const PEOPLE: i64 = 12;

/// All of them are in each of many rooms.
struct Together;

#[async_trait]
impl RoomsOfCustomer for Together {
    async fn rooms_of(&self, _: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
        let people: Vec<_> = (1..=PEOPLE).map(CustomerId).collect();
        Ok((1..=ROOMS).map(|id| room(id, &people)).collect())
    }
}

#[tokio::test]
async fn b19_decision_19_all_states_are_right_in_the_end_however_many_change_at_once() {
    let mut shared = Shared::embedded();
    shared.ground.rooms = Arc::new(Together);
    let node = Node::narrow_on(&shared.ground).await;
    let mut alice = Client::narrow(node.address, ALICE).await;
    for room in 1..=ROOMS {
        let destination = format!("/topic/onlineStatus/roomId/{room}");
        let subscribe = format!("SUBSCRIBE\nid:{room}\ndestination:{destination}\n\n\0");
        alice.say(&subscribe).await;
    }
    let subscribed = "SUBSCRIBE\nid:own\ndestination:/user/topic/rooms\nreceipt:r\n\n\0";
    alice.say(subscribed).await;
    while !alice.frame().await.starts_with("RECEIPT") {}
    let mut bob = Client::connected(node.address, BOB).await;
    bob.subscribe("0", ONLINE).await;

    let others: Vec<_> = (3..=PEOPLE).map(CustomerId).collect();
    let others = others
        .iter()
        .map(|customer| Client::connected(node.address, *customer));
    let _others = join_all(others).await;
    for _ in 3..=PEOPLE {
        online_status(&mut bob, BOB.0).await;
    }

    let mut states = HashMap::new();
    while states.len() < (ROOMS * (PEOPLE - 1)) as usize {
        let (room, customer, online) = online_status(&mut alice, ALICE.0).await;
        states.insert((room, customer), online);
    }
    assert!(states.values().all(|online| *online));
}
