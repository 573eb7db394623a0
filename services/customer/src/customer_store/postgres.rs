//! Accounts in PostgreSQL (`chat_db`, which other services use too).

mod budgets;
mod passwords;

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_service_api::session_ending::EndSessions;
use colloquy_sql::{
    StoreError,
    postgres::{self, bounded},
    sweeping::{KeptReadings, PostgresReadings},
};
use colloquy_text::{mail_key, username_key, username_reading};
use sqlx::{PgConnection, PgPool, Postgres, postgres::PgArguments, query::QueryAs};

use super::{
    Customer, CustomerStore, DERIVED_VERSION, EndingId, MAX_HITS, NewCustomer, PasswordChange,
    Profile, SaveError, SpendError, Taken,
    row::{Derived, Row, Spelling, TakenColumns, Underived, Wanted, roles_column},
};
use crate::{
    domain::{Budget, Email, NameSearch, PhoneSearch, fold},
    password::PasswordHash,
};

/// Each service that shares the database keeps its own list of what it has migrated.
const MIGRATIONS: &str = "customer_migrations";
/// The advisory lock under which names, addresses and numbers are taken and derived; no other one has this number.
const NAMES_LOCK: i64 = 0x636f_6c6c_6f71_7579;

type Select<'q> = QueryAs<'q, Postgres, Row, PgArguments>;

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
        Ok(rows.into_iter().map(|row| row.into_parts().0).collect())
    }
}

