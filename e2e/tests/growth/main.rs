//! One binary grows into a cluster (ADR 029), and the clients of the one go on with the other: at the same address, with the
//! same cookies. This runs with the tests of the crates, on the real parts, and starts the eight services itself; alone, after
//! `cargo build -p colloquy`.

mod cluster;
mod conversation;
mod process;

use std::time::Duration;

use anyhow::{Result, ensure};
use cluster::Cluster;
use colloquy_e2e::{
    client::{Client, Socket},
    harness::{Instance, Options, within},
};
use conversation::Conversation;

/// Longer than the drain of a process.
const END_TIMEOUT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_one_binary_go_on_with_a_cluster_on_postgres_kafka_mongodb_and_redis()
-> Result<()> {
    let mut binary = Instance::start(Options::default()).await?;
    let address = binary.url();
    let conversation = Conversation::held(&Client::new(&address)?).await?;
    let before = conversation.settled().await?;
    let mut screen = conversation.screen().await?;
    screen.subscribe_room(conversation.room).await?;
    stop(&mut binary, screen).await?;

    let mut cluster = Cluster::prepare(&address).await?;
    let said = cluster.import(binary.data()).await?;
    ensure!(said.contains(conversation::REPUBLISHED), "{said}");
    cluster.take_keys(&binary.data().join("keys"))?;
    cluster.start().await?;

    conversation.is_as(&before).await?;
    conversation.repeats_are_answered_as_then().await?;
    conversation
        .sessions_and_passwords_are_those_of_then()
        .await?;
    conversation.goes_on().await
}

/// Ends it as an operator does; the client that listens is asked to reconnect.
async fn stop(binary: &mut Instance, mut screen: Socket) -> Result<()> {
    binary.signal("TERM")?;
    let closed = screen.expect_close().await?;
    assert_eq!(
        (closed.code, closed.reason.as_str()),
        (1001, "server is stopping, reconnect")
    );
    let ended = within(END_TIMEOUT, "the binary has ended", || {
        let exited = binary.exited();
        async { exited }
    });
    let status = ended.await?;
    ensure!(status.success(), "{status}");
    binary.kill()
}
