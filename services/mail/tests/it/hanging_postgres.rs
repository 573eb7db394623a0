//! A PostgreSQL server that hangs, or a network that swallows: no connection is closed and no error comes.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::{Lifecycle, clock::ManualClock};
use colloquy_contracts::Timestamp;
use colloquy_mail::{
    MailService, MailStore as _,
    mail_store::{Claim, conformance, postgres::PostgresMailStore},
};
use colloquy_service_api::Mailer as _;
use colloquy_sql::{
    hanging_server::{Proxy, RECOVERY, fails_in_time, fill, works_again},
    postgres,
    test_database::postgres_database,
};
use sqlx::PgPool;
use tokio::time::timeout;

use crate::{
    parts::{NOW, key, mail, settings},
    scripted_server::ScriptedServer,
};

/// As many as there are calls, so that each has a connection that hangs.
const CONNECTIONS: u32 = 6;

async fn store() -> (Proxy, PgPool, PostgresMailStore) {
    let (proxy, url) = Proxy::before(&postgres_database().await).await;
    let pool = postgres::pool(&url, CONNECTIONS).unwrap();
    let store = PostgresMailStore::open(pool.clone()).await.unwrap();
    (proxy, pool, store)
}

#[tokio::test]
async fn promise_p6_no_call_waits_for_a_server_that_hangs() {
    let (proxy, pool, store) = store().await;
    let (mail, second) = (conformance::mail(1, 1_000), Duration::from_secs(1));
    let claim = Claim {
        mail: mail.clone(),
        tries: 1,
    };
    fill(&pool).await;
    proxy.swallow();
    tokio::join!(
        fails_in_time("open", PostgresMailStore::open(pool.clone())),
        fails_in_time("enqueue", store.enqueue(&mail)),
        fails_in_time("claim", store.claim(second, Timestamp::from_millis(0))),
        fails_in_time("put_back", store.put_back(&claim, second)),
        fails_in_time("remove", store.remove(mail.id)),
        fails_in_time("drop_expired", store.drop_expired(mail.expires_at)),
    );
}

#[tokio::test]
async fn promise_p5_p6_mails_are_taken_and_sent_again_after_a_silence() {
    let (proxy, pool, store) = store().await;
    let mut server = ScriptedServer::start([]).await;
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(NOW)));
    let transport = Arc::new(server.transport());
    let service = MailService::new(Arc::new(store), &key(1), transport, clock, settings());
    let lifecycle = Lifecycle::default();
    service.start_sending(&lifecycle.tasks());
    fill(&pool).await;

    proxy.swallow();
    let mail = mail("an@example.com");
    fails_in_time("taking a mail", service.send(&mail)).await;

    proxy.forward_new_connections();
    works_again("taking a mail", async || service.send(&mail).await).await;
    let sent = timeout(RECOVERY, server.next()).await;
    let sent = sent.expect("the mail is sent");
    assert_eq!(sent.recipients, ["<an@example.com>"]);
}
