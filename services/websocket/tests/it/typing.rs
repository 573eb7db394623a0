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
    contract_5_typing_is_told_to_every_subscriber_when_it_begins_and_when_it_ends,
    contract_5_typing_ends_two_seconds_after_it_was_said_last,
    contract_5_typing_ends_with_the_session,
    contract_5_typing_of_two_sessions_ends_with_the_last,
    decision_19_typing_that_was_told_is_not_told_again,
    f23_typing_on_a_node_that_died_ends_within_three_seconds,
    f16_typing_ends_after_a_flush_too,
    b21_stomp_s13_a_new_subscriber_hears_at_once_who_types_on_any_node,
    b21_stomp_s13_a_node_that_has_just_started_hears_of_those_who_type_on,
}

async fn subscribed(node: &Node, customer: CustomerId) -> Client {
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

/// What comes next is that Alice types, or no longer.
async fn hears(client: &mut Client, typing: bool) {
    hears_of(client, ALICE, typing).await;
}

async fn hears_of(client: &mut Client, customer: CustomerId, typing: bool) {
    let body = client.body().await;
    assert_eq!(
        body,
        json!({"roomId": 1, "typing": typing, "customerId": customer.0})
    );
}

/// The first Bob types and ends, and all of them hear nothing else meanwhile: what is told before he begins comes before
/// it, because a node tells in the order in which things happen in the store.
async fn nothing_else_was_told(bobs: &mut [Client]) {
    for (is_typing, typing) in [("1", true), ("0", false)] {
        say(&mut bobs[0], is_typing).await;
        for bob in &mut *bobs {
            hears_of(bob, BOB, typing).await;
        }
    }
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
    // Said again it is nothing new, and ended without having begun neither: the next that is heard would be another.
    for (is_typing, typing) in [
        ("1", true),
        ("0", false),
        ("true", true),
        ("false", false),
        ("1", true),
    ] {
        say(&mut alice, is_typing).await;
        say(&mut alice, is_typing).await;
        for client in [&mut alice, &mut tab, &mut bob] {
            hears(client, typing).await;
        }
    }
}

async fn contract_5_typing_ends_two_seconds_after_it_was_said_last(shared: Shared) {
    let node = Node::on(&shared.ground).await;
    let mut alice = subscribed(&node, ALICE).await;
    let mut bob = subscribed(&node, BOB).await;
    say(&mut alice, "1").await;
    hears(&mut bob, true).await;
    let mut last = Instant::now();
    for _ in 0..3 {
        // Less than the time after which it ends, but more than that in all.
        let told = timeout(Duration::from_millis(900), bob.frame()).await;
        assert!(told.is_err(), "{told:?}");
        last = Instant::now();
        say(&mut alice, "1").await;
    }
    hears(&mut bob, false).await;
    let after = last.elapsed();
    let expected = Duration::from_millis(1_900)..Duration::from_millis(3_000);
    assert!(expected.contains(&after), "{after:?}");
    nothing_else_was_told(from_mut(&mut bob)).await;
}

async fn contract_5_typing_ends_with_the_session(shared: Shared) {
    let shared = shared.with_times(endless());
    let node = Node::on(&shared.ground).await;
    let mut bob = subscribed(&node, BOB).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    say(&mut alice, "1").await;
    hears(&mut bob, true).await;
    nothing_else_was_told(from_mut(&mut bob)).await;
    drop(alice);
    hears(&mut bob, false).await;
    nothing_else_was_told(from_mut(&mut bob)).await;
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
    say(&mut phone, "1").await;
    hears(&mut bob, true).await;
    say(&mut laptop, "1").await;
    shared.nodes_in(&typing, 2).await;
    say(&mut phone, "0").await;
    shared.nodes_in(&typing, 1).await;
    nothing_else_was_told(from_mut(&mut bob)).await;
    say(&mut phone, "1").await;
    shared.nodes_in(&typing, 2).await;
    say(&mut laptop, "0").await;
    shared.nodes_in(&typing, 1).await;
    nothing_else_was_told(from_mut(&mut bob)).await;
    drop(phone);
    hears(&mut bob, false).await;
    nothing_else_was_told(from_mut(&mut bob)).await;
}

fn endless() -> Times {
    Times {
        typing: Duration::from_secs(3600),
        ..Times::default()
    }
}

/// The store tells an end as often as somebody leaves, and a beginning again after it lost what it held.
async fn decision_19_typing_that_was_told_is_not_told_again(shared: Shared) {
    let (near, far) = (
        Node::on(&shared.ground).await,
        Node::on(&shared.ground).await,
    );
    let mut bobs = [subscribed(&near, BOB).await, subscribed(&far, BOB).await];
    let typing = presence::typing(RoomId(1), ALICE);
    let set = Set::from(typing.as_str());
    for _ in 0..2 {
        for (begins, is_news) in [(true, true), (true, false), (false, true), (false, false)] {
            if begins {
                shared.store.delete(set.key).await.unwrap();
                let hour = Duration::from_secs(3600);
                shared.store.join(set, "elsewhere", hour).await.unwrap();
            } else {
                shared.store.leave(set, "elsewhere").await.unwrap();
            }
            if is_news {
                for bob in &mut bobs {
                    hears(bob, begins).await;
                }
            }
            nothing_else_was_told(&mut bobs).await;
        }
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
    nothing_else_was_told(from_mut(&mut bob)).await;
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

/// Subscribes, and hears that Alice types before the receipt.
async fn meets_alice(client: &mut Client, id: &str) {
    let subscribe = format!("SUBSCRIBE\nid:{id}\ndestination:{ROOM_1}\nreceipt:r\n\n\0");
    client.say(&subscribe).await;
    let met = client.frame().await;
    assert!(met.contains(&format!("\nsubscription:{id}\n")), "{met}");
    let (_, body) = met.split_once("\n\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        body,
        json!({"roomId": 1, "typing": true, "customerId": ALICE.0})
    );
    assert_eq!(client.frame().await, "RECEIPT\nreceipt-id:r\n\n");
}

async fn b21_stomp_s13_a_new_subscriber_hears_at_once_who_types_on_any_node(shared: Shared) {
    let shared = shared.with_times(endless());
    let (near, far) = (
        Node::on(&shared.ground).await,
        Node::on(&shared.ground).await,
    );
    let mut watchers = [subscribed(&near, BOB).await, subscribed(&far, BOB).await];
    let mut alice = Client::connected(near.address, ALICE).await;
    say(&mut alice, "1").await;
    for watcher in &mut watchers {
        hears(watcher, true).await;
    }
    let mut bobs = [
        Client::connected(near.address, BOB).await,
        Client::connected(far.address, BOB).await,
    ];
    for bob in &mut bobs {
        meets_alice(bob, "0").await;
        // Each subscription for itself.
        meets_alice(bob, "1").await;
        bob.say("UNSUBSCRIBE\nid:1\n\n\0").await;
    }
    say(&mut alice, "0").await;
    for bob in &mut bobs {
        hears(bob, false).await;
    }
    nothing_else_was_told(&mut bobs).await;
    // With no typist left the receipt comes first.
    subscribed(&far, BOB).await;
}

async fn b21_stomp_s13_a_node_that_has_just_started_hears_of_those_who_type_on(shared: Shared) {
    let shared = shared.with_times(endless());
    let first = Node::on(&shared.ground).await;
    let mut alice = subscribed(&first, ALICE).await;
    say(&mut alice, "1").await;
    hears(&mut alice, true).await;
    let second = Node::on(&shared.ground).await;
    let mut bob = subscribed(&second, BOB).await;
    say(&mut alice, "1").await;
    hears(&mut bob, true).await;
    nothing_else_was_told(&mut [bob, alice]).await;
}
