//! Accounts in PostgreSQL (`chat_db`, which other services use too).

mod statements {
    crate::customer_store::statements::statements!(Postgres);
}

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_rate_limit::{RateLimitStore, SqlRateLimitStore};
use colloquy_service_api::session_ending::EndSessions;
use colloquy_sql::{
    StoreError,
    postgres::{self, bounded},
    sweeping::{KeptReadings, SqlReadings},
};
use sqlx::{PgPool, Postgres, Transaction};

use self::statements::Select;
use super::{
    Customer, CustomerStore, DERIVED_VERSION, EndingId, LIMITS, MAX_HITS, NewCustomer,
    PasswordChange, Profile, SaveError,
    row::{Derived, EndingRow, Row, Underived},
};
use crate::{
    domain::{Email, NameSearch, PhoneSearch},
    password::PasswordHash,
};

/// Each service that shares the database keeps its own list of what it has migrated.
const MIGRATIONS: &str = "customer_migrations";
/// The advisory lock under which names, addresses and numbers are taken and derived; no other one has this number.
const NAMES_LOCK: i64 = 0x636f_6c6c_6f71_7579;

/// The distributed store. Cheap to clone; any number of instances may use one database.
#[derive(Clone, Debug)]
pub struct PostgresCustomerStore(PgPool);

impl PostgresCustomerStore {
    /// The store in this database; makes the tables if they are not there, also when several instances start at once.
    ///
    /// # Errors
    /// The database is down, or holds another version's table.
    pub async fn open(pool: PgPool) -> Result<Self, StoreError> {
        postgres::migrate(&pool, sqlx::migrate!("migrations/postgres"), MIGRATIONS).await?;
        while bounded(&pool, derive(&pool)).await?? {}
        Ok(Self(pool))
    }

    async fn one(&self, select: Select<'_>) -> Result<Option<Row>, StoreError> {
        Ok(bounded(&self.0, select.fetch_optional(&self.0)).await??)
    }

    async fn all(&self, select: Select<'_>) -> Result<Vec<Customer>, StoreError> {
        let rows = bounded(&self.0, select.fetch_all(&self.0)).await??;
        Ok(rows.into_iter().map(Row::into_customer).collect())
    }
}

#[async_trait]
impl CustomerStore for PostgresCustomerStore {
    async fn is_empty(&self) -> Result<bool, StoreError> {
        let any = sqlx::query_scalar(statements::ANY_ACCOUNT).fetch_one(&self.0);
        let any: bool = bounded(&self.0, any).await??;
        Ok(!any)
    }

    async fn seed(&self, customers: &[NewCustomer]) -> Result<bool, StoreError> {
        bounded(&self.0, seed(&self.0, customers)).await?
    }

    async fn insert(&self, customer: &NewCustomer) -> Result<Customer, SaveError> {
        let insert = async { statements::insert(taking(&self.0).await?, customer).await };
        bounded(&self.0, insert).await?
    }

    async fn update(
        &self,
        id: CustomerId,
        profile: &Profile,
    ) -> Result<Option<Customer>, SaveError> {
        let update = async { statements::update(taking(&self.0).await?, id, profile).await };
        bounded(&self.0, update).await?
    }

    async fn by_username(
        &self,
        username: &str,
    ) -> Result<Option<(Customer, PasswordHash)>, StoreError> {
        // PostgreSQL's text holds no NUL and refuses the question; no account is called so.
        if username.contains('\0') {
            return Ok(None);
        }
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
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let select = sqlx::query_as(
            "SELECT * FROM customers WHERE customer_id = ANY ($1) ORDER BY customer_id",
        );
        self.all(select.bind(ids)).await
    }

    async fn search_names(&self, search: &NameSearch) -> Result<Vec<Customer>, StoreError> {
        let select = sqlx::query_as(
            "SELECT * FROM customers WHERE strpos(full_name_folded, $1) > 0
             ORDER BY full_name_folded, customer_id LIMIT $2",
        );
        self.all(select.bind(search.folded()).bind(MAX_HITS)).await
    }

