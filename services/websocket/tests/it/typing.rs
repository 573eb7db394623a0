//! `/app/typing` and `/topic/typing/roomId/{roomId}` (contract §5, decision 31).

use std::{slice::from_mut, time::Duration};

use colloquy_contracts::{CustomerId, RoomId, presence};
use colloquy_expiring_store::Set;
use colloquy_websocket::presence::Times;
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::harness::{
    ALICE, BOB, Mortal, Node,
    client::Client,
    ground::{Shared, on_both_stores},
};

const ROOM_1: &str = "/topic/typing/roomId/1";

on_both_stores! {
    contract_5_typing_is_pushed_to_every_subscriber_when_it_begins_and_when_it_ends,
    contract_5_typing_ends_two_seconds_after_its_last_frame,
    contract_5_typing_ends_with_the_session,
    contract_5_typing_of_two_sessions_ends_with_the_last,
    decision_19_typing_that_was_pushed_is_not_pushed_again,
    f23_typing_on_a_node_that_died_ends_within_three_seconds,
    f16_typing_ends_after_a_flush_too,
    b21_stomp_s13_a_new_subscriber_begins_with_the_typists_of_every_node,
    b21_stomp_s13_a_node_that_has_just_started_learns_of_earlier_typists,
}

async fn subscribed(node: &Node, customer: CustomerId) -> Client {
    let mut client = Client::connected(node.address, customer).await;
    client.subscribe("0", ROOM_1).await;
    client
}

