//! Both adapters keep the promises of the port (invariant 8).

mod sqlite {
    use colloquy_customer::customer_store_conformance;

    use crate::parts::sqlite_store;

    customer_store_conformance!(sqlite_store());
}

mod postgres {
    use colloquy_customer::{
        CustomerStore as _, customer_store::conformance::account,
        customer_store::postgres::PostgresCustomerStore, customer_store_conformance,
    };
    use colloquy_sql::postgres;

    use crate::parts::{postgres_database, postgres_store};

    customer_store_conformance!(postgres_store());

    #[tokio::test]
    async fn instances_that_start_at_once_share_one_table() {
        let url = postgres_database().await;
        let open = || PostgresCustomerStore::open(postgres::pool(&url, 2).unwrap());
        let (a, b, c) = tokio::join!(open(), open(), open());
        let made = a.unwrap().insert(&account("an")).await.unwrap();
        for other in [b, c].map(Result::unwrap) {
            let found = other.by_ids(&[made.customer_id]).await.unwrap();
            assert_eq!(found, std::slice::from_ref(&made));
        }
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_told_as_a_failure_that_may_pass() {
        let pool = postgres::pool("postgres://app@127.0.0.1:1/app", 1).unwrap();
        let error = PostgresCustomerStore::open(pool).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
}
