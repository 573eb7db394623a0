//! Accounts in either database: `sqlite.rs` and `postgres.rs` have what only theirs understands.

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_rate_limit::{RateLimitStore, SqlRateLimitStore};
use colloquy_service_api::session_ending::EndSessions;
use colloquy_sql::{
    Database, StoreError, execute, fetch,
    postgres::bounded,
    sweeping::{KeptReadings, SqlReadings},
};
use colloquy_text::{trimmed, username_key};

use super::{
    ANY_ACCOUNT, Customer, CustomerStore, ENDING_DUE_MILLIS, ENDINGS, EndingId, LIMITS, MAX_HITS,
    NewCustomer, PasswordChange, Profile, SaveError, postgres,
    row::{EndingRow, Row},
    sqlite,
};
use crate::{
    domain::{Email, NameSearch, PhoneSearch},
    password::PasswordHash,
};

/// The store of both databases. Cheap to clone; any number of instances may use one of PostgreSQL. Open a file with
/// [`colloquy_sql::sqlite::Durability::Full`]: accounts exist nowhere else.
#[derive(Clone, Debug)]
pub struct SqlCustomerStore(Database);

impl SqlCustomerStore {
    /// The store in this database; makes the tables if they are not there, also when several instances start at once.
    ///
    /// # Errors
    /// The database is down or cannot be written, or holds another version's table.
    pub async fn open(database: impl Into<Database>) -> Result<Self, StoreError> {
        let database = database.into();
        match &database {
            Database::Sqlite(file) => sqlite::open(file).await?,
            Database::Postgres(pool) => postgres::open(pool).await?,
        }
        Ok(Self(database))
    }
}

#[async_trait]
impl CustomerStore for SqlCustomerStore {
    async fn is_empty(&self) -> Result<bool, StoreError> {
        let any: bool = fetch!(self.0, fetch_one, sqlx::query_scalar(ANY_ACCOUNT))?;
        Ok(!any)
    }

    async fn seed(&self, customers: &[NewCustomer]) -> Result<bool, StoreError> {
        match &self.0 {
            Database::Sqlite(file) => sqlite::seed(file, customers).await,
            Database::Postgres(pool) => bounded(pool, postgres::seed(pool, customers)).await?,
        }
    }

    async fn insert(&self, customer: &NewCustomer) -> Result<Customer, SaveError> {
        match &self.0 {
            Database::Sqlite(file) => sqlite::insert(sqlite::begin(file).await?, customer).await,
            Database::Postgres(pool) => {
                let insert =
                    async { postgres::insert(postgres::taking(pool).await?, customer).await };
                bounded(pool, insert).await?
            }
        }
    }

    async fn update(
        &self,
        id: CustomerId,
        profile: &Profile,
    ) -> Result<Option<Customer>, SaveError> {
        match &self.0 {
            Database::Sqlite(file) => sqlite::update(sqlite::begin(file).await?, id, profile).await,
            Database::Postgres(pool) => {
                let update =
                    async { postgres::update(postgres::taking(pool).await?, id, profile).await };
                bounded(pool, update).await?
            }
        }
    }

