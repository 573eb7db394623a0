//! What only SQLite understands (`accounts.db`).

crate::customer_store::statements::statements!(Sqlite);

use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use sqlx::{Sqlite, Transaction};

use super::{ANY_ACCOUNT, DERIVED_VERSION, NewCustomer, row::Underived};

pub(super) async fn open(database: &SqliteDatabase) -> Result<(), StoreError> {
    sqlx::migrate!("migrations/sqlite")
        .run(&database.writer)
        .await?;
    while derive(database).await? {}
    Ok(())
}

/// From now on a new account gets an id above this one, so that it never has one that other stores know from an account
/// that is lost.
///
/// # Errors
/// The file cannot be written.
pub async fn number_above(database: &SqliteDatabase, id: CustomerId) -> Result<(), StoreError> {
    let mut transaction = begin(database).await?;
    sqlx::query(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'customers', 0
         WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'customers')",
    )
    .execute(&mut *transaction)
    .await?;
    sqlx::query("UPDATE sqlite_sequence SET seq = max(seq, $1) WHERE name = 'customers'")
        .bind(id.0)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn seed(
    database: &SqliteDatabase,
    customers: &[NewCustomer],
) -> Result<bool, StoreError> {
    let mut transaction = begin(database).await?;
    let any = sqlx::query_scalar(ANY_ACCOUNT);
    if any.fetch_one(&mut *transaction).await? {
        return Ok(false);
    }
    for (id, customer) in (1_i64..).zip(customers) {
        let made = insert_row(&mut transaction, customer).await?;
        sqlx::query("UPDATE customers SET customer_id = $2 WHERE customer_id = $1")
            .bind(made.customer_id)
            .bind(id)
            .execute(&mut *transaction)
            .await?;
    }
    // The numbers that the rows drew before they got the first ones are given back.
    sqlx::query("UPDATE sqlite_sequence SET seq = max(seq - $1, $1) WHERE name = 'customers'")
        .bind(customers.len() as i64)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(true)
}

pub(super) async fn begin(
    database: &SqliteDatabase,
) -> Result<Transaction<'static, Sqlite>, StoreError> {
    Ok(database.writer.begin_with("BEGIN IMMEDIATE").await?)
}

/// Derives what is of an older version, for a portion of the rows, and says whether there was any.
async fn derive(database: &SqliteDatabase) -> Result<bool, StoreError> {
    let mut transaction = begin(database).await?;
    let underived: Vec<Underived> = sqlx::query_as(
        "SELECT customer_id, username, full_name, email FROM customers WHERE derived_version < $1 LIMIT 1000",
    )
    .bind(DERIVED_VERSION)
    .fetch_all(&mut *transaction)
    .await?;
    for row in &underived {
        sqlx::query(
            "UPDATE customers
             SET username_key = $2, username_reading = $3, full_name_folded = $4, email_key = $5, derived_version = $6
             WHERE customer_id = $1",
        )
        .bind(row.customer_id)
        .bind(username_key(&row.username))
        .bind(username_reading(&row.username))
        .bind(fold(&row.full_name))
        .bind(mail_key(&row.email))
        .bind(DERIVED_VERSION)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(!underived.is_empty())
}