#[async_trait]
impl CustomerStore for PostgresCustomerStore {
    async fn is_empty(&self) -> Result<bool, StoreError> {
        let select =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM customers)").fetch_one(&self.0);
        let any: bool = bounded(&self.0, select).await??;
        Ok(!any)
    }

    async fn seed(&self, customers: &[NewCustomer]) -> Result<bool, StoreError> {
        bounded(&self.0, seed(&self.0, customers)).await?
    }

    async fn insert(&self, customer: &NewCustomer) -> Result<Customer, SaveError> {
        bounded(&self.0, insert(&self.0, customer)).await?
    }

    async fn update(
        &self,
        id: CustomerId,
        profile: &Profile,
    ) -> Result<Option<Customer>, SaveError> {
        bounded(&self.0, update(&self.0, id, profile)).await?
    }

    async fn by_username(
        &self,
        username: &str,
    ) -> Result<Option<(Customer, PasswordHash)>, StoreError> {
        // PostgreSQL's text holds no NUL and refuses the question; nobody is called so.
        if username.contains('\0') {
            return Ok(None);
        }
        let Spelling { exact, key } = Spelling::of_username(username);
        let select = sqlx::query_as(
            "SELECT * FROM customers
             WHERE username_lower = $1
                OR (username_key = $2 AND (SELECT count(*) FROM customers WHERE username_key = $2) = 1)
             ORDER BY username_lower = $1 DESC LIMIT 1",
        );
        let row = self.one(select.bind(exact).bind(key)).await?;
        Ok(row.map(Row::into_parts))
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Customer>, StoreError> {
        let Spelling { exact, key } = Spelling::of_email(email);
        let select = sqlx::query_as(
            "SELECT * FROM customers
             WHERE email_lower = $1
                OR (email_key = $2 AND (SELECT count(*) FROM customers WHERE email_key = $2) = 1)
             ORDER BY email_lower = $1 DESC LIMIT 1",
        );
        let row = self.one(select.bind(exact).bind(key)).await?;
        Ok(row.map(|row| row.into_parts().0))
    }

    async fn with_password(
        &self,
        id: CustomerId,
    ) -> Result<Option<(Customer, PasswordHash)>, StoreError> {
        let select = sqlx::query_as("SELECT * FROM customers WHERE customer_id = $1");
        Ok(self.one(select.bind(id.0)).await?.map(Row::into_parts))
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
        bounded(&self.0, passwords::replace(&self.0, change, now)).await?
    }

    async fn upgrade_hash(
        &self,
        id: CustomerId,
        verified: &PasswordHash,
        better: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let upgrade = passwords::upgrade(&self.0, id, verified, better);
        bounded(&self.0, upgrade).await?
    }

    async fn endings_due(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(EndingId, EndSessions)>, StoreError> {
        bounded(&self.0, passwords::endings_due(&self.0, now)).await?
    }

    async fn forget_ending(&self, id: EndingId) -> Result<(), StoreError> {
        bounded(&self.0, passwords::forget_ending(&self.0, id)).await?
    }

    async fn spend(&self, budget: &Budget, now: Timestamp) -> Result<(), SpendError> {
        bounded(&self.0, budgets::spend(&self.0, budget, now)).await?
    }

    async fn give_back(&self, budget: &Budget) -> Result<(), StoreError> {
        bounded(&self.0, budgets::give_back(&self.0, budget)).await?
    }

    fn readings(&self) -> Arc<dyn KeptReadings> {
        Arc::new(PostgresReadings::new(self.0.clone(), "budgets"))
    }

    async fn forget_budgets(&self, over_age: Timestamp, at_once: u32) -> Result<u64, StoreError> {
        bounded(&self.0, budgets::forget(&self.0, over_age, at_once)).await?
    }
}

async fn seed(pool: &PgPool, customers: &[NewCustomer]) -> Result<bool, StoreError> {
    let mut transaction = pool.begin().await?;
    // Held against other seeds and against inserts alike: an insert draws its id only after this.
    sqlx::query("LOCK TABLE customers IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *transaction)
        .await?;
    let any: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM customers)")
        .fetch_one(&mut *transaction)
        .await?;
    if any {
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

async fn insert(pool: &PgPool, customer: &NewCustomer) -> Result<Customer, SaveError> {
    let mut transaction = pool.begin().await.map_err(StoreError::from)?;
    if let Some(taken) = taken(&mut transaction, &Wanted::by_nobody_yet(customer)).await? {
        return Err(SaveError::Taken(taken));
    }
    let row = insert_row(&mut transaction, customer).await?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(row.into_parts().0)
}

async fn update(
    pool: &PgPool,
    id: CustomerId,
    profile: &Profile,
) -> Result<Option<Customer>, SaveError> {
    let mut transaction = pool.begin().await.map_err(StoreError::from)?;
    if let Some(taken) = taken(&mut transaction, &Wanted::by(id, profile)).await? {
        return Err(SaveError::Taken(taken));
    }
    let row: Option<Row> = sqlx::query_as(
        "UPDATE customers
         SET full_name = $2, full_name_folded = $3, email = $4, email_lower = $5, phone_number = $6,
             avatar_color = $7, email_key = $8
         WHERE customer_id = $1 RETURNING *",
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

async fn insert_row(
    connection: &mut PgConnection,
    customer: &NewCustomer,
) -> Result<Row, StoreError> {
    let row = sqlx::query_as(
        "INSERT INTO customers (username, username_lower, password, full_name, full_name_folded, email, email_lower,
                                phone_number, avatar_color, roles, derived_version, username_key, username_reading,
                                email_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING *",
    )
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

/// Derives what is of an older version, for a portion of the rows, and says whether there was any. Of several instances
/// one does at a time; what a newer version has derived meanwhile stays.
async fn derive(pool: &PgPool) -> Result<bool, StoreError> {
    let mut transaction = pool.begin().await?;
    lock(&mut transaction).await?;
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

/// Until the transaction ends, no other one takes or derives names, addresses and numbers. Older accounts share keys and
/// readings, so that no unique index can refuse them.
async fn lock(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(NAMES_LOCK)
        .execute(connection)
        .await?;
    Ok(())
}

/// The first wanted value that is another account's, and until the transaction ends no other account takes one. One's
/// own address may stay, though an older account shares its key.
async fn taken(
    connection: &mut PgConnection,
    wanted: &Wanted<'_>,
) -> Result<Option<Taken>, StoreError> {
    lock(connection).await?;
    let taken: TakenColumns = sqlx::query_as(
        "SELECT EXISTS (SELECT 1 FROM customers WHERE username_lower = $5 OR username_key = $6) AS username,
                EXISTS (SELECT 1 FROM customers WHERE username_reading = $7) AS reading,
                EXISTS (SELECT 1 FROM customers
                        WHERE (email_lower = $1 OR email_key = $2) AND customer_id IS DISTINCT FROM $4)
                    AND NOT EXISTS (SELECT 1 FROM customers WHERE email_lower = $1 AND customer_id = $4) AS email,
                EXISTS (SELECT 1 FROM customers
                        WHERE phone_number = $3 AND customer_id IS DISTINCT FROM $4) AS phone_number",
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