async fn type_in(client: &mut Client, is_typing: &str) {
    let body = format!(r#"{{"roomId":1,"isTyping":{is_typing}}}"#);
    client
        .say(&format!("SEND\ndestination:/app/typing\n\n{body}\0"))
        .await;
}

/// The next push says that Alice is typing, or no longer.
async fn receives(client: &mut Client, typing: bool) {
    receives_of(client, ALICE, typing).await;
}

async fn receives_of(client: &mut Client, customer: CustomerId, typing: bool) {
    let body = client.body().await;
    assert_eq!(
        body,
        json!({"roomId": 1, "typing": typing, "customerId": customer.0})
    );
}

/// The first Bob types and ends, and all of them receive nothing else meanwhile: earlier pushes would come before, because
/// a node pushes in the order of the store's changes.
async fn nothing_else_was_pushed(bobs: &mut [Client]) {
    for (is_typing, typing) in [("1", true), ("0", false)] {
        type_in(&mut bobs[0], is_typing).await;
        for bob in &mut *bobs {
            receives_of(bob, BOB, typing).await;
        }
    }
}

async fn contract_5_typing_is_pushed_to_every_subscriber_when_it_begins_and_when_it_ends(
    shared: Shared,
) {
    let (first, second) = (
        Node::on(&shared.ground).await,
        Node::on(&shared.ground).await,
    );
    let mut alice = subscribed(&first, ALICE).await;
    let mut tab = subscribed(&second, ALICE).await;
    let mut bob = subscribed(&second, BOB).await;
    // Neither a repeat nor an end without a beginning is pushed: else the next push would be another.
    for (is_typing, typing) in [
        ("1", true),
        ("0", false),
        ("true", true),
        ("false", false),
        ("1", true),
    ] {
        type_in(&mut alice, is_typing).await;
        type_in(&mut alice, is_typing).await;
        for client in [&mut alice, &mut tab, &mut bob] {
            receives(client, typing).await;
        }
    }
}

async fn contract_5_typing_ends_two_seconds_after_its_last_frame(shared: Shared) {
    let node = Node::on(&shared.ground).await;
    let mut alice = subscribed(&node, ALICE).await;
    let mut bob = subscribed(&node, BOB).await;
    type_in(&mut alice, "1").await;
    receives(&mut bob, true).await;
    let mut last = Instant::now();
    for _ in 0..3 {
        // Less than the time after which it ends, but more than that in all.
        let frame = timeout(Duration::from_millis(900), bob.frame()).await;
        assert!(frame.is_err(), "{frame:?}");
        last = Instant::now();
        type_in(&mut alice, "1").await;
    }
    receives(&mut bob, false).await;
    let after = last.elapsed();
    let expected = Duration::from_millis(1_900)..Duration::from_millis(3_000);
    assert!(expected.contains(&after), "{after:?}");
    nothing_else_was_pushed(from_mut(&mut bob)).await;
}

async fn contract_5_typing_ends_with_the_session(shared: Shared) {
    let shared = shared.with_times(endless());
    let node = Node::on(&shared.ground).await;
    let mut bob = subscribed(&node, BOB).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    type_in(&mut alice, "1").await;
    receives(&mut bob, true).await;
    nothing_else_was_pushed(from_mut(&mut bob)).await;
    drop(alice);
    receives(&mut bob, false).await;
    nothing_else_was_pushed(from_mut(&mut bob)).await;
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
    type_in(&mut phone, "1").await;
    receives(&mut bob, true).await;
    type_in(&mut laptop, "1").await;
    shared.nodes_in(&typing, 2).await;
    type_in(&mut phone, "0").await;
    shared.nodes_in(&typing, 1).await;
    nothing_else_was_pushed(from_mut(&mut bob)).await;
    type_in(&mut phone, "1").await;
    shared.nodes_in(&typing, 2).await;
    type_in(&mut laptop, "0").await;
    shared.nodes_in(&typing, 1).await;
    nothing_else_was_pushed(from_mut(&mut bob)).await;
    drop(phone);
    receives(&mut bob, false).await;
    nothing_else_was_pushed(from_mut(&mut bob)).await;
}

fn endless() -> Times {
    Times {
        typing: Duration::from_secs(3600),
        ..Times::default()
    }
}

/// The store sends a notice at every leave of an empty set, and at the first join after it lost the set.
async fn decision_19_typing_that_was_pushed_is_not_pushed_again(shared: Shared) {
    let (near, far) = (
        Node::on(&shared.ground).await,
        Node::on(&shared.ground).await,
    );
    let mut bobs = [subscribed(&near, BOB).await, subscribed(&far, BOB).await];
    let typing = presence::typing(RoomId(1), ALICE);
    let set = Set::from(typing.as_str());
    for _ in 0..2 {
        for (begins, is_pushed) in [(true, true), (true, false), (false, true), (false, false)] {
            if begins {
                shared.store.delete(set.key).await.unwrap();
                let hour = Duration::from_secs(3600);
                shared.store.join(set, "elsewhere", hour).await.unwrap();
            } else {
                shared.store.leave(set, "elsewhere").await.unwrap();
            }
            if is_pushed {
                for bob in &mut bobs {
                    receives(bob, begins).await;
                }
            }
            nothing_else_was_pushed(&mut bobs).await;
        }
    }
}

async fn f23_typing_on_a_node_that_died_ends_within_three_seconds(shared: Shared) {
    let stays = Node::on(&shared.ground).await;
    let mut bob = subscribed(&stays, BOB).await;
    let dies = Mortal::on(&shared.ground).await;
    let mut alice = Client::connected(dies.node.address, ALICE).await;
    type_in(&mut alice, "1").await;
    receives(&mut bob, true).await;
    drop(dies);
    let died = Instant::now();
    receives(&mut bob, false).await;
    assert!(
        died.elapsed() < Duration::from_secs(3),
        "{:?}",
        died.elapsed()
    );
    nothing_else_was_pushed(from_mut(&mut bob)).await;
}

async fn f16_typing_ends_after_a_flush_too(shared: Shared) {
    let node = Node::on(&shared.ground).await;
    let mut alice = subscribed(&node, ALICE).await;
    type_in(&mut alice, "1").await;
    receives(&mut alice, true).await;
    let typing = presence::typing(RoomId(1), ALICE);
    shared.store.delete(&typing).await.unwrap();
    receives(&mut alice, false).await;
}

/// Subscribes, and receives that Alice is typing before the receipt.
async fn begins_with_alice(client: &mut Client, id: &str) {
    let subscribe = format!("SUBSCRIBE\nid:{id}\ndestination:{ROOM_1}\nreceipt:r\n\n\0");
    client.say(&subscribe).await;
    let first = client.frame().await;
    assert!(first.contains(&format!("\nsubscription:{id}\n")), "{first}");
    let (_, body) = first.split_once("\n\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        body,
        json!({"roomId": 1, "typing": true, "customerId": ALICE.0})
    );
    assert_eq!(client.frame().await, "RECEIPT\nreceipt-id:r\n\n");
}

async fn b21_stomp_s13_a_new_subscriber_begins_with_the_typists_of_every_node(shared: Shared) {
    let shared = shared.with_times(endless());
    let (near, far) = (
        Node::on(&shared.ground).await,
        Node::on(&shared.ground).await,
    );
    let mut watchers = [subscribed(&near, BOB).await, subscribed(&far, BOB).await];
    let mut alice = Client::connected(near.address, ALICE).await;
    type_in(&mut alice, "1").await;
    for watcher in &mut watchers {
        receives(watcher, true).await;
    }
    let mut bobs = [
        Client::connected(near.address, BOB).await,
        Client::connected(far.address, BOB).await,
    ];
    for bob in &mut bobs {
        begins_with_alice(bob, "0").await;
        // Each subscription for itself.
        begins_with_alice(bob, "1").await;
        bob.say("UNSUBSCRIBE\nid:1\n\n\0").await;
    }
    type_in(&mut alice, "0").await;
    for bob in &mut bobs {
        receives(bob, false).await;
    }
    nothing_else_was_pushed(&mut bobs).await;
    // With no typist left the receipt comes first.
    subscribed(&far, BOB).await;
}

async fn b21_stomp_s13_a_node_that_has_just_started_learns_of_earlier_typists(shared: Shared) {
    let shared = shared.with_times(endless());
    let first = Node::on(&shared.ground).await;
    let mut alice = subscribed(&first, ALICE).await;
    type_in(&mut alice, "1").await;
    receives(&mut alice, true).await;
    let second = Node::on(&shared.ground).await;
    let mut bob = subscribed(&second, BOB).await;
    type_in(&mut alice, "1").await;
    receives(&mut bob, true).await;
    nothing_else_was_pushed(&mut [bob, alice]).await;
}
