//! Accounts in PostgreSQL (`chat_db`, which other services use too).

use async_trait::async_trait;
use colloquy_contracts::CustomerId;
use colloquy_sql::StoreError;
use sqlx::{PgConnection, PgPool};

use super::{
    Customer, CustomerStore, InsertError, NewCustomer,
    row::{Row, TakenColumns, roles_column},
};
use crate::password::PasswordHash;

/// Each service that shares the database keeps its own list of what it has migrated.
const MIGRATIONS: &str = "customer_migrations";

/// The distributed store. Cheap to clone; any number of instances may use one database.
#[derive(Clone, Debug)]
pub struct PostgresCustomerStore(PgPool);

impl PostgresCustomerStore {
    /// The store in this database; makes the table if it is not there, also when several instances start at once.
    ///
    /// # Errors
    /// The database is down, or holds another version's table.
    pub async fn open(pool: PgPool) -> Result<Self, StoreError> {
        let mut migrator = sqlx::migrate!("migrations/postgres");
        migrator.dangerous_set_table_name(MIGRATIONS);
        migrator.run(&pool).await?;
        Ok(Self(pool))
    }
}

#[async_trait]
impl CustomerStore for PostgresCustomerStore {
    async fn is_empty(&self) -> Result<bool, StoreError> {
        let any: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM customers)")
            .fetch_one(&self.0)
            .await?;
        Ok(!any)
    }

    async fn seed(&self, customers: &[NewCustomer]) -> Result<bool, StoreError> {
        let mut transaction = self.0.begin().await?;
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

    async fn insert(&self, customer: &NewCustomer) -> Result<Customer, InsertError> {
        let mut transaction = self.0.begin().await.map_err(StoreError::from)?;
        if let Some(row) = insert_row(&mut transaction, customer).await? {
            transaction.commit().await.map_err(StoreError::from)?;
            return Ok(row.into_parts().0);
        }
        let taken: TakenColumns = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM customers WHERE username_lower = $1) AS username,
                    EXISTS (SELECT 1 FROM customers WHERE email_lower = $2) AS email,
                    EXISTS (SELECT 1 FROM customers WHERE phone_number = $3) AS phone_number",
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
        // PostgreSQL's text holds no NUL and refuses the question; nobody is called so.
        if username.contains('\0') {
            return Ok(None);
        }
        let row: Option<Row> = sqlx::query_as("SELECT * FROM customers WHERE username_lower = $1")
            .bind(username.to_lowercase())
            .fetch_optional(&self.0)
            .await?;
        Ok(row.map(Row::into_parts))
    }

    async fn by_ids(&self, ids: &[CustomerId]) -> Result<Vec<Customer>, StoreError> {
        let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT * FROM customers WHERE customer_id = ANY ($1) ORDER BY customer_id",
        )
        .bind(ids)
        .fetch_all(&self.0)
        .await?;
        Ok(rows.into_iter().map(|row| row.into_parts().0).collect())
    }
}

/// The new row, or nothing if a column that must be unique is not. Waits for a concurrent insert of the same to end.
async fn insert_row(
    connection: &mut PgConnection,
    customer: &NewCustomer,
) -> Result<Option<Row>, StoreError> {
    let row = sqlx::query_as(
        "INSERT INTO customers (username, username_lower, password, full_name, email, email_lower, phone_number,
                                avatar_color, roles)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT DO NOTHING RETURNING *",
    )
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
