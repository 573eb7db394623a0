//! Views that are gone come back by themselves (F14): in MongoDB, while the positions of the group are in Kafka. Embedded
//! they go with the views.

mod kafka_and_mongodb {
    use std::{collections::HashSet, time::Duration};

    use colloquy_chat_query::view_store::{Page, ViewWrite};
    use colloquy_contracts::{RoomId, Seq, events::WriteEvent};
    use tokio::time::sleep;

    use crate::{
        events::{CREATOR, MEMBER, appended, folded, marker_moved, message_sent, room_created},
        rebuild::{digest, run_rebuild},
        service::{Announcements, Parts, Service, eventually},
    };

    const ROOMS: i64 = 4;
    const EVERYTHING: Page = Page {
        before: None,
        after_seq: None,
        limit: 10_000,
    };

    fn everything(seqs: std::ops::RangeInclusive<i64>) -> Vec<WriteEvent> {
        let mut events: Vec<_> = (1..=ROOMS).map(room_created).collect();
        for seq in seqs {
            events.extend((1..=ROOMS).map(|room| message_sent(room, seq, CREATOR)));
            events.extend((1..=ROOMS).map(|room| marker_moved(room, MEMBER, seq)));
        }
        events
    }

    async fn equals(parts: &Parts, expected: &[u8]) {
        eventually(async || digest(parts.store.as_ref()).await == expected).await;
    }

    async fn as_the_log_says(parts: &Parts) -> Vec<u8> {
        let (afresh, _folder) = parts.projected_afresh().await;
        digest(afresh.as_ref()).await
    }

    /// The announcements, and the ids of those that came.
    struct Announced {
        announcements: Announcements,
        ids: HashSet<String>,
    }

    impl Announced {
        /// Reads announcements until a room has come so far. Nothing of another room is announced twice.
        async fn until(&mut self, room: i64, seq: i64) {
            loop {
                let (id, view) = self.announcements.next(1).await.remove(0);
                let is_first = self.ids.insert(id.clone());
                assert!(
                    is_first || view["roomId"] == room,
                    "{id} is announced twice"
                );
                if view["roomId"] == room && view["lastMessage"]["seq"] == seq {
                    return;
                }
            }
        }
    }

    /// Appends rooms and messages, and waits until they are in the views and announced.
    async fn fill(parts: &Parts, service: &Service) -> Announced {
        let mut announced = Announced {
            announcements: parts.announcements().await,
            ids: HashSet::new(),
        };
        service.is_ready().await;
        parts.append(&appended(&everything(1..=30))).await;
        equals(parts, &as_the_log_says(parts).await).await;
        for room in 1..=ROOMS {
            parts
                .append(&appended(&[message_sent(room, 31, MEMBER)]))
                .await;
            announced.until(room, 31).await;
        }
        equals(parts, &as_the_log_says(parts).await).await;
        announced
    }

