//! Both adapters keep the promises of the port (invariant 8).

mod sqlite {
    use std::{path::Path, time::Duration};

    use colloquy_contracts::Timestamp;
    use colloquy_mail::{
        MailStore as _, mail_store::conformance::mail, mail_store::sqlite::SqliteMailStore,
        mail_store_conformance,
    };
    use colloquy_sql::sqlite::{Durability, SqliteDatabase};

    use crate::parts::sqlite_store;

    mail_store_conformance!(sqlite_store());

    async fn open(folder: &Path) -> SqliteMailStore {
        let database = SqliteDatabase::open(&folder.join("mail.db"), Durability::Full)
            .await
            .unwrap();
        SqliteMailStore::open(database).await.unwrap()
    }

    #[tokio::test]
    async fn f24_a_mail_that_was_claimed_before_a_crash_is_due_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let before = open(folder.path()).await;
        before.enqueue(&mail(1, 1_000)).await.unwrap();
        let hour = Duration::from_secs(3600);
        assert!(
            before
                .claim(hour, Timestamp::from_millis(0))
                .await
                .unwrap()
                .is_some()
        );
        drop(before);
        let claim = open(folder.path())
            .await
            .claim(hour, Timestamp::from_millis(0))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((claim.mail, claim.tries), (mail(1, 1_000), 2));
    }

    #[tokio::test]
    async fn decision_22_nothing_of_a_mail_stays_in_the_files_when_it_has_gone() {
        const CANARY: &str = "canary-7d1f";
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path()).await;
        let is_in_files = || {
            std::fs::read_dir(folder.path()).unwrap().any(|entry| {
                let content = std::fs::read(entry.unwrap().path()).unwrap();
                String::from_utf8_lossy(&content).contains(CANARY)
            })
        };
        for number in 1..=20 {
            let mut mail = mail(number, 1_000);
            // Longer than a page, so that a part of it lies on pages of its own.
            mail.body = CANARY.repeat(1_000);
            mail.subject = format!("{CANARY} {number}");
            store.enqueue(&mail).await.unwrap();
        }
        assert!(is_in_files(), "the mail is in no file");
        for _ in 1..=10 {
            let claim = store
                .claim(Duration::from_secs(60), Timestamp::from_millis(0))
                .await
                .unwrap()
                .unwrap();
            store.remove(claim.mail.id).await.unwrap();
        }
        let now = mail(1, 1_000).expires_at;
        assert_eq!(store.drop_expired(now).await.unwrap(), 10);
        assert!(!is_in_files());
    }
}

mod sealed {
    use std::{sync::Arc, time::Duration};

    use colloquy_contracts::Timestamp;
    use colloquy_mail::{
        MailStore,
        mail_store::{QueuedMail, conformance::mail, sealed::SealedMailStore},
        mail_store_conformance,
    };
    use tempfile::TempDir;

    use crate::parts::{key, sqlite_store};

    const LEASE: Duration = Duration::from_secs(60);

    async fn sealed_store() -> (TempDir, Arc<dyn MailStore>) {
        let (folder, store) = sqlite_store().await;
        (folder, sealed(&store, 1))
    }

    fn sealed(store: &Arc<dyn MailStore>, byte: u8) -> Arc<dyn MailStore> {
        Arc::new(SealedMailStore::new(Arc::clone(store), &key(byte)))
    }

    mail_store_conformance!(sealed_store());

    #[tokio::test]
    async fn s06_the_text_of_a_queued_mail_lies_sealed_and_each_time_differently() {
        let (_folder, store) = sqlite_store().await;
        let mut texts = Vec::new();
        for _ in 0..2 {
            sealed(&store, 1).enqueue(&mail(1, 1_000)).await.unwrap();
            let kept = store
                .claim(LEASE, Timestamp::from_millis(0))
                .await
                .unwrap()
                .unwrap()
                .mail;
            store.remove(kept.id).await.unwrap();
            assert_eq!(kept.to, mail(1, 1_000).to);
            assert!(!kept.body.contains("123456"));
            texts.push(kept.body);
        }
        assert_ne!(texts[0], texts[1]);
    }

