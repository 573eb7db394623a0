//! `/topic/onlineStatus/roomId/{roomId}` (contract §5, decision 19).

mod away;

use std::time::Duration;

use colloquy_contracts::{
    CustomerId,
    presence::{online_sessions, online_user},
};
use colloquy_expiring_store::Set;
use colloquy_websocket::presence::Times;
use tokio::time::Instant;

use crate::harness::{
    ALICE, BOB, CAROL, Mortal, Node,
    client::Client,
    ground::{Shared, on_both_stores, online_status},
    token,
};

const ROOM_1: &str = "/topic/onlineStatus/roomId/1";

on_both_stores! {
    contract_5_presence_lasts_from_the_first_session_to_the_last_on_any_node,
    contract_5_presence_is_pushed_to_the_rooms_of_that_customer_alone,
    contract_7_presence_is_stored_under_both_keys,
    decision_19_two_tabs_on_two_nodes_do_not_flap,
    decision_19_presence_that_was_pushed_is_not_pushed_again,
    decision_19_a_node_that_stops_takes_its_sessions_along,
    contract_5_extend_online_refreshes_presence,
    f23_presence_of_a_node_that_died_ends_once,
    f16_presence_is_back_soon_after_a_flush_and_not_pushed_again,
    f16_a_customer_who_goes_right_after_a_flush_goes_offline,
    f16_a_customer_who_is_lost_in_a_flush_with_their_node_goes_offline,
    stomp_n5_a_refused_connect_shows_nothing_of_its_customer,
    stomp_s7_strangers_cannot_subscribe_to_presence,
}

/// Carol, on this node, subscribed to the presence of room 1.
async fn carol(node: &Node) -> Client {
    let mut carol = Client::connected(node.address, CAROL).await;
    carol.subscribe("1", ROOM_1).await;
    carol
}

/// The next presence of another customer that Carol receives in room 1.
async fn pushed_to(carol: &mut Client) -> (CustomerId, bool) {
    let (room, customer, online) = online_status(carol, CAROL.0).await;
    assert_eq!(room, 1);
    (CustomerId(customer), online)
}

/// A customer comes online as on a node that then dies.
async fn show(shared: &Shared, customer: CustomerId) {
    let (key, marker) = (online_sessions(customer), online_user(customer));
    let set = Set {
        marker: Some(&marker),
        ..Set::from(key.as_str())
    };
    let members = shared.store.members(&key).await.unwrap();
    assert!(members.is_empty(), "or the store has no notice to send");
    let online = shared.ground.settings.presence.online;
    shared.store.join(set, "elsewhere", online).await.unwrap();
}

async fn contract_5_presence_lasts_from_the_first_session_to_the_last_on_any_node(shared: Shared) {
    let (first, second) = (
        Node::on(&shared.ground).await,
        Node::on(&shared.ground).await,
    );
    let mut near = carol(&first).await;
    let mut far = carol(&second).await;

    let phone = Client::connected(first.address, ALICE).await;
    for carol in [&mut near, &mut far] {
        assert_eq!(pushed_to(carol).await, (ALICE, true));
    }
    let laptop = Client::connected(second.address, ALICE).await;
    shared.nodes_in(&online_sessions(ALICE), 2).await;
    // Cut, without a word.
    drop(phone);
    shared.nodes_in(&online_sessions(ALICE), 1).await;
    let bob = Client::connected(first.address, BOB).await;
    for carol in [&mut near, &mut far] {
        assert_eq!(pushed_to(carol).await, (BOB, true));
    }
    drop(laptop);
    for carol in [&mut near, &mut far] {
        assert_eq!(pushed_to(carol).await, (ALICE, false));
    }
    drop(bob);
    for carol in [&mut near, &mut far] {
        assert_eq!(pushed_to(carol).await, (BOB, false));
    }
}

async fn contract_5_presence_is_pushed_to_the_rooms_of_that_customer_alone(shared: Shared) {
    let node = Node::on(&shared.ground).await;
    let mut carol = carol(&node).await;
    confirmed(
        &mut carol,
        "SUBSCRIBE\nid:2\ndestination:/topic/onlineStatus/roomId/2",
    )
    .await;
    let alice = Client::connected(node.address, ALICE).await;
    assert_eq!(online_status(&mut carol, CAROL.0).await, (1, ALICE.0, true));
    let bob = Client::connected(node.address, BOB).await;
    let mut rooms = [
        online_status(&mut carol, CAROL.0).await,
        online_status(&mut carol, CAROL.0).await,
    ];
    rooms.sort_unstable();
    assert_eq!(rooms, [(1, BOB.0, true), (2, BOB.0, true)]);

    confirmed(&mut carol, "UNSUBSCRIBE\nid:1").await;
    drop(alice);
    shared.occupied(&online_sessions(ALICE), false).await;
    drop(bob);
    assert_eq!(online_status(&mut carol, CAROL.0).await, (2, BOB.0, false));
}

