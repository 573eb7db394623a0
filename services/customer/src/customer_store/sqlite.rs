//! Accounts in a SQLite file (`accounts.db`).

use async_trait::async_trait;
use colloquy_contracts::CustomerId;
use colloquy_sql::{StoreError, sqlite::SqliteDatabase};
use sqlx::SqliteConnection;

use super::{
    Customer, CustomerStore, InsertError, NewCustomer,
    row::{Row, TakenColumns, roles_column},
};
use crate::password::PasswordHash;

/// The embedded store. Open its file with [`colloquy_sql::sqlite::Durability::Full`]: accounts exist nowhere else.
#[derive(Clone, Debug)]
pub struct SqliteCustomerStore(SqliteDatabase);

impl SqliteCustomerStore {
    /// The store in this file; makes the table if it is not there.
    ///
    /// # Errors
    /// The file cannot be written, or holds another version's table.
    pub async fn open(database: SqliteDatabase) -> Result<Self, StoreError> {
        sqlx::migrate!("migrations/sqlite")
            .run(&database.writer)
            .await?;
        Ok(Self(database))
    }
}

#[async_trait]
impl CustomerStore for SqliteCustomerStore {
    async fn is_empty(&self) -> Result<bool, StoreError> {
        let any: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM customers)")
            .fetch_one(&self.0.readers)
            .await?;
        Ok(!any)
    }

    async fn seed(&self, customers: &[NewCustomer]) -> Result<bool, StoreError> {
        let mut transaction = begin(&self.0).await?;
        let any: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM customers)")
            .fetch_one(&mut *transaction)
            .await?;
        if any {
            return Ok(false);
        }
        for (id, customer) in (1..).zip(customers) {
            let row = insert_row(&mut transaction, Some(id), customer).await?;
            row.ok_or(sqlx::Error::RowNotFound)?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn insert(&self, customer: &NewCustomer) -> Result<Customer, InsertError> {
        let mut transaction = begin(&self.0).await?;
        if let Some(row) = insert_row(&mut transaction, None, customer).await? {
            transaction.commit().await.map_err(StoreError::from)?;
            return Ok(row.into_parts().0);
        }
        let taken: TakenColumns = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM customers WHERE username_lower = ?1) AS username,
                    EXISTS (SELECT 1 FROM customers WHERE email_lower = ?2) AS email,
                    EXISTS (SELECT 1 FROM customers WHERE phone_number = ?3) AS phone_number",
        )
        .bind(customer.username.to_lowercase())
        .bind(customer.email.to_lowercase())
        .bind(&customer.phone_number)
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        Err(match taken.first() {
            Some(taken) => InsertError::Taken(taken),
            None => StoreError::from(sqlx::Error::RowNotFound).into(),
        })
    }

    async fn by_username(
        &self,
        username: &str,
    ) -> Result<Option<(Customer, PasswordHash)>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM customers WHERE username_lower = ?1")
            .bind(username.to_lowercase())
            .fetch_optional(&self.0.readers)
            .await?;
        Ok(row.map(Row::into_parts))
    }

    async fn by_ids(&self, ids: &[CustomerId]) -> Result<Vec<Customer>, StoreError> {
        let ids = serde_json::to_string(ids).expect("integers are JSON");
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT * FROM customers WHERE customer_id IN (SELECT value FROM json_each(?1))
             ORDER BY customer_id",
        )
        .bind(ids)
        .fetch_all(&self.0.readers)
        .await?;
        Ok(rows.into_iter().map(|row| row.into_parts().0).collect())
    }
}

async fn begin(
    database: &SqliteDatabase,
) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, StoreError> {
    Ok(database.writer.begin_with("BEGIN IMMEDIATE").await?)
}

/// The new row, or nothing if a column that must be unique is not.
async fn insert_row(
    connection: &mut SqliteConnection,
    id: Option<i64>,
    customer: &NewCustomer,
) -> Result<Option<Row>, StoreError> {
    let row = sqlx::query_as(
        "INSERT INTO customers (customer_id, username, username_lower, password, full_name, email, email_lower,
                                phone_number, avatar_color, roles)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT DO NOTHING RETURNING *",
    )
    .bind(id)
    .bind(&customer.username)
    .bind(customer.username.to_lowercase())
    .bind(customer.password.as_str())
    .bind(&customer.full_name)
    .bind(&customer.email)
    .bind(customer.email.to_lowercase())
    .bind(&customer.phone_number)
    .bind(&customer.avatar_color)
    .bind(roles_column(&customer.roles))
    .fetch_optional(connection)
    .await?;
    Ok(row)
}