    async fn search_phone_numbers(
        &self,
        search: &PhoneSearch,
        acquaintances: &[CustomerId],
    ) -> Result<Vec<Customer>, StoreError> {
        let acquaintances: Vec<i64> = acquaintances.iter().map(|id| id.0).collect();
        let select = sqlx::query_as(
            "SELECT * FROM customers
             WHERE phone_number LIKE ANY ($1) OR (customer_id = ANY ($2) AND phone_number LIKE ANY ($3))
             ORDER BY full_name_folded, customer_id LIMIT $4",
        )
        .bind(search.of_strangers())
        .bind(acquaintances)
        .bind(search.of_acquaintances());
        self.all(select.bind(MAX_HITS)).await
    }

    async fn replace_password(
        &self,
        change: &PasswordChange,
        now: Timestamp,
    ) -> Result<Option<(EndingId, EndSessions)>, StoreError> {
        let replace = async {
            let transaction = self.0.begin().await?;
            statements::replace_password(transaction, change, now).await
        };
        bounded(&self.0, replace).await?
    }

    async fn upgrade_hash(
        &self,
        id: CustomerId,
        verified: &PasswordHash,
        better: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let upgrade = statements::upgrade_hash(id, verified, better).execute(&self.0);
        Ok(bounded(&self.0, upgrade).await??.rows_affected() > 0)
    }

    async fn endings_due(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(EndingId, EndSessions)>, StoreError> {
        let due = statements::endings_due(now).fetch_all(&self.0);
        let rows = bounded(&self.0, due).await??;
        Ok(rows.into_iter().map(EndingRow::into_ending).collect())
    }

    async fn forget_ending(&self, id: EndingId) -> Result<(), StoreError> {
        let forget = statements::forget_ending(id).execute(&self.0);
        bounded(&self.0, forget).await??;
        Ok(())
    }

    fn rate_limits(&self) -> Arc<dyn RateLimitStore> {
        Arc::new(SqlRateLimitStore::new(self.0.clone(), LIMITS))
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(SqlReadings::new(self.0.clone(), "budgets"))
    }
}

async fn seed(pool: &PgPool, customers: &[NewCustomer]) -> Result<bool, StoreError> {
    let mut transaction = pool.begin().await?;
    // Against other seeds and against inserts alike: an insert draws its id only after this.
    sqlx::query("LOCK TABLE customers IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *transaction)
        .await?;
    let any = sqlx::query_scalar(statements::ANY_ACCOUNT);
    if any.fetch_one(&mut *transaction).await? {
        return Ok(false);
    }
    sqlx::query("SELECT setval(pg_get_serial_sequence('customers', 'customer_id'), 1, false)")
        .execute(&mut *transaction)
        .await?;
    for customer in customers {
        statements::insert_row(&mut transaction, customer).await?;
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
    let derived: Vec<Derived> = underived.iter().map(Underived::derive).collect();
    sqlx::query(
        "UPDATE customers
         SET username_key = derived.username_key, username_reading = derived.username_reading,
             full_name_folded = derived.folded, email_key = derived.email_key, derived_version = $1
         FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
              AS derived (id, username_key, username_reading, folded, email_key)
         WHERE customer_id = derived.id AND derived_version < $1",
    )
    .bind(DERIVED_VERSION)
    .bind(column(&derived, |row| row.customer_id))
    .bind(column(&derived, |row| row.username_key.clone()))
    .bind(column(&derived, |row| row.username_reading.clone()))
    .bind(column(&derived, |row| row.full_name_folded.clone()))
    .bind(column(&derived, |row| row.email_key.clone()))
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(!underived.is_empty())
}

fn column<T>(rows: &[Derived], value: impl Fn(&Derived) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// A transaction until whose end no other one takes or derives names, addresses and numbers. Older accounts share keys
/// and readings, so that no unique index can refuse them.
async fn taking(pool: &PgPool) -> Result<Transaction<'static, Postgres>, StoreError> {
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(NAMES_LOCK)
        .execute(&mut *transaction)
        .await?;
    Ok(transaction)
}
