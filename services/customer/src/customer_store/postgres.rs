//! What only PostgreSQL understands (`chat_db`, which other services use too).

crate::customer_store::statements::statements!(Postgres);

use colloquy_sql::{
    StoreError,
    postgres::{self, bounded},
};
use sqlx::{PgPool, Postgres, Transaction};

use super::{ANY_ACCOUNT, DERIVED_VERSION, NewCustomer, row::Underived};

/// Each service that shares the database keeps its own list of what it has migrated.
const MIGRATIONS: &str = "customer_migrations";
/// The advisory lock under which names, addresses and numbers are taken and derived; no other one has this number.
const NAMES_LOCK: i64 = 0x636f_6c6c_6f71_7579;

pub(super) async fn open(pool: &PgPool) -> Result<(), StoreError> {
    postgres::migrate(pool, sqlx::migrate!("migrations/postgres"), MIGRATIONS).await?;
    while bounded(pool, derive(pool)).await?? {}
    Ok(())
}

pub(super) async fn seed(pool: &PgPool, customers: &[NewCustomer]) -> Result<bool, StoreError> {
    let mut transaction = pool.begin().await?;
    // Against other seeds and against inserts alike: an insert draws its id only after this.
    sqlx::query("LOCK TABLE customers IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *transaction)
        .await?;
    let any = sqlx::query_scalar(ANY_ACCOUNT);
    if any.fetch_one(&mut *transaction).await? {
        return Ok(false);
    }
    sqlx::query("SELECT setval(pg_get_serial_sequence('customers', 'customer_id'), 1, false)")
        .execute(&mut *transaction)
        .await?;
    for customer in customers {
        insert_row(&mut transaction, customer).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// Derives what is of an older version, for a portion of the rows, and says whether there was any. Of several instances
/// one does at a time; what a newer version has derived meanwhile stays.
async fn derive(pool: &PgPool) -> Result<bool, StoreError> {
    let mut transaction = taking(pool).await?;
    let underived: Vec<Underived> = sqlx::query_as(
        "SELECT customer_id, username, full_name, email FROM customers WHERE derived_version < $1
         ORDER BY customer_id LIMIT 1000",
    )
    .bind(DERIVED_VERSION)
    .fetch_all(&mut *transaction)
    .await?;
    sqlx::query(
        "UPDATE customers
         SET username_key = derived.username_key, username_reading = derived.username_reading,
             full_name_folded = derived.folded, email_key = derived.email_key, derived_version = $1
         FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
              AS derived (id, username_key, username_reading, folded, email_key)
         WHERE customer_id = derived.id AND derived_version < $1",
    )
    .bind(DERIVED_VERSION)
    .bind(column(&underived, |row| row.customer_id))
    .bind(column(&underived, |row| username_key(&row.username)))
    .bind(column(&underived, |row| username_reading(&row.username)))
    .bind(column(&underived, |row| fold(&row.full_name)))
    .bind(column(&underived, |row| mail_key(&row.email)))
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(!underived.is_empty())
}

fn column<T>(rows: &[Underived], value: impl Fn(&Underived) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// A transaction until whose end no other one takes or derives names, addresses and numbers. Older accounts share keys
/// and readings, so that no unique index can refuse them.
pub(super) async fn taking(pool: &PgPool) -> Result<Transaction<'static, Postgres>, StoreError> {
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(NAMES_LOCK)
        .execute(&mut *transaction)
        .await?;
    Ok(transaction)
}
