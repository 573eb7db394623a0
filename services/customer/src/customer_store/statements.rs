//! The transactions that both databases carry out alike. `sqlite.rs` and `postgres.rs` make them with one line for their
//! kind of connection, and add what only their database understands.

/// The functions for `Sqlite` or for `Postgres`.
macro_rules! statements {
    ($database:ident) => {
        use colloquy_contracts::{CustomerId, Timestamp};
        use colloquy_service_api::session_ending::EndSessions;
        use colloquy_text::{mail_key, username_key, username_reading};

        use crate::{
            customer_store::{
                Customer, EndingId, PasswordChange, Profile, SaveError, Taken,
                row::{EndingRow, Row, reset_from_column, roles_column},
            },
            domain::{fold, rate_limits},
            password::PasswordHash,
        };

        type Connection = <$database as sqlx::Database>::Connection;

        /// In a transaction that keeps others from taking names until it ends.
        pub(super) async fn insert(
            mut transaction: sqlx::Transaction<'_, $database>,
            customer: &NewCustomer,
        ) -> Result<Customer, SaveError> {
            let username = Some(&*customer.username);
            let phone_number = customer.phone_number.as_deref();
            let taken = taken(&mut transaction, username, &customer.email, phone_number, None);
            if let Some(taken) = taken.await? {
                return Err(SaveError::Taken(taken));
            }
            let row = insert_row(&mut transaction, customer).await?;
            transaction.commit().await.map_err(StoreError::from)?;
            Ok(row.into_customer())
        }

        pub(super) async fn insert_row(
            connection: &mut Connection,
            customer: &NewCustomer,
        ) -> Result<Row, StoreError> {
            let row = sqlx::query_as(
                "INSERT INTO customers (username, username_lower, password, full_name, full_name_folded, email,
                                        email_lower, phone_number, avatar_color, roles, derived_version,
                                        username_key, username_reading, email_key)
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

        /// In a transaction that keeps others from taking names until it ends.
        pub(super) async fn update(
            mut transaction: sqlx::Transaction<'_, $database>,
            id: CustomerId,
            profile: &Profile,
        ) -> Result<Option<Customer>, SaveError> {
            let phone_number = profile.phone_number.as_deref();
            let taken = taken(&mut transaction, None, &profile.email, phone_number, Some(id));
            if let Some(taken) = taken.await? {
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
            Ok(row.map(Row::into_customer))
        }

        /// The first of these values that is an account's already, other than of the account that asks. Its own address may
        /// stay, though an older account shares its key.
        async fn taken(
            connection: &mut Connection,
            username: Option<&str>,
            email: &str,
            phone_number: Option<&str>,
            by: Option<CustomerId>,
        ) -> Result<Option<Taken>, StoreError> {
            let (has_username, has_reading, has_email, has_phone_number) = sqlx::query_as(
                "SELECT EXISTS (SELECT 1 FROM customers WHERE username_lower = $5 OR username_key = $6),
                        EXISTS (SELECT 1 FROM customers WHERE username_reading = $7),
                        EXISTS (SELECT 1 FROM customers
                                WHERE (email_lower = $1 OR email_key = $2) AND customer_id IS DISTINCT FROM $4)
                            AND NOT EXISTS (SELECT 1 FROM customers
                                            WHERE email_lower = $1 AND customer_id = $4),
                        EXISTS (SELECT 1 FROM customers
                                WHERE phone_number = $3 AND customer_id IS DISTINCT FROM $4)",
            )
            .bind(email.to_lowercase())
            .bind(mail_key(email))
            .bind(phone_number)
            .bind(by.map(|id| id.0))
            .bind(username.map(str::to_lowercase))
            .bind(username.map(username_key))
            .bind(username.map(username_reading))
            .fetch_one(connection)
            .await?;
            let taken = [
                (has_username, Taken::Username),
                (has_reading, Taken::Reading),
                (has_email, Taken::Email),
                (has_phone_number, Taken::PhoneNumber),
            ];
            Ok(taken.into_iter().find_map(|(taken, which): (bool, Taken)| taken.then_some(which)))
        }

        pub(super) async fn replace_password(
            mut transaction: sqlx::Transaction<'_, $database>,
            change: &PasswordChange,
            now: Timestamp,
        ) -> Result<Option<(EndingId, EndSessions)>, StoreError> {
            let number: Option<i64> = sqlx::query_scalar(
                "UPDATE customers SET password = $2, session_number = session_number + 1
                 WHERE customer_id = $1 AND (CAST($3 AS text) IS NULL OR password = $3) RETURNING session_number",
            )
            .bind(change.customer_id.0)
            .bind(change.new.as_str())
            .bind(change.verified.as_ref().map(PasswordHash::as_str))
            .fetch_optional(&mut *transaction)
            .await?;
            let Some(number) = number else {
                return Ok(None);
            };
            if change.reset.is_some() {
                sqlx::query("DELETE FROM customer_rate_limits WHERE limit_key = $1")
                    .bind(rate_limits::guesses_of(change.customer_id).key.to_string())
                    .execute(&mut *transaction)
                    .await?;
            }
            let ending: EndingRow = sqlx::query_as(
                "INSERT INTO session_endings (customer_id, except_session, changed_at, ended_before, reset_name, reset_from)
                 VALUES ($1, $2, $3, $4, $5, $6) RETURNING *",
            )
            .bind(change.customer_id.0)
            .bind(change.except.map(|session| session.to_string()))
            .bind(now.millis())
            .bind(number)
            .bind(change.reset.as_ref().map(|reset| &reset.username))
            .bind(reset_from_column(change))
            .fetch_one(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(Some(ending.into_ending()))
        }
    };
}

pub(super) use statements;
