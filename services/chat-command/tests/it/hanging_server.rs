//! A PostgreSQL server that hangs, or a network that swallows: no connection is closed and no error comes.

use std::{future::pending, sync::Arc, time::Duration};

use colloquy_chassis::Lifecycle;
use colloquy_chat_command::{
    Membership,
    group_commit::{GroupCommit, SubmitError},
    outbox::Outbox,
    relay,
    write_store::WriteStore,
};
use colloquy_service_api::RoomMembership as _;
use colloquy_sql::hanging_server::{AN_ANSWER, RECOVERY, fill};
use futures_util::future::join_all;
use tokio::time::timeout;

use crate::{
    databases::Database,
    log::MemoryLog,
    relay::{SENDER, is_empty, message, new_room},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_p5_p6_a_server_that_hangs_fails_calls_in_time_and_new_connections_mend_all() {
    let database = Database::fresh().await;
    let (proxy, pool, (store, outbox)) = database.instance_behind_a_proxy().await;
    let (store, outbox) = (Arc::new(store), Arc::new(outbox));
    let life = Lifecycle::default();
    let log = Arc::new(MemoryLog::default());
    let writer = GroupCommit::start(Arc::clone(&store) as _, &life.tasks());
    let membership = Membership::new(Arc::clone(&store) as _);
    relay::start(outbox.clone(), log.clone(), pending(), &life.tasks());
    let room = new_room(store.as_ref()).await;
    log.holds(1, RECOVERY).await;
    fill(&pool).await;

    proxy.swallow();
    let calls = async {
        tokio::join!(
            writer.submit(message(room)),
            join_all((0..3).map(|_| membership.is_member(room, SENDER))),
        )
    };
    let in_time = timeout(AN_ANSWER, calls).await;
    let (sent, members) = in_time.expect("every call is answered");
    assert_eq!(sent, Err(SubmitError::TimedOut));
    assert!(members.iter().all(Result::is_err));

    proxy.forward_new_connections();
    let works_again = async {
        while writer.submit(message(room)).await.is_err() {}
        while membership.is_member(room, SENDER).await.is_err() {}
    };
    let in_time = timeout(RECOVERY, works_again).await;
    in_time.expect("the writer and membership work again");
    log.holds(2, RECOVERY).await;
    is_empty(outbox.as_ref()).await;
    fill(&pool).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decision_5_a_listener_whose_connection_hangs_listens_again() {
    let database = Database::fresh().await;
    let (proxy, _, (_, listening)) = database.instance_behind_a_proxy().await;
    let (committing, _) = database.instance();
    hears(&listening, &committing, RECOVERY).await;
    proxy.swallow();
    proxy.forward_new_connections();
    hears(&listening, &committing, 2 * RECOVERY).await;
}

/// Commits until one is heard: a listener connects in its own time.
async fn hears(listening: &dyn Outbox, committing: &dyn WriteStore, within: Duration) {
    let heard = async {
        loop {
            new_room(committing).await;
            if timeout(Duration::from_millis(100), listening.notified())
                .await
                .is_ok()
            {
                return;
            }
        }
    };
    timeout(within, heard).await.expect("a commit is heard");
}