/// Sends a frame and waits until it has taken effect, skipping the frames before its receipt.
async fn confirmed(client: &mut Client, frame: &str) {
    client.say(&format!("{frame}\nreceipt:done\n\n\0")).await;
    while client.frame().await != "RECEIPT\nreceipt-id:done\n\n" {}
}

async fn contract_7_presence_is_stored_under_both_keys(shared: Shared) {
    let node = Node::on(&shared.ground).await;
    let alice = Client::connected(node.address, ALICE).await;
    shared.occupied(&online_sessions(ALICE), true).await;
    let entry = shared
        .store
        .get(&online_user(ALICE))
        .await
        .unwrap()
        .unwrap();
    assert!(entry.remaining > Duration::from_secs(100), "{entry:?}");
    assert!(entry.remaining <= Duration::from_secs(120), "{entry:?}");
    drop(alice);
    shared.occupied(&online_sessions(ALICE), false).await;
    assert_eq!(shared.store.get(&online_user(ALICE)).await.unwrap(), None);
}

async fn decision_19_two_tabs_on_two_nodes_do_not_flap(shared: Shared) {
    let (first, second) = (
        Node::on(&shared.ground).await,
        Node::on(&shared.ground).await,
    );
    let mut carol = carol(&first).await;
    let mut tab = Client::connected(first.address, ALICE).await;
    assert_eq!(pushed_to(&mut carol).await, (ALICE, true));
    for round in 0..30 {
        let node = if round % 2 == 0 { &second } else { &first };
        let another = Client::connected(node.address, ALICE).await;
        shared.nodes_in(&online_sessions(ALICE), 2).await;
        drop(std::mem::replace(&mut tab, another));
        shared.nodes_in(&online_sessions(ALICE), 1).await;
    }
    let bob = Client::connected(second.address, BOB).await;
    assert_eq!(pushed_to(&mut carol).await, (BOB, true));
    drop(bob);
    assert_eq!(pushed_to(&mut carol).await, (BOB, false));
    drop(tab);
    assert_eq!(pushed_to(&mut carol).await, (ALICE, false));
}

/// The store sends a notice at every leave of an empty set, and at the first join after it lost the set.
async fn decision_19_presence_that_was_pushed_is_not_pushed_again(shared: Shared) {
    let (first, second) = (
        Node::on(&shared.ground).await,
        Node::on(&shared.ground).await,
    );
    let mut carols = [carol(&first).await, carol(&second).await];
    for _ in 0..2 {
        for (online, is_pushed) in [(true, true), (true, false), (false, true), (false, false)] {
            let sessions = online_sessions(ALICE);
            if online {
                shared.store.delete(&sessions).await.unwrap();
                show(&shared, ALICE).await;
            } else {
                let set = Set::from(sessions.as_str());
                shared.store.leave(set, "elsewhere").await.unwrap();
            }
            if is_pushed {
                for carol in &mut carols {
                    assert_eq!(pushed_to(carol).await, (ALICE, online));
                }
            }
            // Pushes from before he comes online arrive before his.
            let bob = Client::connected(second.address, BOB).await;
            for carol in &mut carols {
                assert_eq!(pushed_to(carol).await, (BOB, true));
            }
            drop(bob);
            for carol in &mut carols {
                assert_eq!(pushed_to(carol).await, (BOB, false));
            }
        }
    }
}

async fn decision_19_a_node_that_stops_takes_its_sessions_along(shared: Shared) {
    let (stays, stops) = (
        Node::on(&shared.ground).await,
        Node::on(&shared.ground).await,
    );
    let mut carol = carol(&stays).await;
    let mut alice = Client::connected(stops.address, ALICE).await;
    assert_eq!(pushed_to(&mut carol).await, (ALICE, true));
    tokio::join!(stops.stop(), async { alice.closed().await });
    assert_eq!(pushed_to(&mut carol).await, (ALICE, false));
}

async fn contract_5_extend_online_refreshes_presence(shared: Shared) {
    let shared = shared.with_times(Times {
        online: Duration::from_secs(2),
        renew: Duration::from_secs(4),
        ..Times::default()
    });
    let node = Node::on(&shared.ground).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    let sessions = online_sessions(ALICE);
    shared.occupied(&sessions, true).await;
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(3_500) {
        alice
            .say("SEND\ndestination:/app/extendOnline\n\nanything\0")
            .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let members = shared.store.members(&sessions).await.unwrap();
        assert!(!members.is_empty(), "after {:?}", begin.elapsed());
    }
}