    async fn by_username(
        &self,
        username: &str,
    ) -> Result<Option<(Customer, PasswordHash)>, StoreError> {
        // PostgreSQL's text holds no NUL and refuses the question; no account is called so.
        if username.contains('\0') {
            return Ok(None);
        }
        // The exact name decides first, in any case; then the canonical form.
        let select = "SELECT * FROM customers
             WHERE username_lower = $1
                OR (username_key = $2 AND (SELECT count(*) FROM customers WHERE username_key = $2) = 1)
             ORDER BY username_lower = $1 DESC LIMIT 1";
        let row: Option<Row> = fetch!(
            self.0,
            fetch_optional,
            sqlx::query_as(select)
                .bind(trimmed(username).to_lowercase())
                .bind(username_key(username))
        )?;
        Ok(row.map(Row::into_parts))
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Customer>, StoreError> {
        let select = "SELECT * FROM customers
             WHERE email_lower = $1
                OR (email_key = $2 AND (SELECT count(*) FROM customers WHERE email_key = $2) = 1)
             ORDER BY email_lower = $1 DESC LIMIT 1";
        let row: Option<Row> = fetch!(
            self.0,
            fetch_optional,
            sqlx::query_as(select).bind(email.lower()).bind(email.key())
        )?;
        Ok(row.map(Row::into_customer))
    }

    async fn with_password(
        &self,
        id: CustomerId,
    ) -> Result<Option<(Customer, PasswordHash)>, StoreError> {
        let select = "SELECT * FROM customers WHERE customer_id = $1";
        let row: Option<Row> = fetch!(self.0, fetch_optional, sqlx::query_as(select).bind(id.0))?;
        Ok(row.map(Row::into_parts))
    }

    async fn by_ids(&self, ids: &[CustomerId]) -> Result<Vec<Customer>, StoreError> {
        let rows =
            match &self.0 {
                Database::Sqlite(file) => sqlx::query_as(
                    "SELECT * FROM customers WHERE customer_id IN (SELECT value FROM json_each($1))
                     ORDER BY customer_id",
                )
                .bind(json(ids))
                .fetch_all(&file.readers)
                .await?,
                Database::Postgres(pool) => {
                    let select = sqlx::query_as(
                        "SELECT * FROM customers WHERE customer_id = ANY ($1) ORDER BY customer_id",
                    );
                    bounded(pool, select.bind(numbers(ids)).fetch_all(pool)).await??
                }
            };
        Ok(customers(rows))
    }

    async fn search_names(&self, search: &NameSearch) -> Result<Vec<Customer>, StoreError> {
        let select = match self.0 {
            Database::Sqlite(_) => {
                "SELECT * FROM customers WHERE instr(full_name_folded, $1) > 0 OR username_key = $2
                 ORDER BY coalesce(username_key = $2, false) DESC, full_name_folded, customer_id LIMIT $3"
            }
            Database::Postgres(_) => {
                "SELECT * FROM customers WHERE strpos(full_name_folded, $1) > 0 OR username_key = $2
                 ORDER BY coalesce(username_key = $2, false) DESC, full_name_folded, customer_id LIMIT $3"
            }
        };
        let rows = fetch!(
            self.0,
            fetch_all,
            sqlx::query_as(select)
                .bind(search.folded())
                .bind(search.username_key())
                .bind(MAX_HITS)
        )?;
        Ok(customers(rows))
    }

    async fn search_phone_numbers(
        &self,
        search: &PhoneSearch,
        acquaintances: &[CustomerId],
    ) -> Result<Vec<Customer>, StoreError> {
        let (strangers, known) = (search.of_strangers(), search.of_acquaintances());
        let rows = match &self.0 {
            Database::Sqlite(file) => {
                sqlx::query_as(
                    "SELECT * FROM customers
                     WHERE EXISTS (SELECT 1 FROM json_each($1) WHERE phone_number LIKE value)
                        OR (customer_id IN (SELECT value FROM json_each($2))
                            AND EXISTS (SELECT 1 FROM json_each($3) WHERE phone_number LIKE value))
                     ORDER BY full_name_folded, customer_id LIMIT $4",
                )
                .bind(json(&strangers))
                .bind(json(acquaintances))
                .bind(json(&known))
                .bind(MAX_HITS)
                .fetch_all(&file.readers)
                .await?
            }
            Database::Postgres(pool) => {
                let select = sqlx::query_as(
                    "SELECT * FROM customers
                     WHERE phone_number LIKE ANY ($1)
                        OR (customer_id = ANY ($2) AND phone_number LIKE ANY ($3))
                     ORDER BY full_name_folded, customer_id LIMIT $4",
                )
                .bind(strangers)
                .bind(numbers(acquaintances))
                .bind(known)
                .bind(MAX_HITS);
                bounded(pool, select.fetch_all(pool)).await??
            }
        };
        Ok(customers(rows))
    }

    async fn replace_password(
        &self,
        change: &PasswordChange,
        now: Timestamp,
    ) -> Result<Option<(EndingId, EndSessions)>, StoreError> {
        match &self.0 {
            Database::Sqlite(file) => {
                sqlite::replace_password(sqlite::begin(file).await?, change, now).await
            }
            Database::Postgres(pool) => {
                let replace =
                    async { postgres::replace_password(pool.begin().await?, change, now).await };
                bounded(pool, replace).await?
            }
        }
    }

    async fn upgrade_hash(
        &self,
        id: CustomerId,
        verified: &PasswordHash,
        better: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let upgrade = "UPDATE customers SET password = $3 WHERE customer_id = $1 AND password = $2";
        let upgraded = execute!(
            self.0,
            sqlx::query(upgrade)
                .bind(id.0)
                .bind(verified.as_str())
                .bind(better.as_str())
        )?;
        Ok(upgraded > 0)
    }

    async fn endings_due(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(EndingId, EndSessions)>, StoreError> {
        let select = "SELECT * FROM session_endings
             WHERE changed_at <= $1 OR changed_at > $2 ORDER BY ending_id LIMIT $3";
        let rows: Vec<EndingRow> = fetch!(
            self.0,
            fetch_all,
            sqlx::query_as(select)
                .bind(now.millis() - ENDING_DUE_MILLIS)
                .bind(now.millis())
                .bind(ENDINGS)
        )?;
        Ok(rows.into_iter().map(EndingRow::into_ending).collect())
    }

    async fn forget_ending(&self, id: EndingId) -> Result<(), StoreError> {
        let forget = "DELETE FROM session_endings WHERE ending_id = $1";
        execute!(self.0, sqlx::query(forget).bind(id.0))?;
        Ok(())
    }

    fn rate_limits(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(SqlRateLimitStore::new(self.0.clone(), LIMITS))
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(SqlReadings::new(self.0.clone(), "budgets"))
    }
}

fn customers(rows: Vec<Row>) -> Vec<Customer> {
    rows.into_iter().map(Row::into_customer).collect()
}

fn numbers(ids: &[CustomerId]) -> Vec<i64> {
    ids.iter().map(|id| id.0).collect()
}

/// A list, as SQLite reads one.
fn json(list: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(list).expect("numbers and texts are JSON")
}
