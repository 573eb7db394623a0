//! A PostgreSQL server that hangs, or a network that swallows: no connection is closed and no error comes.

use std::sync::Arc;

use colloquy_chassis::Lifecycle;
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_customer::{
    CustomerStore as _,
    customer_store::{EndingId, PasswordChange, Profile, SqlCustomerStore, conformance::account},
    domain::{Email, NameSearch, PhoneSearch},
    password::PasswordHash,
};
use colloquy_expiring_store::EmbeddedExpiringStore;
use colloquy_sql::{
    hanging_server::{AN_ANSWER, Proxy, RECOVERY, fails_in_time, fill},
    postgres,
    test_database::postgres_database,
};
use sqlx::PgPool;
use tokio::time::timeout;

use crate::{
    passwords::{NEW, USER1_EMAIL, change, initiate},
    system::{SETTINGS, System},
};

/// As many as there are calls, so that each has a connection that hangs.
const CONNECTIONS: u32 = 18;

async fn store() -> (Proxy, PgPool, SqlCustomerStore) {
    let (proxy, url) = Proxy::before(&postgres_database().await).await;
    let pool = postgres::pool(&url, CONNECTIONS).unwrap();
    let store = SqlCustomerStore::open(pool.clone()).await.unwrap();
    (proxy, pool, store)
}

#[tokio::test]
async fn promise_p6_no_call_waits_for_a_server_that_hangs() {
    let (proxy, pool, store) = store().await;
    let (id, now, an) = (CustomerId(1), Timestamp::from_millis(0), account("an"));
    let (hash, email) = (&an.password, Email::parse(&an.email).unwrap());
    let profile = Profile {
        full_name: an.full_name.clone(),
        email: an.email.clone(),
        phone_number: None,
        avatar_color: an.avatar_color.clone(),
    };
    let change = PasswordChange {
        customer_id: id,
        verified: None,
        new: PasswordHash::new("$argon2id$new"),
        except: None,
        reset: None,
    };
    let (names, numbers) = (NameSearch::parse("an"), PhoneSearch::parse("0901"));
    let (names, numbers, ids) = (names.unwrap(), numbers.unwrap(), [id]);
    fill(&pool).await;
    proxy.swallow();
    tokio::join!(
        fails_in_time("open", SqlCustomerStore::open(pool.clone())),
        fails_in_time("is_empty", store.is_empty()),
        fails_in_time("seed", store.seed(&[])),
        fails_in_time("insert", store.insert(&an)),
        fails_in_time("update", store.update(id, &profile)),
        fails_in_time("by_username", store.by_username("an")),
        fails_in_time("by_email", store.by_email(&email)),
        fails_in_time("with_password", store.with_password(id)),
        fails_in_time("by_ids", store.by_ids(&ids)),
        fails_in_time("search_names", store.search_names(&names)),
        fails_in_time(
            "search_phone_numbers",
            store.search_phone_numbers(&numbers, &[])
        ),
        fails_in_time("replace_password", store.replace_password(&change, now)),
        fails_in_time("upgrade_hash", store.upgrade_hash(id, hash, hash)),
        fails_in_time("endings_due", store.endings_due(now)),
        fails_in_time("forget_ending", store.forget_ending(EndingId(1))),
    );
}

/// A client was promised a mail, and a customer's sessions have yet to be ended, when the network falls silent.
#[tokio::test]
async fn promise_p5_p6_mails_and_endings_go_on_after_a_silence() {
    let (proxy, pool, store) = store().await;
    let lifecycle = Lifecycle::default();
    let confirmations = EmbeddedExpiringStore::start(&lifecycle.tasks());
    let mut system = System::on(
        Arc::new(store),
        SETTINGS,
        Arc::new(confirmations),
        lifecycle,
    )
    .await;
    system.sessions.ending.set_down(true);
    change(&system, "123", NEW).await.assert_wait(503, 1);
    let codes = Arc::clone(&system.codes);
    codes.health.set_hanging(true);
    for email in [USER1_EMAIL, "user2@example.com"] {
        initiate(&system, email).await.assert_done();
    }
    codes.health.called().await;
    fill(&pool).await;

    proxy.swallow();
    system.sessions.ending.set_down(false);
    system.advance_seconds(5);
    codes.health.set_hanging(false);
    assert_eq!(system.mail().await.to, USER1_EMAIL);
    let answer = timeout(AN_ANSWER, initiate(&system, "user3@example.com")).await;
    answer.expect("a request is answered").assert_wait(503, 1);
    assert!(system.no_mail() && system.no_ending());

    proxy.forward_new_connections();
    let mail = timeout(RECOVERY, system.mail()).await;
    assert_eq!(mail.expect("the mail is sent").to, "user2@example.com");
    let ending = timeout(RECOVERY, system.ending()).await;
    let ended = ending.expect("the sessions are ended").customer_id;
    assert_eq!(ended, CustomerId(1));
}
