//! Both adapters keep the promises of the port (invariant 8).

use colloquy_customer::{
    CustomerStore,
    customer_store::{NewCustomer, Profile, SaveError, Taken, conformance::account},
    domain::{Email, NameSearch},
};

/// How many are found whose name holds `Đặng`.
async fn named_dang(store: &dyn CustomerStore) -> usize {
    let search = NameSearch::parse("dang").unwrap();
    store.search_names(&search).await.unwrap().len()
}

/// Accounts from before there were keys: two of one name and one mailbox, and one that shares nothing.
const OLD_ACCOUNTS: &str = "
    INSERT INTO customers (username, username_lower, password, full_name, email, email_lower, avatar_color, roles)
    VALUES ('Án', 'án', 'first', 'n', 'an@bücher.example', 'an@bücher.example', '#000000', 'r'),
           ('A\u{301}n', 'a\u{301}n', 'second', 'n', 'an@xn--bcher-kva.example', 'an@xn--bcher-kva.example', '#000000', 'r'),
           ('Bi\u{300}nh', 'bi\u{300}nh', 'third', 'n', 'b@müller.example', 'b@müller.example', '#000000', 'r')";

/// Both keep their exact names, and no other account gets either; the third is found by every spelling.
async fn old_accounts_are_distinct(store: &dyn CustomerStore) {
    for (typed, expected) in [
        ("án", Some("Án")),
        ("ÁN ", Some("Án")),
        ("a\u{301}n", Some("A\u{301}n")),
        ("ａ\u{301}ｎ", None),
        ("bình", Some("Bi\u{300}nh")),
    ] {
        let found = store.by_username(typed).await.unwrap();
        let found = found.map(|(customer, _)| customer.username);
        assert_eq!(found.as_deref(), expected, "{typed:?}");
    }
    for (typed, expected) in [
        ("AN@bücher.example", Some("Án")),
        ("an@xn--bcher-kva.example", Some("A\u{301}n")),
        ("an@bu\u{308}cher.example", None),
        ("b@mu\u{308}ller.example", Some("Bi\u{300}nh")),
    ] {
        let found = store.by_email(&Email::parse(typed).unwrap()).await.unwrap();
        let found = found.map(|customer| customer.username);
        assert_eq!(found.as_deref(), expected, "{typed:?}");
    }
    let third = NewCustomer {
        email: "an@bu\u{308}cher.example".to_owned(),
        ..account("ａ\u{301}ｎ")
    };
    let refused = store.insert(&third).await;
    assert!(
        matches!(refused, Err(SaveError::Taken(Taken::Username))),
        "{refused:?}"
    );
    let new_email = NewCustomer {
        username: "chi".to_owned(),
        ..third
    };
    let refused = store.insert(&new_email).await;
    assert!(
        matches!(refused, Err(SaveError::Taken(Taken::Email))),
        "{refused:?}"
    );
    // One's own address stays one's own.
    let (own, _) = store.by_username("án").await.unwrap().unwrap();
    let profile = Profile {
        full_name: "Another".to_owned(),
        email: own.email.clone(),
        phone_number: None,
        avatar_color: own.avatar_color,
    };
    let changed = store.update(own.customer_id, &profile).await.unwrap();
    assert_eq!(changed.unwrap().email, own.email);
}

mod sqlite {
    use colloquy_customer::{
        CustomerStore as _, customer_store::SqlCustomerStore, customer_store::conformance::account,
        customer_store_conformance,
    };

    #[tokio::test]
    async fn b12_old_accounts_that_fall_together_keep_their_exact_names() {
        let (_folder, database) = sqlite_database().await;
        SqlCustomerStore::open(database.clone()).await.unwrap();
        sqlx::query(super::OLD_ACCOUNTS)
            .execute(&database.writer)
            .await
            .unwrap();
        let next = SqlCustomerStore::open(database).await.unwrap();
        super::old_accounts_are_distinct(&next).await;
    }

    use crate::parts::{sqlite_database, sqlite_store};

    customer_store_conformance!(sqlite_store());

    #[tokio::test]
    async fn b14_rows_of_an_older_fold_are_folded_again_at_the_next_start() {
        let (_folder, database) = sqlite_database().await;
        let store = SqlCustomerStore::open(database.clone()).await.unwrap();
        store.insert(&account("an")).await.unwrap();
        sqlx::query("UPDATE customers SET full_name_folded = 'đặng', derived_version = 0")
            .execute(&database.writer)
            .await
            .unwrap();
        assert_eq!(super::named_dang(&store).await, 0);
        let next = SqlCustomerStore::open(database).await.unwrap();
        assert_eq!(super::named_dang(&next).await, 1);
    }
}

mod postgres {
    use colloquy_customer::{
        CustomerStore as _, customer_store::SqlCustomerStore, customer_store::conformance::account,
        customer_store_conformance,
    };
    use colloquy_sql::{postgres, test_database::postgres_database};

    use crate::parts::postgres_store;

    customer_store_conformance!(postgres_store());

    #[tokio::test]
    async fn b12_old_accounts_that_fall_together_keep_their_exact_names() {
        let pool = postgres::pool(&postgres_database().await, 4).unwrap();
        SqlCustomerStore::open(pool.clone()).await.unwrap();
        sqlx::query(super::OLD_ACCOUNTS)
            .execute(&pool)
            .await
            .unwrap();
        let next = SqlCustomerStore::open(pool).await.unwrap();
        super::old_accounts_are_distinct(&next).await;
    }

