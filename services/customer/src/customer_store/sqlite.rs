//! Accounts in a SQLite file (`accounts.db`).

mod budgets;
mod passwords;

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_service_api::session_ending::EndSessions;
use colloquy_sql::{
    StoreError,
    sqlite::SqliteDatabase,
    sweeping::{KeptReadings, SqliteReadings},
};
use colloquy_text::{mail_key, username_key, username_reading};
use sqlx::SqliteConnection;

use super::{
    Customer, CustomerStore, DERIVED_VERSION, EndingId, MAX_HITS, NewCustomer, PasswordChange,
    Profile, SaveError, SpendError, Taken,
    row::{Row, Spelling, TakenColumns, Underived, Wanted, roles_column},
};
use crate::{
    domain::{Budget, Email, NameSearch, PhoneSearch, fold},
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
        sqlx::query("UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'customers'")
            .bind(id.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
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
            insert_row(&mut transaction, Some(id), customer).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn insert(&self, customer: &NewCustomer) -> Result<Customer, SaveError> {
        let mut transaction = begin(&self.0).await?;
        let wanted = Wanted::by_nobody_yet(customer);
        if let Some(taken) = taken(&mut transaction, &wanted).await? {
            return Err(SaveError::Taken(taken));
        }
        let row = insert_row(&mut transaction, None, customer).await?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(row.into_parts().0)
    }

    async fn update(
        &self,
        id: CustomerId,
        profile: &Profile,
    ) -> Result<Option<Customer>, SaveError> {
        let mut transaction = begin(&self.0).await?;
        if let Some(taken) = taken(&mut transaction, &Wanted::by(id, profile)).await? {
            return Err(SaveError::Taken(taken));
        }
        let row: Option<Row> = sqlx::query_as(
            "UPDATE customers
             SET full_name = ?2, full_name_folded = ?3, email = ?4, email_lower = ?5, phone_number = ?6,
                 avatar_color = ?7, email_key = ?8
             WHERE customer_id = ?1 RETURNING *",
        )
        .bind(id.0)
        .bind(&profile.full_name)
        .bind(fold(&profile.full_name))
        .bind(&profile.email)
        .bind(profile.email.to_lowercase())
        .bind(&profile.phone_number)
        .bind(&profile.avatar_color)
        .bind(mail_key(&profile.email))
        .fetch_optional(&mut *transaction)
        .await
        .map_err(StoreError::from)?;
        transaction.commit().await.map_err(StoreError::from)?;
        Ok(row.map(|row| row.into_parts().0))
    }

    async fn by_username(
        &self,
        username: &str,
    ) -> Result<Option<(Customer, PasswordHash)>, StoreError> {
        let Spelling { exact, key } = Spelling::of_username(username);
        let row: Option<Row> = sqlx::query_as(
            "SELECT * FROM customers
             WHERE username_lower = ?1
                OR (username_key = ?2 AND (SELECT count(*) FROM customers WHERE username_key = ?2) = 1)
             ORDER BY username_lower = ?1 DESC LIMIT 1",
        )
        .bind(exact)
        .bind(key)
        .fetch_optional(&self.0.readers)
        .await?;
        Ok(row.map(Row::into_parts))
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Customer>, StoreError> {
        let Spelling { exact, key } = Spelling::of_email(email);
        let row: Option<Row> = sqlx::query_as(
            "SELECT * FROM customers
             WHERE email_lower = ?1
                OR (email_key = ?2 AND (SELECT count(*) FROM customers WHERE email_key = ?2) = 1)
             ORDER BY email_lower = ?1 DESC LIMIT 1",
        )
        .bind(exact)
        .bind(key)
        .fetch_optional(&self.0.readers)
        .await?;
        Ok(row.map(|row| row.into_parts().0))
    }

    async fn with_password(
        &self,
        id: CustomerId,
    ) -> Result<Option<(Customer, PasswordHash)>, StoreError> {
        let row: Option<Row> = sqlx::query_as("SELECT * FROM customers WHERE customer_id = ?1")
            .bind(id.0)
            .fetch_optional(&self.0.readers)
            .await?;
        Ok(row.map(Row::into_parts))
    }

    async fn by_ids(&self, ids: &[CustomerId]) -> Result<Vec<Customer>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT * FROM customers WHERE customer_id IN (SELECT value FROM json_each(?1))
             ORDER BY customer_id",
        )
        .bind(json(ids))
        .fetch_all(&self.0.readers)
        .await?;
        Ok(rows.into_iter().map(|row| row.into_parts().0).collect())
    }

    async fn search_names(&self, search: &NameSearch) -> Result<Vec<Customer>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT * FROM customers WHERE instr(full_name_folded, ?1) > 0
             ORDER BY full_name_folded, customer_id LIMIT ?2",
        )
        .bind(search.folded())
        .bind(MAX_HITS)
        .fetch_all(&self.0.readers)
        .await?;
        Ok(rows.into_iter().map(|row| row.into_parts().0).collect())
    }

    async fn search_phone_numbers(
        &self,
        search: &PhoneSearch,
        acquaintances: &[CustomerId],
    ) -> Result<Vec<Customer>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT * FROM customers
             WHERE EXISTS (SELECT 1 FROM json_each(?1) WHERE phone_number LIKE value)
                OR (customer_id IN (SELECT value FROM json_each(?2))
                    AND EXISTS (SELECT 1 FROM json_each(?3) WHERE phone_number LIKE value))
             ORDER BY full_name_folded, customer_id LIMIT ?4",
        )
        .bind(json(&search.of_strangers()))
        .bind(json(acquaintances))
        .bind(json(&search.of_acquaintances()))
        .bind(MAX_HITS)
        .fetch_all(&self.0.readers)
        .await?;
        Ok(rows.into_iter().map(|row| row.into_parts().0).collect())
    }

    async fn replace_password(
        &self,
        change: &PasswordChange,
        now: Timestamp,
    ) -> Result<Option<(EndingId, EndSessions)>, StoreError> {
        passwords::replace(&self.0, change, now).await
    }

    async fn upgrade_hash(
        &self,
        id: CustomerId,
        verified: &PasswordHash,
        better: &PasswordHash,
    ) -> Result<bool, StoreError> {
        passwords::upgrade(&self.0, id, verified, better).await
    }

    async fn endings_due(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(EndingId, EndSessions)>, StoreError> {
        passwords::endings_due(&self.0, now).await
    }

    async fn forget_ending(&self, id: EndingId) -> Result<(), StoreError> {
        passwords::forget_ending(&self.0, id).await
    }

    async fn spend(&self, budget: &Budget, now: Timestamp) -> Result<(), SpendError> {
        budgets::spend(&self.0, budget, now).await
    }

    async fn give_back(&self, budget: &Budget) -> Result<(), StoreError> {
        budgets::give_back(&self.0, budget).await
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(SqliteReadings::new(self.0.clone(), "budgets"))
    }

    async fn forget_budgets(&self, over_age: Timestamp, at_once: u32) -> Result<u64, StoreError> {
        budgets::forget(&self.0, over_age, at_once).await
    }
}

