//! A PostgreSQL server that hangs, or a network that swallows: no connection is closed and no error comes.

use std::sync::Arc;

use colloquy_auth::{
    LoginLimits, LoginThrottleStore as _, SessionStore as _, SqlLoginThrottleStore,
    session_store::{conformance::session, postgres::PostgresSessionStore},
};
use colloquy_chassis::{Clock as _, Lifecycle, readiness::Readiness};
use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
use colloquy_credentials::{
    identity::{Caller, SessionId},
    session_verifier::Session,
};
use colloquy_rate_limit::{Digest, Permit, Policy, RateLimit};
use colloquy_service_api::RevocationList;
use colloquy_sql::{
    hanging_server::{Proxy, fails_in_time, fill, works_again},
    postgres,
    test_database::postgres_database,
};
use sqlx::PgPool;

use crate::parts::{OneAccount, auth_on, clock};

const AN: CustomerId = CustomerId(1);
/// As many as there are calls, so that each has a connection that hangs.
const CONNECTIONS: u32 = 16;

async fn database() -> (Proxy, PgPool, PostgresSessionStore) {
    let (proxy, url) = Proxy::before(&postgres_database().await).await;
    let pool = postgres::pool(&url, CONNECTIONS).unwrap();
    let sessions = PostgresSessionStore::open(pool.clone()).await.unwrap();
    (proxy, pool, sessions)
}

#[tokio::test]
async fn promise_p6_no_call_waits_for_a_server_that_hangs() {
    let (proxy, pool, sessions) = database().await;
    let throttle = SqlLoginThrottleStore::open(pool.clone()).await.unwrap();
    let limits = throttle.rate_limits();
    let (now, ended, digest) = (clock().now(), session(1), Digest::of(&["an"]));
    let lockout = Policy::Lockout(LoginLimits::default().account);
    let logins = [RateLimit::new(&["an"], lockout)];
    let permit = Permit::new(&logins, now);
    fill(&pool).await;
    proxy.swallow();
    tokio::join!(
        fails_in_time("open", PostgresSessionStore::open(pool.clone())),
        fails_in_time("revoke", sessions.revoke(AN, &ended, now)),
        fails_in_time("read_after", sessions.read_after(0)),
        fails_in_time("reader_passed", sessions.reader_passed("gateway", 1)),
        fails_in_time("all_readers_passed", sessions.all_readers_passed(1)),
        fails_in_time("ready", sessions.ready()),
        fails_in_time("sweep", sessions.sweep(now)),
        fails_in_time("open", SqlLoginThrottleStore::open(pool.clone())),
        fails_in_time("try_acquire", limits.try_acquire(&logins, now)),
        fails_in_time("refund", limits.refund(&permit, now)),
        fails_in_time("fail", limits.fail(&permit, now)),
        fails_in_time("reset", limits.reset(&digest)),
        fails_in_time("sweep", limits.sweep(now)),
        fails_in_time("remember", throttle.remember(&digest, now)),
        fails_in_time("is_known", throttle.is_known(&digest, now)),
        fails_in_time("sweep", throttle.sweep(now)),
    );
}

/// One that lets sessions in lets none in meanwhile (promise P7).
#[tokio::test]
async fn promise_p5_p6_logouts_and_those_who_read_them_go_on_after_a_silence() {
    let (proxy, pool, sessions) = database().await;
    let auth = auth_on(Arc::new(sessions), OneAccount, false);
    let readiness = Readiness::default();
    let lifecycle = Lifecycle::default();
    let gate = readiness.gate("revocations");
    let list = RevocationList::follow(auth.clone(), clock(), gate, &lifecycle.tasks());
    let is_revoked = |id| {
        list.is_revoked(&Session {
            caller: Caller {
                customer_id: AN,
                full_name: "An".to_owned(),
                session_id: SessionId::from_bits(id),
            },
            number: SessionNumber(1),
            expires_at: Timestamp::from_millis(i64::MAX),
        })
    };
    works_again("the list", async || is_revoked(1)).await;
    fill(&pool).await;

    proxy.swallow();
    fails_in_time("a logout", auth.end_sessions(AN, &session(1))).await;
    is_revoked(1).unwrap_err();

    proxy.forward_new_connections();
    works_again("a logout", async || {
        auth.end_sessions(AN, &session(1)).await
    })
    .await;
    let listed = async || is_revoked(1).ok().filter(|listed| *listed).ok_or(());
    works_again("the list", listed).await;
    assert!(!is_revoked(2).unwrap());
}
