//! What a server says of itself and of what it lets us do. Nothing is made or changed.

use sqlx::{Connection as _, PgConnection, PgPool};

use super::answered;
use crate::StoreError;

/// A server, as the role of the URL finds it.
#[derive(Clone, Debug)]
pub struct ServerFacts {
    /// Its version, such as `15.9`.
    pub version: String,
    /// The same as a number, such as 150009.
    pub version_number: i32,
    /// Whether this connection is encrypted.
    pub is_encrypted: bool,
    /// Its wall clock, in milliseconds since 1970.
    pub unix_millis: i64,
    /// Whether it only reads, as a standby does.
    pub only_reads: bool,
    /// Whether the role may make tables.
    pub may_create: bool,
    /// The tables and sequences that are not there.
    pub missing: Vec<String>,
    /// Those of which the role lacks a right: to read and change rows, or to take the next number.
    pub refused: Vec<String>,
}

/// A table, whether it is there, and whether its rows may be read and changed.
type Table = (String, bool, bool);

/// Asks the server of a pool, and for rights on these tables, on a connection of its own: a pool would go on trying where a
/// connection is refused, and not say why.
///
/// # Errors
/// The server is away, does not answer in time, or does not let us in.
pub async fn facts(pool: &PgPool, tables: &[&str]) -> Result<ServerFacts, StoreError> {
    let asked = answered(async {
        let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
        let found: Vec<Table> = sqlx::query_as(
            "SELECT name, at IS NOT NULL, coalesce(CASE (SELECT relkind FROM pg_class WHERE oid = at)
                WHEN 'S' THEN has_sequence_privilege(at, 'USAGE')
                ELSE has_table_privilege(at, 'SELECT') AND has_table_privilege(at, 'INSERT')
                    AND has_table_privilege(at, 'UPDATE') AND has_table_privilege(at, 'DELETE') END, false)
             FROM (SELECT name, to_regclass(quote_ident(name)) AS at FROM unnest($1::text[]) AS name) AS tables",
        )
        .bind(tables)
        .fetch_all(&mut connection)
        .await?;
        // The clock comes last, so that it is as old as one answer is long.
        let server: (String, i32, bool, bool, bool, i64) = sqlx::query_as(
            "SELECT current_setting('server_version'), current_setting('server_version_num')::int4,
                coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
                current_setting('transaction_read_only') = 'on',
                coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
                (extract(epoch FROM clock_timestamp()) * 1000)::int8",
        )
        .fetch_one(&mut connection)
        .await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>((found, server))
    });
    let (found, server) = asked.await??;
    let (version, version_number, is_encrypted, only_reads, may_create, unix_millis) = server;
    let named = |wanted: fn(&Table) -> bool| {
        let tables = found.iter().filter(|table| wanted(table));
        tables.map(|(name, ..)| name.clone()).collect()
    };
    Ok(ServerFacts {
        version,
        version_number,
        is_encrypted,
        unix_millis,
        only_reads,
        may_create,
        missing: named(|(_, exists, _)| !exists),
        refused: named(|(_, exists, allowed)| *exists && !allowed),
    })
}