    #[tokio::test]
    async fn b14_rows_of_an_older_fold_are_folded_again_at_the_next_start() {
        let pool = postgres::pool(&postgres_database().await, 4).unwrap();
        let store = SqlCustomerStore::open(pool.clone()).await.unwrap();
        // More than are derived at a time.
        sqlx::query(
            "INSERT INTO customers (username, username_lower, password, full_name, email, email_lower, avatar_color,
                                    roles)
             SELECT n, n, n, 'Vũ', n, n, '#000000', n FROM (SELECT generate_series(1, 1001)::text AS n) AS numbers",
        )
        .execute(&pool)
        .await
        .unwrap();
        let old = store.insert(&account("an")).await.unwrap();
        sqlx::query("UPDATE customers SET full_name_folded = 'đặng', derived_version = 0 WHERE customer_id = $1")
            .bind(old.customer_id.0)
            .execute(&pool)
            .await
            .unwrap();
        assert_eq!(super::named_dang(&store).await, 0);
        let open = || SqlCustomerStore::open(pool.clone());
        let (a, b) = tokio::join!(open(), open());
        for next in [a, b].map(Result::unwrap) {
            assert_eq!(super::named_dang(&next).await, 1);
        }
        let old_ones: i64 =
            sqlx::query_scalar("SELECT count(*) FROM customers WHERE derived_version = 0")
                .fetch_one(&pool)
                .await
                .unwrap();
        assert_eq!(old_ones, 0);
    }

    /// One instance derives at a time, and what a newer version has derived meanwhile stays.
    #[tokio::test]
    async fn b14_instances_that_start_at_once_derive_one_after_the_other_and_nothing_newer() {
        let pool = postgres::pool(&postgres_database().await, 6).unwrap();
        let store = SqlCustomerStore::open(pool.clone()).await.unwrap();
        store.insert(&account("an")).await.unwrap();
        sqlx::query("UPDATE customers SET derived_version = 0")
            .execute(&pool)
            .await
            .unwrap();
        let mut newer = pool.begin().await.unwrap();
        sqlx::query("UPDATE customers SET full_name_folded = 'newer', derived_version = 99")
            .execute(&mut *newer)
            .await
            .unwrap();
        let open = || SqlCustomerStore::open(pool.clone());
        let commit = async {
            // One waits for the row, the other for the first.
            while waiting_for(&pool, "transactionid").await == 0
                || waiting_for(&pool, "advisory").await == 0
            {
                tokio::task::yield_now().await;
            }
            newer.commit().await.unwrap();
        };
        let (first, second, ()) = tokio::join!(open(), open(), commit);
        first.and(second).unwrap();
        let kept: Vec<(String, i64)> =
            sqlx::query_as("SELECT full_name_folded, derived_version FROM customers")
                .fetch_all(&pool)
                .await
                .unwrap();
        assert_eq!(kept, [("newer".to_owned(), 99)]);
    }

    /// How many sessions of this database wait for a lock of this kind.
    async fn waiting_for(pool: &sqlx::PgPool, kind: &str) -> i64 {
        sqlx::query_scalar(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
             WHERE datname = current_database() AND locktype = $1 AND NOT granted",
        )
        .bind(kind)
        .fetch_one(pool)
        .await
        .unwrap()
    }

    /// Other tools read this table.
    #[tokio::test]
    async fn contract_7_the_table_of_customers_is_as_in_the_contract() {
        let pool = postgres::pool(&postgres_database().await, 2).unwrap();
        SqlCustomerStore::open(pool.clone()).await.unwrap();
        let columns: Vec<(String, bool)> = sqlx::query_as(
            "SELECT column_name::text, is_nullable = 'YES' FROM information_schema.columns
             WHERE table_name = 'customers'",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        let unique: Vec<String> = sqlx::query_scalar(
            "SELECT column_name::text FROM information_schema.table_constraints
             JOIN information_schema.constraint_column_usage USING (constraint_name)
             WHERE table_constraints.table_name = 'customers' AND constraint_type = 'UNIQUE'",
        )
        .fetch_all(&pool)
        .await
        .unwrap();
        for (name, may_be_null, is_unique) in [
            ("customer_id", false, false),
            ("username", false, true),
            ("password", false, false),
            ("full_name", false, false),
            ("email", false, true),
            ("phone_number", true, true),
            ("avatar_color", false, false),
            ("roles", false, false),
        ] {
            let column = (name.to_owned(), may_be_null);
            assert!(columns.contains(&column), "{column:?}: {columns:?}");
            let found = unique.iter().any(|column| column == name);
            assert_eq!(found, is_unique, "{name}: {unique:?}");
        }
    }

    #[tokio::test]
    async fn instances_that_start_at_once_share_one_table() {
        let url = postgres_database().await;
        let open = || SqlCustomerStore::open(postgres::pool(&url, 2).unwrap());
        let (a, b, c) = tokio::join!(open(), open(), open());
        let made = a.unwrap().insert(&account("an")).await.unwrap();
        for other in [b, c].map(Result::unwrap) {
            let found = other.by_ids(&[made.customer_id]).await.unwrap();
            assert_eq!(found, std::slice::from_ref(&made));
        }
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_a_failure_that_may_pass() {
        let pool = postgres::pool("postgres://app@127.0.0.1:1/app", 1).unwrap();
        let error = SqlCustomerStore::open(pool).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
}
