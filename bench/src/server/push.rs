//! The push side alone: `colloquy-websocket` as the product runs it, behind a log that holds nothing.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use colloquy_chassis::{
    Lifecycle, SystemClock, http_server, origins::Origins, readiness::Readiness, router::finish,
};
use colloquy_contracts::{CustomerId, RoomId, views::ChatRoomView};
use colloquy_credentials::{
    keys::KeyFolder, session_algorithm::Algorithms, session_verifier::SessionVerifier,
};
use colloquy_event_log::{EventLog as _, NewEvent};
use colloquy_expiring_store::EmbeddedExpiringStore;
use colloquy_service_api::{
    CallError, MembershipCheck, RevocationFeed, RevocationList, RoomMembership, RoomsOfCustomer,
    revocations::{Reading, Revocations},
};
use colloquy_websocket::{Access, Dependencies, Settings, Websocket, router};
use tokio::net::TcpListener;

use super::{feed, live_log::LiveLog, process};
use crate::cli::PushServer;

/// Every customer is in every room: the question is measured, the look-up is not the push side's work.
struct OpenRooms;

#[async_trait]
impl RoomMembership for OpenRooms {
    async fn is_member(&self, _: RoomId, _: CustomerId) -> Result<bool, CallError> {
        Ok(true)
    }
}

/// Who is in them is not asked: the crowd subscribes to messages only.
#[async_trait]
impl RoomsOfCustomer for OpenRooms {
    async fn rooms_of(&self, _: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
        Ok(Vec::new())
    }
}

/// No session is revoked.
struct NoRevocations;

#[async_trait]
impl RevocationFeed for NoRevocations {
    async fn read(&self, reading: &Reading) -> Result<Revocations, CallError> {
        if reading.after >= 0 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        Ok(Revocations {
            is_end: true,
            ..Revocations::default()
        })
    }
}

/// Serves until standard input ends.
///
/// # Errors
/// The port or the keys cannot be used.
pub async fn run(options: &PushServer) -> Result<()> {
    let (lifecycle, readiness) = (Lifecycle::default(), Readiness::default());
    let (tasks, log) = (lifecycle.tasks(), LiveLog::default());
    let clock = Arc::new(SystemClock);
    let rooms = Arc::new(OpenRooms);
    let access = Access {
        verifier: SessionVerifier::load(
            &KeyFolder::new(&options.keys),
            &Algorithms::default(),
            clock.clone(),
        )?,
        revocations: RevocationList::follow(
            Arc::new(NoRevocations),
            clock.clone(),
            readiness.gate("revocations"),
            &tasks,
        ),
        membership: MembershipCheck::new(rooms.clone(), rooms.clone()),
        origins: Origins::default(),
    };
    let dependencies = Dependencies {
        log: Arc::new(log.clone()),
        expiring_store: Arc::new(EmbeddedExpiringStore::start(&tasks)),
        rooms,
        access,
        clock,
    };
    let gate = readiness.gate("event log");
    let websocket = Websocket::start(dependencies, Settings::default(), gate, &tasks);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let routes = finish(router(websocket));
    tasks.spawn_vital(
        "listener",
        http_server::serve(listener, routes, tasks.clone()),
    );
    process::wait_until_ready(&readiness).await;
    process::announce(address);
    let feeding = feed::obey(options.rooms.rooms, async |event| {
        // There is no follower only while the process ends; the crowd then finds the loss.
        let _ = log.append(&[NewEvent::from(event)]).await;
    });
    feeding.await.context("standard input")
}
