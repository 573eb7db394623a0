//! `/app/typing` and `/topic/typing/roomId/{roomId}` (contract §5, decision 31).

use std::time::Duration;

use colloquy_contracts::{RoomId, presence};
use colloquy_websocket::presence::Times;
use serde_json::json;
use tokio::time::Instant;

use crate::harness::{
    ALICE, BOB, Mortal, Node,
    client::Client,
    ground::{Shared, on_both_stores},
};

const ROOM_1: &str = "/topic/typing/roomId/1";

on_both_stores! {
    contract_5_typing_is_told_to_every_subscriber_when_it_begins_and_when_it_ends,
    contract_5_typing_ends_two_seconds_after_it_was_said_last,
    contract_5_typing_ends_with_the_session,
    contract_5_typing_of_two_sessions_ends_with_the_last,
    f23_typing_on_a_node_that_died_ends_within_three_seconds,
    f16_typing_ends_after_a_flush_too,
}

async fn subscribed(node: &Node, customer: colloquy_contracts::CustomerId) -> Client {
    let mut client = Client::connected(node.address, customer).await;
    client.subscribe("0", ROOM_1).await;
    client
}

async fn say(client: &mut Client, is_typing: &str) {
    let body = format!(r#"{{"roomId":1,"isTyping":{is_typing}}}"#);
    client
        .say(&format!("SEND\ndestination:/app/typing\n\n{body}\0"))
        .await;
}

async fn hears(client: &mut Client, typing: bool) {
    let body = client.body().await;
    assert_eq!(
        body,
        json!({"roomId": 1, "typing": typing, "customerId": 1})
    );
}

async fn contract_5_typing_is_told_to_every_subscriber_when_it_begins_and_when_it_ends(
    shared: Shared,
) {
    let (first, second) = (
        Node::on(&shared.ground).await,
        Node::on(&shared.ground).await,
    );
    let mut alice = subscribed(&first, ALICE).await;
    let mut tab = subscribed(&second, ALICE).await;
    let mut bob = subscribed(&second, BOB).await;
    for (begins, ends) in [("1", "0"), ("true", "false")] {
        // Said again it is nothing new; ended without having begun, too.
        for (is_typing, typing) in [(begins, true), (ends, false)] {
            say(&mut alice, is_typing).await;
            say(&mut alice, is_typing).await;
            for client in [&mut alice, &mut tab, &mut bob] {
                hears(client, typing).await;
            }
        }
    }
}

async fn contract_5_typing_ends_two_seconds_after_it_was_said_last(shared: Shared) {
    let node = Node::on(&shared.ground).await;
    let mut alice = subscribed(&node, ALICE).await;
    say(&mut alice, "1").await;
    hears(&mut alice, true).await;
    let typing = presence::typing(RoomId(1), ALICE);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(900)).await;
        say(&mut alice, "1").await;
    }
    let last = Instant::now();
    assert!(!shared.store.members(&typing).await.unwrap().is_empty());
    hears(&mut alice, false).await;
    let after = last.elapsed();
    let expected = Duration::from_millis(1_900)..Duration::from_millis(3_000);
    assert!(expected.contains(&after), "{after:?}");
}

async fn contract_5_typing_ends_with_the_session(shared: Shared) {
    let shared = shared.with_times(endless());
    let node = Node::on(&shared.ground).await;
    let mut bob = subscribed(&node, BOB).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    say(&mut alice, "1").await;
    hears(&mut bob, true).await;
    drop(alice);
    hears(&mut bob, false).await;
}

async fn contract_5_typing_of_two_sessions_ends_with_the_last(shared: Shared) {
    let shared = shared.with_times(endless());
    let (first, second) = (
        Node::on(&shared.ground).await,
        Node::on(&shared.ground).await,
    );
    let mut bob = subscribed(&first, BOB).await;
    let mut phone = Client::connected(first.address, ALICE).await;
    let mut laptop = Client::connected(second.address, ALICE).await;
    let typing = presence::typing(RoomId(1), ALICE);
    let on_nodes = async |nodes| {
        while shared.store.members(&typing).await.unwrap().len() != nodes {
            tokio::task::yield_now().await;
        }
    };
    say(&mut phone, "1").await;
    hears(&mut bob, true).await;
    say(&mut laptop, "1").await;
    on_nodes(2).await;
    say(&mut phone, "0").await;
    on_nodes(1).await;
    say(&mut phone, "1").await;
    on_nodes(2).await;
    say(&mut laptop, "0").await;
    on_nodes(1).await;
    drop(phone);
    hears(&mut bob, false).await;
}

fn endless() -> Times {
    Times {
        typing: Duration::from_secs(3600),
        ..Times::default()
    }
}

async fn f23_typing_on_a_node_that_died_ends_within_three_seconds(shared: Shared) {
    let stays = Node::on(&shared.ground).await;
    let mut bob = subscribed(&stays, BOB).await;
    let dies = Mortal::on(&shared.ground).await;
    let mut alice = Client::connected(dies.node.address, ALICE).await;
    say(&mut alice, "1").await;
    hears(&mut bob, true).await;
    drop(dies);
    let died = Instant::now();
    hears(&mut bob, false).await;
    assert!(
        died.elapsed() < Duration::from_secs(3),
        "{:?}",
        died.elapsed()
    );
}

async fn f16_typing_ends_after_a_flush_too(shared: Shared) {
    let node = Node::on(&shared.ground).await;
    let mut alice = subscribed(&node, ALICE).await;
    say(&mut alice, "1").await;
    hears(&mut alice, true).await;
    let typing = presence::typing(RoomId(1), ALICE);
    shared.store.delete(&typing).await.unwrap();
    hears(&mut alice, false).await;
}
