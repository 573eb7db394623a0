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
use sqlx::{PgConnection, PgPool, Postgres, postgres::PgArguments, query::QueryAs};

use super::{
    Customer, CustomerStore, DERIVED_VERSION, EndingId, MAX_HITS, NewCustomer, PasswordChange,
    Profile, SaveError, SpendError, Taken,
    row::{Derived, Row, TakenColumns, Underived, Wanted, roles_column},
};
use crate::{
    domain::{Budget, Email, NameSearch, PhoneSearch, fold},
    password::PasswordHash,
};

/// Each service that shares the database keeps its own list of what it has migrated.
const MIGRATIONS: &str = "customer_migrations";

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
        let select = sqlx::query_as("SELECT * FROM customers WHERE username_lower = $1")
            .bind(username.to_lowercase());
        Ok(self.one(select).await?.map(Row::into_parts))
    }

    async fn by_email(&self, email: &Email) -> Result<Option<Customer>, StoreError> {
        let select = sqlx::query_as("SELECT * FROM customers WHERE email_lower = $1");
        let row = self.one(select.bind(email.lower())).await?;
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
        let row = insert_row(&mut transaction, customer).await?;
        row.ok_or(sqlx::Error::RowNotFound)?;
    }
    transaction.commit().await?;
    Ok(true)
}

async fn insert(pool: &PgPool, customer: &NewCustomer) -> Result<Customer, SaveError> {
    let mut transaction = pool.begin().await.map_err(StoreError::from)?;
    if let Some(row) = insert_row(&mut transaction, customer).await? {
        transaction.commit().await.map_err(StoreError::from)?;
        return Ok(row.into_parts().0);
    }
    Err(refusal(&mut transaction, &Wanted::by_nobody_yet(customer)).await?)
}

async fn update(
    pool: &PgPool,
    id: CustomerId,
    profile: &Profile,
) -> Result<Option<Customer>, SaveError> {
    match try_update(pool, id, profile).await {
        // Somebody took it after we looked: a second look sees it.
        Err(SaveError::Store(error)) if is_collision(&error) => try_update(pool, id, profile).await,
        outcome => outcome,
    }
}

async fn try_update(
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
             avatar_color = $7, derived_version = $8
         WHERE customer_id = $1 RETURNING *",
    )
    .bind(id.0)
    .bind(&profile.full_name)
    .bind(fold(&profile.full_name))
    .bind(&profile.email)
    .bind(profile.email.to_lowercase())
    .bind(&profile.phone_number)
    .bind(&profile.avatar_color)
    .bind(DERIVED_VERSION)
    .fetch_optional(&mut *transaction)
    .await
    .map_err(StoreError::from)?;
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(row.map(|row| row.into_parts().0))
}

/// The new row, or nothing if a column that must be unique is not. Waits for a concurrent insert of the same to end.
async fn insert_row(
    connection: &mut PgConnection,
    customer: &NewCustomer,
) -> Result<Option<Row>, StoreError> {
    let row = sqlx::query_as(
        "INSERT INTO customers (username, username_lower, password, full_name, full_name_folded, email, email_lower,
                                phone_number, avatar_color, roles, derived_version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT DO NOTHING RETURNING *",
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
    .fetch_optional(connection)
    .await?;
    Ok(row)
}

/// Derives what is of an older version, for a portion of the rows, and says whether there was any. Harmless when several
/// instances do.
async fn derive(pool: &PgPool) -> Result<bool, StoreError> {
    let underived: Vec<Underived> = sqlx::query_as(
        "SELECT customer_id, full_name FROM customers WHERE derived_version < $1 LIMIT 1000",
    )
    .bind(DERIVED_VERSION)
    .fetch_all(pool)
    .await?;
    let derived: Vec<Derived> = underived.iter().map(Underived::derive).collect();
    // What was derived meanwhile may be of another name by now.
    sqlx::query(
        "UPDATE customers SET full_name_folded = derived.folded, derived_version = $1
         FROM unnest($2::bigint[], $3::text[]) AS derived (id, folded)
         WHERE customer_id = derived.id AND derived_version < $1",
    )
    .bind(DERIVED_VERSION)
    .bind(column(&derived, |row| row.customer_id))
    .bind(column(&derived, |row| row.full_name_folded.clone()))
    .execute(pool)
    .await?;
    Ok(!underived.is_empty())
}

fn column<T>(derived: &[Derived], value: impl Fn(&Derived) -> T) -> Vec<T> {
    derived.iter().map(value).collect()
}

/// Whether another transaction stored the same value in a column that must be unique.
fn is_collision(error: &StoreError) -> bool {
    matches!(error, StoreError::Defect(sqlx::Error::Database(refusal)) if refusal.is_unique_violation())
}

/// Why an insert made no row.
async fn refusal(
    connection: &mut PgConnection,
    wanted: &Wanted<'_>,
) -> Result<SaveError, StoreError> {
    Ok(taken(connection, wanted).await?.map_or_else(
        || StoreError::from(sqlx::Error::RowNotFound).into(),
        SaveError::Taken,
    ))
}

/// The first wanted value that belongs to somebody else.
async fn taken(
    connection: &mut PgConnection,
    wanted: &Wanted<'_>,
) -> Result<Option<Taken>, StoreError> {
    let taken: TakenColumns = sqlx::query_as(
        "SELECT EXISTS (SELECT 1 FROM customers WHERE username_lower = $1) AS username,
                EXISTS (SELECT 1 FROM customers
                        WHERE email_lower = $2 AND customer_id IS DISTINCT FROM $4) AS email,
                EXISTS (SELECT 1 FROM customers
                        WHERE phone_number = $3 AND customer_id IS DISTINCT FROM $4) AS phone_number",
    )
    .bind(wanted.username.map(str::to_lowercase))
    .bind(wanted.email.to_lowercase())
    .bind(wanted.phone_number)
    .bind(wanted.by.map(|id| id.0))
    .fetch_one(connection)
    .await?;
    Ok(taken.first())
}
