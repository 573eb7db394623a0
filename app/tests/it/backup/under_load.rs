//! Backups under load, again and again. `COLLOQUY_TEST_TRIES` says how often; three times unless it does.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::scope,
};

use crate::{
    disk::{SOON, Session, System, eventually},
    operating::outbox,
};

use super::{backup, checked, printed, restore_with_sessions};

const SENDERS: usize = 3;

/// What the clients know was done.
#[derive(Default)]
struct Acknowledged {
    /// The contents of messages.
    messages: Mutex<BTreeSet<String>>,
    /// The cookies of sessions that were ended.
    ended: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

impl Acknowledged {
    fn messages(&self) -> BTreeSet<String> {
        self.messages.lock().unwrap().clone()
    }

    fn send(&self, session: &Session<'_>, room: &str, sender: usize) {
        let mut number = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            let content = format!("sender {sender} message {number}");
            // A refusal is no acknowledgement, and neither is it an error here.
            if session.send(room, &content).status == 200 {
                self.messages.lock().unwrap().insert(content);
            }
            number += 1;
        }
    }

    fn come_and_go(&self, system: &System) {
        while !self.is_over.load(Ordering::Relaxed) {
            let session = system.session();
            if session.post("/auth/logout", "").status == 200 {
                self.ended.lock().unwrap().push(session.cookie);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_before_a_backup_under_load_is_in_what_is_restored() {
    let tries = std::env::var("COLLOQUY_TEST_TRIES").map_or(3, |tries| tries.parse().unwrap());
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let system = System::start(&data);
    let session = system.session();
    let room = session.room();
    let acknowledged = Acknowledged::default();
    scope(|threads| {
        for sender in 0..SENDERS {
            let (session, room, acknowledged) = (&session, &room, &acknowledged);
            threads.spawn(move || acknowledged.send(session, room, sender));
        }
        threads.spawn(|| acknowledged.come_and_go(&system));
        // Ends the load also of a test that has failed.
        let _over = Over(&acknowledged.is_over);
        let mut at_last = 0;
        for number in 0..tries {
            let known = acknowledged.messages().len();
            eventually(SOON, "load", || acknowledged.messages().len() > known + 20);
            at_last = once(
                &acknowledged,
                &data,
                &parent.path().join(number.to_string()),
                &room,
            );
        }
        println!(
            "{tries} backups lack no message that was acknowledged before, {at_last} at the last one"
        );
    });
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How many messages were acknowledged before the backup.
fn once(acknowledged: &Acknowledged, data: &Path, place: &Path, room: &str) -> usize {
    std::fs::create_dir(place).unwrap();
    let (from, data_of_restored) = (place.join("backup"), place.join("restored"));
    let messages = acknowledged.messages();
    let ended = acknowledged.ended.lock().unwrap().last().cloned();
    printed(&backup(data, &from));
    assert!(
        acknowledged.messages().len() > messages.len(),
        "the load went on meanwhile"
    );
    checked(&from);
    printed(&restore_with_sessions(&from, &data_of_restored));
    let restored = System::start(&data_of_restored);
    let contents = contents(&data_of_restored, room);
    let missing: Vec<_> = messages.difference(&contents).collect();
    assert!(missing.is_empty(), "{missing:?}");
    if let Some(cookie) = ended {
        let session = Session {
            system: &restored,
            cookie,
        };
        assert_eq!(session.call("GET", "/query/rooms").status, 401);
    }
    let session = restored.session();
    let sent = session.send(room, "after");
    let seq = sent.between(r#""seq":"#, ",");
    assert_eq!(seq, (contents.len() + 1).to_string());
    eventually(SOON, "shown", || {
        session
            .history(room)
            .last()
            .is_some_and(|last| last == "after")
    });
    drop(restored);
    checked(&data_of_restored);
    std::fs::remove_dir_all(place).unwrap();
    messages.len()
}

/// The contents of the messages of `write.db`, whose seqs have no gaps.
fn contents(data: &Path, room: &str) -> BTreeSet<String> {
    let read = async {
        let written = outbox(data, "write.db").await;
        let rows: Vec<(i64, String)> =
            sqlx::query_as("SELECT seq, content FROM messages WHERE room_id = ?1 ORDER BY seq")
                .bind(room.parse::<i64>().unwrap())
                .fetch_all(&written.database().readers)
                .await
                .unwrap();
        crate::data_folder::close(written.database()).await;
        rows
    };
    let rows = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(read));
    let seqs = rows.iter().map(|(seq, _)| *seq);
    assert!(seqs.eq(1..=i64::try_from(rows.len()).unwrap()));
    rows.into_iter().map(|(_, content)| content).collect()
}
