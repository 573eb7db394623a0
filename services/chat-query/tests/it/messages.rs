//! `/message/…`: history.

use std::sync::Arc;

use colloquy_contracts::{RoomId, Seq};
use serde_json::{Value, json};

use crate::{
    events::{CREATOR, MEMBER, OUTSIDER, appended, message_id, message_sent, room_created},
    service::{Parts, Service, Truth, eventually},
};

/// Room 1 with 45 messages.
async fn a_long_room() -> (Parts, Service) {
    let parts = Parts::embedded().await;
    let mut events = vec![room_created(1)];
    events.extend((1..=45).map(|seq| message_sent(1, seq, CREATOR)));
    parts.append(&appended(&events)).await;
    let service = parts.start();
    eventually(async || parts.store.highest_seq(RoomId(1)).await.unwrap() == Some(Seq(45))).await;
    (parts, service)
}

fn seqs(data: &Value) -> Vec<i64> {
    let messages = data.as_array().unwrap();
    messages
        .iter()
        .map(|one| one["seq"].as_i64().unwrap())
        .collect()
}

fn down(from: i64, to: i64) -> Vec<i64> {
    (to..=from).rev().collect()
}

#[tokio::test]
async fn history_is_paged_by_20_newest_first() {
    let (_parts, service) = a_long_room().await;
    let index = |seq| format!("/message/roomId/1/index/{}", message_id(1, seq));
    for (path, expected) in [
        ("/message/roomId/1".to_owned(), down(45, 26)),
        (index(26), down(25, 6)),
        (index(6), down(5, 1)),
        (index(1), vec![]),
        (
            "/message/roomId/1/index/9223372036854775807".to_owned(),
            down(45, 26),
        ),
        ("/message/roomId/1/index/-1".to_owned(), vec![]),
    ] {
        let page = service.get(MEMBER, &path).await.ok();
        assert_eq!(seqs(&page), expected, "{path}");
    }
    let newest = service.get(MEMBER, "/message/roomId/1?limit=1").await.ok();
    assert_eq!(
        newest,
        json!([{
            "messageId": 450_001, "roomId": 1, "senderId": 1, "senderFullName": "Customer 1",
            "content": "message 45", "sentAt": "1970-01-01T00:00:10.045Z", "seq": 45, "clientKey": null,
        }])
    );
}

#[tokio::test]
async fn a_client_may_wish_how_much_and_from_where() {
    let (_parts, service) = a_long_room().await;
    for (query, expected) in [
        ("limit=3", down(45, 43)),
        ("limit=100", down(45, 1)),
        ("afterSeq=40", down(45, 41)),
        ("afterSeq=40&limit=2", down(45, 44)),
        ("afterSeq=45", vec![]),
        ("unknown=1", down(45, 26)),
    ] {
        let page = service
            .get(MEMBER, &format!("/message/roomId/1?{query}"))
            .await
            .ok();
        assert_eq!(seqs(&page), expected, "{query}");
    }
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "afterSeq=x",
        "minSeq=",
    ] {
        let refusal = service
            .get(MEMBER, &format!("/message/roomId/1?{query}"))
            .await;
        assert_eq!(refusal.refused(), 400, "{query}");
    }
}

#[tokio::test]
async fn decision_11_outsiders_are_refused_whether_or_not_the_room_exists() {
    let (_parts, service) = a_long_room().await;
    for path in [
        "/message/roomId/1",
        "/message/roomId/1/index/5",
        "/message/roomId/404",
    ] {
        assert_eq!(service.get(OUTSIDER, path).await.refused(), 403, "{path}");
    }
}

#[tokio::test]
async fn decision_11_a_member_of_a_room_not_yet_projected_gets_an_empty_list() {
    let parts = Parts::embedded().await;
    let truth = Truth {
        members: [(RoomId(5), MEMBER)].into(),
        is_down: false,
    };
    let service = Service::start(Arc::clone(&parts.store), Arc::clone(&parts.log), truth);
    assert_eq!(
        service.get(MEMBER, "/message/roomId/5").await.ok(),
        json!([])
    );
    assert_eq!(
        service.get(MEMBER, "/message/roomId/5/index/9").await.ok(),
        json!([])
    );
}

#[tokio::test]
async fn decision_11_undecided_membership_is_503_and_no_refusal() {
    let parts = Parts::embedded().await;
    let truth = Truth {
        is_down: true,
        ..Truth::default()
    };
    let service = Service::start(Arc::clone(&parts.store), Arc::clone(&parts.log), truth);
    let answer = service.get(MEMBER, "/message/roomId/5").await;
    assert!(answer.retry_after);
    assert_eq!(answer.refused(), 503);
}

#[tokio::test]
async fn decision_12_a_query_waits_until_the_view_has_the_seq() {
    let (parts, service) = a_long_room().await;
    let waiting = service.get(MEMBER, "/message/roomId/1?minSeq=46&limit=1");
    let events = appended(&[message_sent(1, 46, CREATOR)]);
    let (page, ()) = tokio::join!(waiting, parts.append(&events));
    assert_eq!(seqs(&page.ok()), [46]);
}

#[tokio::test]
async fn decision_12_another_instance_may_be_the_one_that_projects() {
    let (parts, projecting) = a_long_room().await;
    let elsewhere = Parts::embedded().await;
    let idle = elsewhere.start_with(Arc::clone(&parts.store), Arc::clone(&elsewhere.log));
    let waiting = idle.get(MEMBER, "/message/roomId/1?minSeq=46&limit=1");
    let events = appended(&[message_sent(1, 46, CREATOR)]);
    let (page, ()) = tokio::join!(waiting, parts.append(&events));
    assert_eq!(seqs(&page.ok()), [46]);
    projecting.end().await;
}

#[tokio::test]
async fn decision_12_a_seq_below_the_first_one_is_not_waited_for() {
    let parts = Parts::embedded().await;
    parts.append(&appended(&[room_created(1)])).await;
    let service = parts.start();
    eventually(async || parts.store.is_member(RoomId(1), MEMBER).await.unwrap()).await;
    for seq in ["0", "-1", "-9223372036854775808"] {
        let path = format!("/message/roomId/1?minSeq={seq}");
        assert_eq!(service.get(MEMBER, &path).await.ok(), json!([]), "{seq}");
    }
}

#[tokio::test]
async fn decision_12_a_seq_that_does_not_come_is_503_after_2_s() {
    let (_parts, service) = a_long_room().await;
    let asked = tokio::time::Instant::now();
    let answer = service.get(MEMBER, "/message/roomId/1?minSeq=46").await;
    assert!(answer.retry_after);
    assert_eq!(answer.refused(), 503);
    let waited = asked.elapsed().as_secs_f64();
    assert!((1.9..4.0).contains(&waited), "waited {waited} s");
}
