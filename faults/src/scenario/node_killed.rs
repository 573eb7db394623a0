//! F23: a WebSocket node is killed. Whoever was there alone stops typing within 3 s and is offline within 125 s, although
//! nobody took leave; whoever has another tab on another node never was away.

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
const TYPING_GONE: Duration = Duration::from_secs(3);
const GONE: Duration = Duration::from_secs(125);
/// What the store holds of a node that is gone runs out in this time.
const TTL_MS: i64 = 120_000;
/// How soon it is told what the store let go.
const ANNOUNCED_WITHIN: Duration = Duration::from_secs(5);

/// # Errors
/// A ghost stayed, or somebody who was there all the time was told to be away.
pub async fn ghosts_go_and_tabs_do_not_flap(mode: Mode, size: Size) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let clients = clients(&target.url()).await?;
    let everybody = [USER2.id, USER3.id];
    let room = clients[0].create_room("haunted", &everybody).await?;
    let system = target.distributed()?;
    let (near, far) = (system.url_of(SURVIVES)?, system.url_of(KILLED)?);
    let mut redis = redis_flushed::connect(system).await?;
    let mut watcher = Watcher::new(&clients[0], &near, room).await?;
    let mut tabs = JoinSet::new();
    tabs.spawn(stay(probe::connect(&clients[1], &near).await?));
    watcher.online(USER2.id, true, ANNOUNCED_WITHIN).await?;
    let _second_tab = probe::connect(&clients[1], &far).await?;
    let mut alone = probe::connect(&clients[2], &far).await?;
    watcher.online(USER3.id, true, ANNOUNCED_WITHIN).await?;

    let typing = Frame::new("SEND", &[("destination", "/app/typing")])
        .with_body(&json!({"roomId": room, "isTyping": 1}).to_string());
    alone.send_for_receipt(typing).await?;
    watcher.typing(USER3.id, true, ANNOUNCED_WITHIN).await?;
    target.kill(KILLED).await?;
    let killed = Instant::now();
    watcher.typing(USER3.id, false, TYPING_GONE).await?;
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
    let wait = size.of(ANNOUNCED_WITHIN, GONE.saturating_sub(killed.elapsed()));
    watcher.online(USER3.id, false, wait).await?;
    let told = killed.elapsed();
    ensure!(
        watcher.told_away(USER2.id) == 0,
        "who had another tab was told to be away"
    );
    let status = online(&clients[0], room).await?;
    ensure!(
        status == [(USER1.id, true), (USER2.id, true), (USER3.id, false)],
        "shown as online: {status:?}"
    );
    println!(
        "F23: typing was over {typing_gone:?} after the node was killed; its ghost was told gone after {told:?}{}; two tabs did not flap",
        size.of(", hastened", "")
    );
    target.revive(KILLED).await?;
    target.end().await
}

/// Reads whatever comes: who answers no PING for as long is not there any more.
async fn stay(mut tab: Socket) {
    while tab.next_within(2 * GONE).await.is_ok() {}
}

/// Somebody who is told who is online and who is typing.
struct Watcher {
    socket: Socket,
    /// Customers and whether they were told to be online, in order.
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
        self.await_told("online", customer, online, within).await
    }

    async fn typing(&mut self, customer: i64, typing: bool, within: Duration) -> Result<()> {
        self.await_told("typing", customer, typing, within).await
    }

    async fn await_told(
        &mut self,
        what: &str,
        customer: i64,
        state: bool,
        within: Duration,
    ) -> Result<()> {
        let told = async {
            loop {
                let news: Value = self.socket.next_within(2 * GONE).await?.json()?;
                if let (Some(who), Some(online)) =
                    (news["customerId"].as_i64(), news["online"].as_bool())
                {
                    self.online.push((who, online));
                }
                if news["customerId"] == customer && news[what] == state {
                    return anyhow::Ok(());
                }
            }
        };
        timeout(within, told).await.with_context(|| {
            format!("that customer {customer} is {what}: {state} was not told within {within:?}")
        })?
    }

    fn told_away(&self, customer: i64) -> usize {
        let away = self
            .online
            .iter()
            .filter(|told| **told == (customer, false));
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