    #[tokio::test]
    async fn s06_a_text_that_was_moved_or_changed_is_not_sent() {
        let (_folder, store) = sqlite_store().await;
        sealed(&store, 1).enqueue(&mail(1, 1_000)).await.unwrap();
        let kept = store
            .claim(LEASE, Timestamp::from_millis(0))
            .await
            .unwrap()
            .unwrap()
            .mail;
        store.remove(kept.id).await.unwrap();
        let other = mail(2, 2_000);
        let tampered = [
            QueuedMail {
                id: other.id,
                ..kept.clone()
            },
            QueuedMail {
                to: other.to,
                ..kept.clone()
            },
            QueuedMail {
                expires_at: other.expires_at,
                ..kept.clone()
            },
            QueuedMail {
                body: "no base64".to_owned(),
                ..kept.clone()
            },
            QueuedMail {
                body: kept.body[4..].to_owned(),
                ..kept.clone()
            },
        ];
        for tampered in tampered {
            store.enqueue(&tampered).await.unwrap();
            assert_eq!(
                sealed(&store, 1)
                    .claim(LEASE, Timestamp::from_millis(0))
                    .await
                    .unwrap(),
                None
            );
            store.remove(tampered.id).await.unwrap();
        }
        store.enqueue(&kept).await.unwrap();
        assert!(
            sealed(&store, 1)
                .claim(LEASE, Timestamp::from_millis(0))
                .await
                .unwrap()
                .is_some()
        );
    }

    #[tokio::test]
    async fn s06_an_instance_with_another_key_holds_up_and_loses_nothing() {
        let (_folder, store) = sqlite_store().await;
        sealed(&store, 1).enqueue(&mail(1, 1_000)).await.unwrap();
        sealed(&store, 2).enqueue(&mail(2, 1_000)).await.unwrap();
        let claim = sealed(&store, 2)
            .claim(Duration::ZERO, Timestamp::from_millis(0))
            .await
            .unwrap();
        assert_eq!(claim.unwrap().mail, mail(2, 1_000));
        store.remove(mail(2, 1_000).id).await.unwrap();
        let claim = sealed(&store, 1)
            .claim(LEASE, Timestamp::from_millis(0))
            .await
            .unwrap();
        assert_eq!(claim.unwrap().mail, mail(1, 1_000));
    }
}

mod postgres {
    use std::{collections::HashSet, sync::Arc, time::Duration};

    use colloquy_chassis::{Lifecycle, clock::ManualClock};
    use colloquy_contracts::Timestamp;
    use colloquy_mail::{
        MailService, MailStore as _,
        mail_store::{conformance::mail, postgres::PostgresMailStore},
        mail_store_conformance,
    };
    use colloquy_service_api::Mailer as _;
    use colloquy_sql::{postgres, test_database::postgres_database};
    use tokio::time::timeout;

    use crate::{
        parts::{self, NOW, postgres_store},
        scripted_server::ScriptedServer,
    };

    mail_store_conformance!(postgres_store());

    #[tokio::test]
    async fn f24_two_instances_on_one_database_send_each_mail_once() {
        const MAILS: usize = 40;
        let mut server = ScriptedServer::start([]).await;
        let url = postgres_database().await;
        let pool = postgres::pool(&url, 5).unwrap();
        let open = || PostgresMailStore::open(pool.clone());
        let (a, b) = tokio::join!(open(), open());
        let lifecycle = Lifecycle::default();
        let instance = |store| {
            let clock = Arc::new(ManualClock::at(Timestamp::from_millis(NOW)));
            let transport = Arc::new(server.transport());
            let service = MailService::new(
                Arc::new(store),
                &parts::key(1),
                transport,
                clock,
                parts::settings(),
            );
            service.start_sending(&lifecycle.tasks());
            service
        };
        let instances = [instance(a.unwrap()), instance(b.unwrap())];
        for number in 0..MAILS {
            let letter = parts::mail(&format!("an{number}@example.com"));
            instances[number % 2].send(&letter).await.unwrap();
        }
        let mut recipients = HashSet::new();
        for _ in 0..MAILS {
            let taken = server.next().await;
            assert!(recipients.insert(taken.recipients.concat()));
        }
        let emptying = async {
            while sqlx::query_scalar::<_, i64>("SELECT count(*) FROM mail_queue")
                .fetch_one(&pool)
                .await
                .unwrap()
                > 0
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(20), emptying).await.unwrap();
        assert!(server.has_taken_nothing());
    }

    /// It was put back while the server's clock was ahead.
    #[tokio::test]
    async fn b05_no_mail_waits_for_an_hour_because_of_a_clock() {
        let pool = postgres::pool(&postgres_database().await, 2).unwrap();
        let store = PostgresMailStore::open(pool.clone()).await.unwrap();
        store.enqueue(&mail(1, 1_000)).await.unwrap();
        sqlx::query("UPDATE mail_queue SET due_at = due_at + interval '1 hour'")
            .execute(&pool)
            .await
            .unwrap();
        let lease = Duration::from_secs(30);
        let claim = store.claim(lease, Timestamp::from_millis(0)).await.unwrap();
        assert_eq!(claim.unwrap().mail, mail(1, 1_000));
        let again = store.claim(lease, Timestamp::from_millis(0)).await;
        assert_eq!(again.unwrap(), None, "a lease holds");
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_a_failure_that_may_pass() {
        let pool = postgres::pool("postgres://app@127.0.0.1:1/app", 1).unwrap();
        let error = PostgresMailStore::open(pool).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
}
