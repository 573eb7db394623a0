//! F23: a WebSocket node is killed. A customer whose only connection was there stops typing within 3 s and is offline within
//! 125 s, although no connection was closed; a customer with another tab on another node stays online.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::client::{Client, Frame, Socket, USER1, USER2, USER3};
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use super::redis_flushed;
use crate::{
    customers::clients,
    plan::{Build, Mode, Size},
    probe,
    target::Target,
};

const SURVIVES: &str = "websocket-service-1";
const KILLED: &str = "websocket-service-2";
const TYPING_OVER_WITHIN: Duration = Duration::from_secs(3);
const OFFLINE_WITHIN: Duration = Duration::from_secs(125);
/// The sessions of a node that is gone expire in this time.
const TTL_MS: i64 = 120_000;
/// How soon subscribers get a change.
const PUSHED_WITHIN: Duration = Duration::from_secs(5);

/// # Errors
/// A ghost stayed, or a customer who was online all the time was pushed as offline.
pub async fn ghosts_go_and_tabs_do_not_flap(mode: Mode, size: Size) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let clients = clients(&target.url()).await?;
    let members = [USER2.id, USER3.id];
    let room = clients[0].create_room("haunted", &members).await?;
    let system = target.distributed()?;
    let (near, far) = (system.url_of(SURVIVES)?, system.url_of(KILLED)?);
    let mut redis = redis_flushed::connect(system).await?;
    let mut watcher = Watcher::new(&clients[0], &near, room).await?;
    let mut tabs = JoinSet::new();
    tabs.spawn(stay(probe::connect(&clients[1], &near).await?));
    watcher.online(USER2.id, true, PUSHED_WITHIN).await?;
    let _second_tab = probe::connect(&clients[1], &far).await?;
    let mut alone = probe::connect(&clients[2], &far).await?;
    watcher.online(USER3.id, true, PUSHED_WITHIN).await?;

    let typing = Frame::new("SEND", &[("destination", "/app/typing")])
        .with_body(&json!({"roomId": room, "isTyping": 1}).to_string());
    alone.send_for_receipt(typing).await?;
    watcher.typing(USER3.id, true, PUSHED_WITHIN).await?;
    target.kill(KILLED).await?;
    let killed = Instant::now();
    watcher.typing(USER3.id, false, TYPING_OVER_WITHIN).await?;
    let typing_gone = killed.elapsed();
    for key in ["online_sessions", "online_user"] {
        let key = format!("{key}:{}", USER3.id);
        let left = time_left(&mut redis, &key).await?;
        ensure!(
            (1..=TTL_MS).contains(&left),
            "{key} is held for another {left} ms"
        );
        if size == Size::Quick {
            // What 120 s would do.
            let mut expire = redis::cmd("PEXPIRE");
            let () = expire.arg(key).arg(1).query_async(&mut redis).await?;
        }
    }
    let wait = size.of(
        PUSHED_WITHIN,
        OFFLINE_WITHIN.saturating_sub(killed.elapsed()),
    );
    watcher.online(USER3.id, false, wait).await?;
    let offline_after = killed.elapsed();
    ensure!(
        watcher.pushed_offline(USER2.id) == 0,
        "a customer with another tab was pushed as offline"
    );
    let status = online(&clients[0], room).await?;
    ensure!(
        status == [(USER1.id, true), (USER2.id, true), (USER3.id, false)],
        "shown as online: {status:?}"
    );
    println!(
        "F23: typing was over {typing_gone:?} after the node was killed; its ghost was offline after {offline_after:?}{}; two tabs did not flap",
        size.of(", hastened", "")
    );
    target.revive(KILLED).await?;
    target.end().await
}

/// Reads whatever comes, because a connection that answers no PING is closed.
async fn stay(mut tab: Socket) {
    while tab.next_within(2 * OFFLINE_WITHIN).await.is_ok() {}
}

/// A subscriber to who is online and who is typing.
struct Watcher {
    socket: Socket,
    /// The pushed changes in order: a customer, and whether they are online.
    online: Vec<(i64, bool)>,
}

impl Watcher {
    async fn new(client: &Client, node: &str, room: i64) -> Result<Self> {
        let mut socket = probe::connect(client, node).await?;
        for topic in ["onlineStatus", "typing"] {
            let destination = format!("/topic/{topic}/roomId/{room}");
            socket.subscribe(&destination).await?;
        }
        Ok(Self {
            socket,
            online: Vec::new(),
        })
    }

    async fn online(&mut self, customer: i64, online: bool, within: Duration) -> Result<()> {
        self.await_push("online", customer, online, within).await
    }

    async fn typing(&mut self, customer: i64, typing: bool, within: Duration) -> Result<()> {
        self.await_push("typing", customer, typing, within).await
    }

    async fn await_push(
        &mut self,
        what: &str,
        customer: i64,
        state: bool,
        within: Duration,
    ) -> Result<()> {
        let pushed = async {
            loop {
                let change: Value = self.socket.next_within(2 * OFFLINE_WITHIN).await?.json()?;
                if let (Some(who), Some(online)) =
                    (change["customerId"].as_i64(), change["online"].as_bool())
                {
                    self.online.push((who, online));
                }
                if change["customerId"] == customer && change[what] == state {
                    return anyhow::Ok(());
                }
            }
        };
        timeout(within, pushed).await.with_context(|| {
            format!("that customer {customer} is {what}: {state} was not pushed within {within:?}")
        })?
    }

    fn pushed_offline(&self, customer: i64) -> usize {
        let away = self
            .online
            .iter()
            .filter(|change| **change == (customer, false));
        away.count()
    }
}

async fn time_left(redis: &mut MultiplexedConnection, key: &str) -> Result<i64> {
    Ok(redis::cmd("PTTL").arg(key).query_async(redis).await?)
}

async fn online(asker: &Client, room: i64) -> Result<Vec<(i64, bool)>> {
    let path = format!("/query/onlineStatus/roomId/{room}");
    let answer = asker.get(&path).await?;
    let all = answer.data().as_array().context("a list")?;
    let mut status = Vec::new();
    for one in all {
        let customer = one["customerId"].as_i64().context("an id")?;
        status.push((customer, one["online"] == true));
    }
    status.sort_unstable();
    Ok(status)
}