async fn begin(
    database: &SqliteDatabase,
) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, StoreError> {
    Ok(database.writer.begin_with("BEGIN IMMEDIATE").await?)
}

/// A list, as SQLite reads one.
fn json(list: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(list).expect("numbers and texts are JSON")
}

async fn insert_row(
    connection: &mut SqliteConnection,
    id: Option<i64>,
    customer: &NewCustomer,
) -> Result<Row, StoreError> {
    let row = sqlx::query_as(
        "INSERT INTO customers (customer_id, username, username_lower, password, full_name, full_name_folded, email,
                                email_lower, phone_number, avatar_color, roles, derived_version, username_key,
                                username_reading, email_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) RETURNING *",
    )
    .bind(id)
    .bind(&customer.username)
    .bind(customer.username.to_lowercase())
    .bind(customer.password.as_str())
    .bind(&customer.full_name)
    .bind(fold(&customer.full_name))
    .bind(&customer.email)
    .bind(customer.email.to_lowercase())
    .bind(&customer.phone_number)
    .bind(&customer.avatar_color)
    .bind(roles_column(&customer.roles))
    .bind(DERIVED_VERSION)
    .bind(username_key(&customer.username))
    .bind(username_reading(&customer.username))
    .bind(mail_key(&customer.email))
    .fetch_one(connection)
    .await?;
    Ok(row)
}

/// Derives what is of an older version, for a portion of the rows, and says whether there was any.
async fn derive(database: &SqliteDatabase) -> Result<bool, StoreError> {
    let mut transaction = begin(database).await?;
    let underived: Vec<Underived> = sqlx::query_as(
        "SELECT customer_id, username, full_name, email FROM customers WHERE derived_version < ?1 LIMIT 1000",
    )
    .bind(DERIVED_VERSION)
    .fetch_all(&mut *transaction)
    .await?;
    for derived in underived.iter().map(Underived::derive) {
        sqlx::query(
            "UPDATE customers
             SET username_key = ?2, username_reading = ?3, full_name_folded = ?4, email_key = ?5, derived_version = ?6
             WHERE customer_id = ?1",
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

/// The first wanted value that is another account's. One's own address may stay, though an older account shares its key.
async fn taken(
    connection: &mut SqliteConnection,
    wanted: &Wanted<'_>,
) -> Result<Option<Taken>, StoreError> {
    let taken: TakenColumns = sqlx::query_as(
        "SELECT EXISTS (SELECT 1 FROM customers WHERE username_lower = ?5 OR username_key = ?6) AS username,
                EXISTS (SELECT 1 FROM customers WHERE username_reading = ?7) AS reading,
                EXISTS (SELECT 1 FROM customers WHERE (email_lower = ?1 OR email_key = ?2) AND customer_id IS NOT ?4)
                    AND NOT EXISTS (SELECT 1 FROM customers WHERE email_lower = ?1 AND customer_id = ?4) AS email,
                EXISTS (SELECT 1 FROM customers
                        WHERE phone_number = ?3 AND customer_id IS NOT ?4) AS phone_number",
    )
    .bind(wanted.email.to_lowercase())
    .bind(mail_key(wanted.email))
    .bind(wanted.phone_number)
    .bind(wanted.by.map(|id| id.0))
    .bind(wanted.username.map(str::to_lowercase))
    .bind(wanted.username.map(username_key))
    .bind(wanted.username.map(username_reading))
    .fetch_one(connection)
    .await?;
    Ok(taken.first())
}
