//! Both adapters keep the promises of the port (invariant 8).

mod sqlite {
    use colloquy_auth::session_store_conformance;

    use crate::parts::sqlite_store;

    session_store_conformance!(sqlite_store());
}

mod postgres {
    use colloquy_auth::{
        SessionStore as _,
        session_store::{conformance::session, postgres::PostgresSessionStore},
        session_store_conformance,
    };
    use colloquy_contracts::{CustomerId, Timestamp};
    use colloquy_sql::{postgres, test_database::postgres_database};

    use crate::parts::postgres_store;

    session_store_conformance!(postgres_store());

    #[tokio::test]
    async fn decision_23_instances_share_the_log_and_what_readers_have_passed() {
        let url = postgres_database().await;
        let open = || PostgresSessionStore::open(postgres::pool(&url, 2).unwrap());
        let (a, b) = tokio::join!(open(), open());
        let (a, b) = (a.unwrap(), b.unwrap());
        a.reader_passed("gateway", 0).await.unwrap();
        let until = Timestamp::from_millis(1);
        let number = b.revoke(CustomerId(1), &session(1), until).await.unwrap();
        assert_eq!(a.read_after(0).await.unwrap().up_to, number);
        assert!(!b.all_readers_passed(number).await.unwrap());
        a.reader_passed("gateway", number).await.unwrap();
        assert!(b.all_readers_passed(number).await.unwrap());
    }

    /// Its note is not committed when auth looks for readers that are behind.
    #[tokio::test]
    async fn decision_23_a_reader_that_is_noted_late_is_answered_what_was_recorded_before() {
        let url = postgres_database().await;
        let pool = postgres::pool(&url, 4).unwrap();
        let store = PostgresSessionStore::open(pool.clone()).await.unwrap();
        store.reader_passed("gateway", -1).await.unwrap();
        let mut holding = pool.begin().await.unwrap();
        sqlx::query("SELECT FROM revocation_readers FOR UPDATE")
            .execute(&mut *holding)
            .await
            .unwrap();
        let recording = async {
            let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock')";
            while !sqlx::query_scalar::<_, bool>(waits)
                .fetch_one(&pool)
                .await
                .unwrap()
            {
                tokio::task::yield_now().await;
            }
            let until = Timestamp::from_millis(1);
            let number = store.revoke(CustomerId(1), &session(1), until).await;
            holding.rollback().await.unwrap();
            number.unwrap()
        };
        let (read, number) = tokio::join!(store.reader_passed("gateway", 0), recording);
        assert_eq!(read.unwrap().up_to, number);
    }

    /// One that was heard while the server's clock was ahead, and is gone since.
    #[tokio::test]
    async fn b05_a_reader_of_a_clock_that_was_ahead_is_not_waited_for() {
        let pool = postgres::pool(&postgres_database().await, 2).unwrap();
        let store = PostgresSessionStore::open(pool.clone()).await.unwrap();
        store.reader_passed("gone", 0).await.unwrap();
        assert!(!store.all_readers_passed(1).await.unwrap());
        sqlx::query("UPDATE revocation_readers SET heard_at = heard_at + interval '1 hour'")
            .execute(&pool)
            .await
            .unwrap();
        assert!(store.all_readers_passed(1).await.unwrap());
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_a_transient_failure() {
        let pool = postgres::pool("postgres://app@127.0.0.1:1/app", 1).unwrap();
        let error = PostgresSessionStore::open(pool).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
}