fn brief() -> Times {
    Times {
        online: Duration::from_millis(1_500),
        renew: Duration::from_millis(200),
        ..Times::default()
    }
}

async fn f23_presence_of_a_node_that_died_ends_once(shared: Shared) {
    let shared = shared.with_times(brief());
    let stays = Node::on(&shared.ground).await;
    let mut carol = carol(&stays).await;
    let dies = Mortal::on(&shared.ground).await;
    let _alice = Client::connected(dies.node.address, ALICE).await;
    assert_eq!(pushed_to(&mut carol).await, (ALICE, true));
    for _ in 0..2 {
        // No node renews him, who came after her and for as long as she.
        show(&shared, BOB).await;
        assert_eq!(pushed_to(&mut carol).await, (BOB, true));
        assert_eq!(pushed_to(&mut carol).await, (BOB, false), "she is renewed");
    }

    drop(dies);
    assert_eq!(pushed_to(&mut carol).await, (ALICE, false));
    show(&shared, BOB).await;
    assert_eq!(pushed_to(&mut carol).await, (BOB, true), "she goes once");
}

async fn f16_presence_is_back_soon_after_a_flush_and_not_pushed_again(shared: Shared) {
    let shared = shared.with_times(brief());
    let node = Node::on(&shared.ground).await;
    let mut carol = carol(&node).await;
    let _alice = Client::connected(node.address, ALICE).await;
    assert_eq!(pushed_to(&mut carol).await, (ALICE, true));
    for _ in 0..3 {
        show(&shared, BOB).await;
        assert_eq!(pushed_to(&mut carol).await, (BOB, true));
        flush(&shared).await;
        // No node renews him. So once his end is pushed every state has been read.
        assert_eq!(pushed_to(&mut carol).await, (BOB, false));
        shared.occupied(&online_sessions(ALICE), true).await;
    }
    show(&shared, BOB).await;
    assert_eq!(pushed_to(&mut carol).await, (BOB, true));
}

/// As a flush does it: without a notice.
async fn flush(shared: &Shared) {
    for customer in [ALICE, BOB] {
        for key in [online_sessions(customer), online_user(customer)] {
            shared.store.delete(&key).await.unwrap();
        }
    }
}

async fn f16_a_customer_who_goes_right_after_a_flush_goes_offline(shared: Shared) {
    let node = Node::on(&shared.ground).await;
    let mut carol = carol(&node).await;
    let alice = Client::connected(node.address, ALICE).await;
    assert_eq!(pushed_to(&mut carol).await, (ALICE, true));
    flush(&shared).await;
    drop(alice);
    assert_eq!(pushed_to(&mut carol).await, (ALICE, false));
}

async fn f16_a_customer_who_is_lost_in_a_flush_with_their_node_goes_offline(shared: Shared) {
    let shared = shared.with_times(brief());
    let stays = Node::on(&shared.ground).await;
    let mut carol = carol(&stays).await;
    let _bob = Client::connected(stays.address, BOB).await;
    assert_eq!(pushed_to(&mut carol).await, (BOB, true));
    let dies = Mortal::on(&shared.ground).await;
    let _alice = Client::connected(dies.node.address, ALICE).await;
    assert_eq!(pushed_to(&mut carol).await, (ALICE, true));

    drop(dies);
    flush(&shared).await;
    assert_eq!(pushed_to(&mut carol).await, (ALICE, false));
}

async fn stomp_n5_a_refused_connect_shows_nothing_of_its_customer(shared: Shared) {
    let node = Node::on(&shared.ground).await;
    let mut carol = carol(&node).await;
    let mut refused = Client::with_cookie(node.address, &token(ALICE, -1)).await;
    refused.say("CONNECT\naccept-version:1.2\n\n\0").await;
    assert_eq!(refused.error().await.0, "authentication failed");
    let _bob = Client::connected(node.address, BOB).await;
    assert_eq!(pushed_to(&mut carol).await, (BOB, true));
    let members = shared.store.members(&online_sessions(ALICE)).await.unwrap();
    assert!(members.is_empty());
}

async fn stomp_s7_strangers_cannot_subscribe_to_presence(shared: Shared) {
    let node = Node::on(&shared.ground).await;
    for destination in [
        ROOM_1,
        "/topic/typing/roomId/1",
        "/topic/readMarkers/roomId/1",
    ] {
        let mut stranger = Client::connected(node.address, crate::harness::OUTSIDER).await;
        stranger
            .say(&format!("SUBSCRIBE\nid:0\ndestination:{destination}\n\n\0"))
            .await;
        assert_eq!(stranger.error().await.0, "not a member of this room");
    }
}
