//! The session without a socket: frames in, what is queued for the client out.

mod connecting;
mod ending;
mod identity;
mod sending;
mod subscribing;

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use bytes::Bytes;
use colloquy_chassis::{Clock, Lifecycle, ServiceName, clock::ManualClock};
use colloquy_contracts::{
    CustomerId, Destination, RoomId, SessionNumber, Timestamp, Topic, views::ChatRoomView,
};
use colloquy_credentials::{
    identity::{Caller, SessionId},
    keys::KeyFolder,
    session_algorithm::Algorithms,
    session_verifier::SessionVerifier,
};
use colloquy_event_log::{EventLog, EventLogError, GroupReader, NewEvent, TailReader};
use colloquy_expiring_store::EmbeddedExpiringStore;
use colloquy_service_api::{
    CallError, MembershipCheck, RevocationList, RoomMembership, RoomsOfCustomer,
    revocations::Revocations,
};
use tokio::time::Instant;

use super::*;
use crate::{
    Access, Dependencies, Settings,
    fanout::registry::Channel,
    send_queue::Next,
    stomp::{Decoder, Event, Limits},
};

const ALICE: CustomerId = CustomerId(7);
const ROOM: &str = "/topic/message/roomId/1";
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Rooms 1 and 2 are Alice's; the members of room 500 are not known.
struct Rooms(HashSet<i64>);

#[async_trait]
impl RoomMembership for Rooms {
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, CallError> {
        match room.0 {
            500 => Err(CallError::Unavailable(ServiceName::ChatCommand, None)),
            room => Ok(customer == ALICE && self.0.contains(&room)),
        }
    }
}

#[async_trait]
impl RoomsOfCustomer for Rooms {
    async fn rooms_of(&self, _: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
        Ok(Vec::new())
    }
}

/// Sessions read no log.
struct NoLog;

#[async_trait]
impl EventLog for NoLog {
    async fn append(&self, _: &[NewEvent]) -> Result<Vec<bool>, EventLogError> {
        Err(EventLogError::Misconfigured("no log".into()))
    }

    async fn join(&self, _: &str) -> Result<Box<dyn GroupReader>, EventLogError> {
        Err(EventLogError::Misconfigured("no log".into()))
    }

    async fn tail(&self, _: &[Topic]) -> Result<Box<dyn TailReader>, EventLogError> {
        Err(EventLogError::Misconfigured("no log".into()))
    }
}

struct Client {
    websocket: Arc<Websocket>,
    queue: Arc<SendQueue>,
    session: Session,
}

/// Making an RSA key takes a while: one is enough.
fn keys() -> KeyFolder {
    static KEYS: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = KEYS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        KeyFolder::new(folder.path()).complete("test").unwrap();
        folder
    });
    KeyFolder::new(folder.path())
}

/// As was read in an hour: the list is fresh for all of the test.
fn no_revocations() -> RevocationList {
    let list = RevocationList::default();
    let read = Revocations {
        is_end: true,
        ..Revocations::default()
    };
    list.apply(&read, Instant::now() + Duration::from_secs(3600));
    list
}

fn websocket(settings: Settings) -> Arc<Websocket> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
    let rooms = Arc::new(Rooms(HashSet::from([1, 2])));
    let access = Access {
        verifier: SessionVerifier::load(&keys(), &Algorithms::default(), Arc::clone(&clock))
            .unwrap(),
        revocations: no_revocations(),
        membership: MembershipCheck::new(rooms.clone(), rooms.clone()),
        origins: colloquy_chassis::origins::Origins::default(),
    };
    let tasks = Lifecycle::default().tasks();
    let dependencies = Dependencies {
        log: Arc::new(NoLog),
        expiring_store: Arc::new(EmbeddedExpiringStore::start(&tasks)),
        rooms,
        access,
        clock,
    };
    Arc::new(Websocket::new(dependencies, settings, &tasks))
}

impl Client {
    fn of(websocket: &Arc<Websocket>, cookie: Option<Box<Token>>) -> Self {
        let queue = Arc::new(SendQueue::new(1 << 20));
        Self {
            session: Session::new(Arc::clone(websocket), Arc::clone(&queue), cookie),
            websocket: Arc::clone(websocket),
            queue,
        }
    }

    fn new() -> Self {
        Self::of(&websocket(Settings::default()), Some(cookie(60_000)))
    }

    /// A client that has sent CONNECT and read CONNECTED.
    async fn connected() -> Self {
        let mut client = Self::new();
        client.say("CONNECT\naccept-version:1.2\n\n\0").await;
        assert!(client.heard()[0].starts_with("CONNECTED\n"));
        client
    }

    /// Sends frames, and returns what the connection learns from the last one.
    async fn say(&mut self, octets: &str) -> Step {
        let mut decoder = Decoder::new(Limits::default());
        decoder.set_version(Version::V12);
        decoder.feed(octets.as_bytes());
        let mut step = Step::Continue;
        while let Some(event) = decoder.next_event().unwrap() {
            if let Event::Frame(frame) = event {
                step = self.session.receive(frame).await;
            }
        }
        step
    }

    /// What is queued, without the NULs.
    fn heard(&self) -> Vec<String> {
        std::iter::from_fn(|| match self.queue.next() {
            Next::Frame(frame) => Some(frame.into_text().unwrap().replace('\0', "")),
            _ => None,
        })
        .collect()
    }

    fn publish(&self, destination: &str) {
        let destination: Destination = destination.parse().unwrap();
        let channel = Channel::of(ALICE, destination);
        let body = Bytes::from_static(b"{}");
        self.websocket
            .registry
            .publish(destination, [channel], &body);
    }

    /// The one ERROR's text; the session must have ended with it, and left nothing behind.
    fn error(&self) -> String {
        let heard = self.heard();
        let [frame] = heard.as_slice() else {
            panic!("expected one frame: {heard:?}")
        };
        assert!(frame.starts_with("ERROR\n"), "{frame}");
        assert!(frame.contains("\ncontent-length:"), "{frame}");
        assert!(self.websocket.is_idle());
        header(frame, "message")
            .expect("an ERROR has a message")
            .to_owned()
    }

    fn close_reason(&self) -> CloseReason {
        match self.queue.next() {
            Next::End(closing) => closing,
            other => panic!("expected the end: {other:?}"),
        }
    }
}

fn cookie(lives_millis: i64) -> Box<Token> {
    Box::new(Token {
        caller: Caller {
            customer_id: ALICE,
            full_name: "Alice".into(),
            session_id: SessionId::from_bits(1),
        },
        number: SessionNumber(1),
        expires_at: Timestamp::from_millis(NOW.millis() + lives_millis),
    })
}

fn header<'a>(frame: &'a str, name: &str) -> Option<&'a str> {
    frame
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}
