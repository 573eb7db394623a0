//! One binary grows into a cluster: everything keeps its id, seq and marker, and the next message goes on (ADR 029).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use colloquy_chassis::Lifecycle;
use colloquy_chat_command::{
    domain::MessageContent,
    outbox::PostgresOutbox,
    write_store::{
        Command as Asked, NewMessage, PostgresWriteStore, Recorded, Submission, WriteStore as _,
    },
};
use colloquy_contracts::{CustomerId, MessageId, RoomId, Seq, Timestamp};
use colloquy_sql::{postgres, test_database::postgres_database};
use sqlx::PgPool;
use uuid::Uuid;

use crate::earlier_releases::{DATA, fixtures, unpacked};

fn import(data: &Path, url: &str) -> Output {
    let brokers = std::env::var("COLLOQUY_TEST_KAFKA")
        .expect("run the tests with `cargo xtask test`, which starts the real parts");
    let settings = data.with_extension("toml");
    let stores = ["accounts", "sessions", "mail", "write_store"];
    let mut text: String = stores
        .map(|store| format!("[{store}]\nurl = \"{url}\"\n"))
        .concat();
    let prefix = Uuid::new_v4().simple();
    text += &format!("[event_log]\nbrokers = \"{brokers}\"\ntopic_prefix = \"import-{prefix}-\"\n");
    std::fs::write(&settings, text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_colloquy"));
    command
        .args(["import", "--data"])
        .arg(data)
        .arg("--config")
        .arg(&settings);
    command.stdin(Stdio::null()).output().unwrap()
}

async fn rows(pool: &PgPool, sql: &'static str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_the_data_folder_of_every_release_is_in_postgres_and_the_next_message_goes_on()
{
    for fixture in fixtures(DATA) {
        let (data, url) = (unpacked(&fixture), postgres_database().await);
        let output = import(data.path(), &url);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}{errors}");
        assert!(!errors.contains("postgres::notice"), "{errors}");
        assert!(
            said.contains("Republished 2 rooms, 5 messages and 1 read markers."),
            "{said}"
        );
        everything_is_there(&postgres::pool(&url, 4).unwrap()).await;
        let again = import(data.path(), &url);
        let errors = String::from_utf8_lossy(&again.stderr);
        assert_eq!(again.status.code(), Some(2), "{errors}");
        assert!(
            errors.contains("only an empty one is imported into"),
            "{errors}"
        );
    }
}

/// All that `earlier_releases.rs` says of a fixture, and what a service would write next.
pub async fn everything_is_there(pool: &PgPool) {
    let members = "SELECT concat_ws(' ', room_id, customer_id, full_name, last_read_message_id)
        FROM room_participants ORDER BY room_id, customer_id";
    assert_eq!(rows(pool, members).await.len(), 5);
    assert!(
        rows(pool, members)
            .await
            .contains(&"1 4 Nguyễn Văn An 5".to_owned())
    );
    let messages =
        "SELECT concat_ws(' ', message_id, seq, customer_id, content) FROM messages ORDER BY seq";
    assert_eq!(rows(pool, messages).await[3], "6 4 1 two\nlines");
    let names = "SELECT customer_id || username FROM customers ORDER BY customer_id";
    assert_eq!(
        rows(pool, names).await,
        ["1user1", "2user2", "3user3", "4nguyen"]
    );
    let ended = "SELECT concat_ws(' ', number, customer_id) FROM revocations";
    assert_eq!(rows(pool, ended).await, ["1 3"]);
    let keys = "SELECT key FROM idempotency ORDER BY key";
    assert_eq!(rows(pool, keys).await.len(), 5);
    assert_eq!(next_message(pool).await, (MessageId(8), Seq(6)));
}

async fn next_message(pool: &PgPool) -> (MessageId, Seq) {
    let life = Lifecycle::default();
    let outbox = PostgresOutbox::start(pool.clone(), &life.tasks());
    let store = PostgresWriteStore::new(pool.clone(), outbox);
    let sent = Submission {
        command: Asked::SendMessage(NewMessage {
            room_id: RoomId(1),
            sender_id: CustomerId(1),
            sender_full_name: "One".into(),
            content: MessageContent::parse("the next".into(), 100).unwrap(),
        }),
        key: None,
        at: Timestamp::from_millis(1_900_000_000_000),
        trace: None,
    };
    let answer = store.record(&[sent]).await.unwrap().remove(0);
    let Recorded::Message {
        message_id, seq, ..
    } = answer.unwrap().recorded
    else {
        panic!("a message");
    };
    (message_id, seq)
}
