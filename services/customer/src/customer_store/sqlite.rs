//! Accounts in a SQLite file (`accounts.db`).

mod statements {
    crate::customer_store::statements::statements!(Sqlite);
}

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_rate_limit::{RateLimitStore, SqlRateLimitStore};
use colloquy_service_api::session_ending::EndSessions;
use colloquy_sql::{
    StoreError,
    sqlite::SqliteDatabase,
    sweeping::{KeptReadings, SqlReadings},
};
use sqlx::{Sqlite, Transaction};

use self::statements::Select;
use super::{
    Customer, CustomerStore, DERIVED_VERSION, EndingId, LIMITS, MAX_HITS, NewCustomer,
    PasswordChange, Profile, SaveError,
    row::{EndingRow, Row, Underived},
};
use crate::{
    domain::{Email, NameSearch, PhoneSearch},
    password::PasswordHash,
};

/// The embedded store. Open its file with [`colloquy_sql::sqlite::Durability::Full`]: accounts exist nowhere else.
#[derive(Clone, Debug)]
pub struct SqliteCustomerStore(SqliteDatabase);

impl SqliteCustomerStore {
    /// The store in this file; makes the tables if they are not there.
    ///
    /// # Errors
    /// The file cannot be written, or holds another version's table.
    pub async fn open(database: SqliteDatabase) -> Result<Self, StoreError> {
        sqlx::migrate!("migrations/sqlite")
            .run(&database.writer)
            .await?;
        while derive(&database).await? {}
        Ok(Self(database))
    }

    /// From now on a new account gets an id above this one, so that it never has one that other stores know from an
    /// account that is lost.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn number_above(&self, id: CustomerId) -> Result<(), StoreError> {
        let mut transaction = begin(&self.0).await?;
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

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        begin(&self.0).await
    }

    async fn one(&self, select: Select<'_>) -> Result<Option<Row>, StoreError> {
        Ok(select.fetch_optional(&self.0.readers).await?)
    }

    async fn all(&self, select: Select<'_>) -> Result<Vec<Customer>, StoreError> {
        let rows = select.fetch_all(&self.0.readers).await?;
        Ok(rows.into_iter().map(Row::into_customer).collect())
    }
}

#[async_trait]
impl CustomerStore for SqliteCustomerStore {
    async fn is_empty(&self) -> Result<bool, StoreError> {
        let any = sqlx::query_scalar(statements::ANY_ACCOUNT);
        Ok(!any.fetch_one(&self.0.readers).await?)
    }

    async fn seed(&self, customers: &[NewCustomer]) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await?;
        let any = sqlx::query_scalar(statements::ANY_ACCOUNT);
        if any.fetch_one(&mut *transaction).await? {
            return Ok(false);
        }
        for (id, customer) in (1_i64..).zip(customers) {
            let made = statements::insert_row(&mut transaction, customer).await?;
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

    async fn insert(&self, customer: &NewCustomer) -> Result<Customer, SaveError> {
        statements::insert(self.begin().await?, customer).await
    }

    async fn update(
        &self,
        id: CustomerId,
        profile: &Profile,
    ) -> Result<Option<Customer>, SaveError> {
        statements::update(self.begin().await?, id, profile).await
    }

    async fn by_username(
        &self,
        username: &str,
    ) -> Result<Option<(Customer, PasswordHash)>, StoreError> {
        let row = self.one(statements::by_username(username)).await?;
        Ok(row.map(Row::into_parts))
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Customer>, StoreError> {
        let row = self.one(statements::by_email(email)).await?;
        Ok(row.map(Row::into_customer))
    }

    async fn with_password(
        &self,
        id: CustomerId,
    ) -> Result<Option<(Customer, PasswordHash)>, StoreError> {
        let row = self.one(statements::by_id(id)).await?;
        Ok(row.map(Row::into_parts))
    }

    async fn by_ids(&self, ids: &[CustomerId]) -> Result<Vec<Customer>, StoreError> {
        let select = sqlx::query_as(
            "SELECT * FROM customers WHERE customer_id IN (SELECT value FROM json_each($1))
             ORDER BY customer_id",
        );
        self.all(select.bind(json(ids))).await
    }

    async fn search_names(&self, search: &NameSearch) -> Result<Vec<Customer>, StoreError> {
        let select = sqlx::query_as(
            "SELECT * FROM customers WHERE instr(full_name_folded, $1) > 0
             ORDER BY full_name_folded, customer_id LIMIT $2",
        );
        self.all(select.bind(search.folded()).bind(MAX_HITS)).await
    }

    async fn search_phone_numbers(
        &self,
        search: &PhoneSearch,
        acquaintances: &[CustomerId],
    ) -> Result<Vec<Customer>, StoreError> {
        let select = sqlx::query_as(
            "SELECT * FROM customers
             WHERE EXISTS (SELECT 1 FROM json_each($1) WHERE phone_number LIKE value)
                OR (customer_id IN (SELECT value FROM json_each($2))
                    AND EXISTS (SELECT 1 FROM json_each($3) WHERE phone_number LIKE value))
             ORDER BY full_name_folded, customer_id LIMIT $4",
        )
        .bind(json(&search.of_strangers()))
        .bind(json(acquaintances))
        .bind(json(&search.of_acquaintances()));
        self.all(select.bind(MAX_HITS)).await
    }

    async fn replace_password(
        &self,
        change: &PasswordChange,
        now: Timestamp,
    ) -> Result<Option<(EndingId, EndSessions)>, StoreError> {
        statements::replace_password(self.begin().await?, change, now).await
    }

    async fn upgrade_hash(
        &self,
        id: CustomerId,
        verified: &PasswordHash,
        better: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let upgrade = statements::upgrade_hash(id, verified, better);
        let upgraded = upgrade.execute(&self.0.writer).await?;
        Ok(upgraded.rows_affected() > 0)
    }

    async fn endings_due(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(EndingId, EndSessions)>, StoreError> {
        let due = statements::endings_due(now).fetch_all(&self.0.readers);
        Ok(due.await?.into_iter().map(EndingRow::into_ending).collect())
    }

    async fn forget_ending(&self, id: EndingId) -> Result<(), StoreError> {
        let forget = statements::forget_ending(id);
        forget.execute(&self.0.writer).await?;
        Ok(())
    }

    fn rate_limits(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(SqlRateLimitStore::new(self.0.clone(), LIMITS))
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(SqlReadings::new(self.0.clone(), "budgets"))
    }
}

async fn begin(database: &SqliteDatabase) -> Result<Transaction<'static, Sqlite>, StoreError> {
    Ok(database.writer.begin_with("BEGIN IMMEDIATE").await?)
}

/// A list, as SQLite reads one.
fn json(list: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(list).expect("numbers and texts are JSON")
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
    for derived in underived.iter().map(Underived::derive) {
        sqlx::query(
            "UPDATE customers
             SET username_key = $2, username_reading = $3, full_name_folded = $4, email_key = $5, derived_version = $6
             WHERE customer_id = $1",
        )
        .bind(derived.customer_id)
        .bind(derived.username_key)
        .bind(derived.username_reading)
        .bind(derived.full_name_folded)
        .bind(derived.email_key)
        .bind(DERIVED_VERSION)
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(!underived.is_empty())
}
