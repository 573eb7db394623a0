use colloquy_sql::{
    StoreError,
    sqlite::{Durability, SqliteDatabase},
};

async fn pragma(database: &SqliteDatabase, name: &'static str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("PRAGMA {name}"));
    sqlx::query_scalar(sql)
        .fetch_one(&database.writer)
        .await
        .unwrap()
}

#[tokio::test]
async fn decision_10_what_exists_nowhere_else_is_synced_before_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let full = SqliteDatabase::open(&folder.path().join("write.db"), Durability::Full)
        .await
        .unwrap();
    let normal = SqliteDatabase::open(&folder.path().join("views.db"), Durability::Rebuildable)
        .await
        .unwrap();
    assert_eq!(
        (
            pragma(&full, "synchronous").await,
            pragma(&normal, "synchronous").await
        ),
        (2, 1)
    );
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let database = SqliteDatabase::open(&folder.path().join("write.db"), Durability::Full)
        .await
        .unwrap();
    assert!(
        sqlx::query("CREATE TABLE t(x)")
            .execute(&database.readers)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_statement_that_makes_no_sense_is_a_defect_and_a_folder_that_is_away_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let database = SqliteDatabase::open(&folder.path().join("write.db"), Durability::Full)
        .await
        .unwrap();
    let nonsense = sqlx::query("SELECT nonsense")
        .execute(&database.writer)
        .await
        .unwrap_err();
    assert!(matches!(StoreError::from(nonsense), StoreError::Defect(_)));
    let away = SqliteDatabase::open(&folder.path().join("away/write.db"), Durability::Full)
        .await
        .unwrap_err();
    assert!(away.is_transient(), "{away:?}");
}
