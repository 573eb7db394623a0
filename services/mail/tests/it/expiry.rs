//! A mail whose code has expired never leaves (fault F24).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_chassis::{Lifecycle, clock::ManualClock};
use colloquy_contracts::Timestamp;
use colloquy_mail::{
    MailService, MailStore,
    mail_store::{Claim, QueuedMail},
};
use colloquy_service_api::{Mailer as _, mailer::Mail};
use colloquy_sql::{StoreError, sweeping::KeptReadings};
use uuid::Uuid;

use crate::{
    parts::{Embedded, NOW, key, mail, settings, sqlite_store},
    scripted_server::{
        Scene::{Answers, Well},
        ScriptedServer,
    },
};

#[tokio::test]
async fn f24_a_mail_that_expired_in_the_queue_never_leaves() {
    let mut server = ScriptedServer::start([]).await;
    let embedded = Embedded::new(server.transport()).await;
    let (an, bo) = (mail("an@example.com"), mail("bo@example.com"));
    embedded.service.send(&an).await.unwrap();
    embedded.clock.advance_millis(300_000);
    let later = Timestamp::from_millis(NOW + 300_001);
    let bo = Mail {
        expires_at: Some(later),
        ..bo
    };
    embedded.service.send(&bo).await.unwrap();
    embedded.start();
    assert_eq!(server.next().await.recipients, ["<bo@example.com>"]);
    embedded.until_waiting(1).await;
    assert_eq!(server.connections(), 1);
    assert!(server.has_taken_nothing());
}

#[tokio::test]
async fn b05_a_mail_goes_unsent_once_it_has_expired_for_sure() {
    let server = ScriptedServer::start([]).await;
    let embedded = Embedded::new(server.transport()).await;
    embedded
        .service
        .send(&mail("an@example.com"))
        .await
        .unwrap();
    embedded.clock.advance_millis(300_000);
    embedded.aged().await;
    embedded.start();
    embedded.until_waiting(0).await;
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn b05_a_mail_leaves_after_all_when_a_clock_that_was_ahead_is_set_right() {
    let mut server = ScriptedServer::start([]).await;
    let embedded = Embedded::new(server.transport()).await;
    let (an, bo) = (mail("an@example.com"), mail("bo@example.com"));
    embedded.service.send(&an).await.unwrap();
    embedded.clock.advance_millis(3_600_000);
    embedded.start();
    let later = Timestamp::from_millis(NOW + 4_000_000);
    let bo = Mail {
        expires_at: Some(later),
        ..bo
    };
    embedded.service.send(&bo).await.unwrap();
    assert_eq!(server.next().await.recipients, ["<bo@example.com>"]);
    embedded.clock.advance_millis(-3_600_000);
    assert_eq!(server.next().await.recipients, ["<an@example.com>"]);
}

#[tokio::test]
async fn f24_a_mail_that_expires_between_two_tries_does_not_leave() {
    let greylisted = Answers("RCPT", "451 greylisted");
    let mut server = ScriptedServer::start([greylisted, greylisted, Well]).await;
    let sending = Embedded::sending(server.transport()).await;
    sending.service.send(&mail("an@example.com")).await.unwrap();
    sending.until_tried(1).await;
    sending.clock.advance_millis(300_000);
    let bo = Mail {
        expires_at: Some(Timestamp::from_millis(NOW + 300_001)),
        ..mail("bo@example.com")
    };
    sending.service.send(&bo).await.unwrap();
    assert_eq!(server.next().await.recipients, ["<bo@example.com>"]);
    sending.until_waiting(1).await;
    assert!(server.has_taken_nothing());
}

#[tokio::test]
async fn f24_a_mail_without_expiry_is_given_up_after_a_day() {
    const DAY: i64 = 24 * 3600 * 1000;
    let server = ScriptedServer::start([Answers("RCPT", "451 greylisted")]).await;
    let sending = Embedded::new(server.transport()).await;
    let endless = Mail {
        expires_at: None,
        ..mail("an@example.com")
    };
    sending.service.send(&endless).await.unwrap();
    sending.clock.advance_millis(DAY);
    sending.aged().await;
    sending.start();
    sending.until_waiting(0).await;
    assert_eq!(server.connections(), 0);
}

/// A store after whose claims the process sleeps for an hour.
struct Sleepy {
    store: Arc<dyn MailStore>,
    clock: Arc<ManualClock>,
}

#[async_trait]
impl MailStore for Sleepy {
    async fn enqueue(&self, mail: &QueuedMail) -> Result<(), StoreError> {
        self.store.enqueue(mail).await
    }

    async fn claim(&self, lease: Duration, now: Timestamp) -> Result<Option<Claim>, StoreError> {
        let claim = self.store.claim(lease, now).await?;
        if claim.is_some() {
            self.clock.advance_millis(3_600_000);
        }
        Ok(claim)
    }

    async fn put_back(&self, claim: &Claim, wait: Duration) -> Result<(), StoreError> {
        self.store.put_back(claim, wait).await
    }

    async fn remove(&self, id: Uuid) -> Result<(), StoreError> {
        self.store.remove(id).await
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        self.store.readings()
    }

    async fn drop_expired(&self, over_age: Timestamp) -> Result<u64, StoreError> {
        self.store.drop_expired(over_age).await
    }
}

#[tokio::test]
async fn f24_a_mail_that_expires_after_it_was_claimed_never_leaves() {
    let mut server = ScriptedServer::start([]).await;
    let (_folder, store) = sqlite_store().await;
    let clock = Arc::new(ManualClock::at(Timestamp::from_millis(NOW)));
    let sleepy = Sleepy {
        store,
        clock: Arc::clone(&clock),
    };
    let lifecycle = Lifecycle::default();
    let service = MailService::new(
        Arc::new(sleepy),
        &key(1),
        Arc::new(server.transport()),
        clock,
        settings(),
    );
    service.start_sending(&lifecycle.tasks());
    service.send(&mail("an@example.com")).await.unwrap();
    // One that lives for long enough leaves, and the process has slept before it did.
    let bo = Mail {
        expires_at: Some(Timestamp::from_millis(NOW + 86_400_000)),
        ..mail("bo@example.com")
    };
    service.send(&bo).await.unwrap();
    assert_eq!(server.next().await.recipients, ["<bo@example.com>"]);
    assert_eq!(server.connections(), 1);
    assert!(server.has_taken_nothing());
}