    /// Without another event, and without an operator.
    #[tokio::test(flavor = "multi_thread")]
    async fn f14_views_wiped_while_the_projector_runs_come_back_and_are_not_announced_again() {
        let parts = Parts::distributed().await;
        let service = parts.start();
        let mut announced = fill(&parts, &service).await;
        parts.wipe().await;
        equals(&parts, &as_the_log_says(&parts).await).await;
        parts
            .append(&appended(&[message_sent(1, 32, MEMBER)]))
            .await;
        announced.until(1, 32).await;

        // Now it is an event that meets wiped views.
        parts.wipe().await;
        parts
            .append(&appended(&[message_sent(1, 33, MEMBER)]))
            .await;
        announced.until(1, 33).await;
        equals(&parts, &as_the_log_says(&parts).await).await;
        service.end().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn f14_a_fresh_database_is_filled_and_nothing_is_announced_again() {
        let parts = Parts::distributed().await;
        let service = parts.start();
        let mut announced = fill(&parts, &service).await;
        service.end().await;
        let parts = parts.with_a_fresh_database().await;
        let service = parts.start();
        equals(&parts, &as_the_log_says(&parts).await).await;
        parts
            .append(&appended(&[message_sent(1, 32, MEMBER)]))
            .await;
        announced.until(1, 32).await;
        service.end().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn f14_a_fresh_database_is_filled_by_two_at_once() {
        let parts = Parts::distributed().await;
        let service = parts.start();
        fill(&parts, &service).await;
        service.end().await;
        let parts = parts.with_a_fresh_database().await;
        let services = [parts.start(), parts.start()];
        equals(&parts, &as_the_log_says(&parts).await).await;
        for service in services {
            service.end().await;
        }
    }

    /// Whatever is under way when the views go, and whichever projector dies while they come back.
    #[tokio::test(flavor = "multi_thread")]
    async fn f14_views_wiped_under_load_by_turns_with_projectors_are_whole_in_the_end() {
        const MESSAGES: i64 = 200;
        let parts = Parts::distributed().await;
        let mut announcements = parts.announcements().await;
        let steady = parts.start();
        steady.is_ready().await;
        parts.append(&appended(&everything(1..=1))).await;
        let writing = async {
            for seq in 2..=MESSAGES {
                let events: Vec<_> = (1..=ROOMS)
                    .map(|room| message_sent(room, seq, CREATOR))
                    .collect();
                parts.append(&appended(&events)).await;
                sleep(Duration::from_millis(10)).await;
            }
        };
        let wiping = async {
            for _ in 0..3 {
                let passing = parts.start();
                sleep(Duration::from_millis(600)).await;
                parts.wipe().await;
                sleep(Duration::from_millis(100)).await;
                passing.end().await;
            }
        };
        tokio::join!(writing, wiping);
        equals(&parts, &as_the_log_says(&parts).await).await;
        // The last state of every room was announced in the end.
        let mut left: Vec<_> = (1..=ROOMS).collect();
        while !left.is_empty() {
            let (_, view) = announcements.next(1).await.remove(0);
            if view["lastMessage"]["seq"] == MESSAGES {
                left.retain(|room| view["roomId"] != *room);
            }
        }
        steady.end().await;
    }

    /// Views of a version that noted nothing are read into once more: they show what they did all the while, also what the
    /// log holds no more.
    #[tokio::test(flavor = "multi_thread")]
    async fn f14_views_of_an_older_version_lose_nothing_even_if_the_log_has() {
        const OLD: RoomId = RoomId(77);
        let parts = Parts::distributed().await;
        let events = [room_created(OLD.0), message_sent(OLD.0, 1, CREATOR)];
        let WriteEvent::MessageSent(message) = &events[1] else {
            panic!("a message");
        };
        let only_here = ViewWrite {
            messages: vec![message.clone()],
            markers: Vec::new(),
            rooms: vec![folded(&events)],
            parked: Vec::new(),
            announcements: Vec::new(),
            position: None,
        };
        parts.store.save(&only_here).await.unwrap();
        assert_eq!(parts.store.lost_partitions(&[0, 1]).await.unwrap(), [0, 1]);
        let service = parts.start();
        parts.append(&appended(&everything(1..=5))).await;
        for room in (1..=ROOMS).map(RoomId) {
            eventually(async || parts.store.highest_seq(room).await.unwrap() == Some(Seq(5))).await;
        }
        let noted = async || {
            parts
                .store
                .lost_partitions(&[0, 1])
                .await
                .unwrap()
                .is_empty()
        };
        eventually(noted).await;
        let history = parts.store.history(OLD, EVERYTHING).await.unwrap();
        assert_eq!(history, only_here.messages);
        assert!(parts.store.is_member(OLD, MEMBER).await.unwrap());
        service.end().await;
    }

    /// A rebuild of what the projector is about to read again: neither harms the other.
    #[tokio::test(flavor = "multi_thread")]
    async fn f14_wiped_views_may_be_rebuilt_by_an_operator_at_the_same_time() {
        let parts = Parts::distributed().await;
        let service = parts.start();
        let mut announced = fill(&parts, &service).await;
        parts.wipe().await;
        run_rebuild(&parts).await;
        equals(&parts, &as_the_log_says(&parts).await).await;
        parts
            .append(&appended(&[message_sent(1, 32, MEMBER)]))
            .await;
        announced.until(1, 32).await;
        assert_eq!(parts.store.lost_partitions(&[0, 1]).await.unwrap(), [0; 0]);
        service.end().await;
    }
}
