//! Clients that come and go quickly (stomp.md N9): half say goodbye, half are cut off, and nothing of either is left.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::harness::{Instance, Options, System, eventually};
use futures_util::future::try_join_all;
use reqwest::header::COOKIE;
use serde_json::json;

use super::{
    attacker::Attacker,
    case::{Answer, Stage::V12, raw},
    ground::Ground,
    resident_kib,
};

const COMINGS: usize = 10_000;
/// Comings before anything is counted: caches and arenas have then their size.
const WARM_UP: usize = 5_000;
/// At the same time: fewer than one address or one customer may have.
const WAVE: usize = 200;
const GROWTH_KIB: u64 = 16 * 1024;
/// Files of the stores, which come and go by themselves.
const SPARE_DESCRIPTORS: usize = 16;

#[tokio::test]
async fn stomp_n9_ten_thousand_clients_that_come_and_go_leave_nothing() -> Result<()> {
    let instance = Instance::start(Options::default()).await?;
    let pid = instance.pid().context("it runs")?;
    let system = System::of(instance);
    let ground = Ground::of(&system).await?;

    let at_first = descriptors(pid)?;
    come_and_go(&ground, 0..WARM_UP).await?;
    all_are_gone(&system, pid, at_first).await?;
    let before = resident_kib(pid)?;
    come_and_go(&ground, WARM_UP..WARM_UP + COMINGS).await?;
    all_are_gone(&system, pid, at_first).await?;
    let (after, at_last) = (resident_kib(pid)?, descriptors(pid)?);
    println!("descriptors before the first client: {at_first}, after the last: {at_last}");
    println!("resident after {WARM_UP} comings and goings: {before} KiB");
    println!("resident after {COMINGS} more: {after} KiB");
    ensure!(
        after <= before + GROWTH_KIB,
        "grew from {before} to {after} KiB"
    );
    Ok(())
}

async fn come_and_go(ground: &Ground, clients: std::ops::Range<usize>) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    for wave in clients.step_by(WAVE) {
        let visits = (wave..wave + WAVE).map(|client| {
            let http = &http;
            async move {
                match client % 10 {
                    0 => SockJs::of(ground, http, client).is_cut().await,
                    1 => SockJs::of(ground, http, client).says_goodbye().await,
                    even if even % 2 == 0 => is_cut(ground).await,
                    _ => says_goodbye(ground).await,
                }
            }
        });
        try_join_all(visits).await?;
    }
    Ok(())
}

async fn is_cut(ground: &Ground) -> Result<()> {
    let mut client = Attacker::open(ground, V12).await?;
    client.say(&subscribe(ground)).await
}

async fn says_goodbye(ground: &Ground) -> Result<()> {
    let mut client = Attacker::open(ground, V12).await?;
    client.say(&subscribe(ground)).await?;
    client.expect(&Answer::Receipt("r".to_owned())).await?;
    client.say(&raw("DISCONNECT", &["receipt:bye"], "")).await?;
    client.expect(&Answer::Receipt("bye".to_owned())).await?;
    client.expect_close(1000).await
}

fn subscribe(ground: &Ground) -> Vec<u8> {
    let room = format!("destination:/topic/message/roomId/{}", ground.names.room);
    raw("SUBSCRIBE", &["id:0", &room, "receipt:r"], "")
}

/// A session over plain HTTP.
struct SockJs<'a> {
    http: &'a reqwest::Client,
    base: String,
    cookie: String,
    subscribe: String,
}

impl<'a> SockJs<'a> {
    fn of(ground: &Ground, http: &'a reqwest::Client, client: usize) -> Self {
        Self {
            http,
            base: format!("{}/ws/chat-sockjs/n9/client{client}", ground.url),
            cookie: format!("jwt_token={}", ground.names.token),
            subscribe: String::from_utf8_lossy(&subscribe(ground)).into_owned(),
        }
    }

    async fn is_cut(&self) -> Result<()> {
        self.connect().await?;
        drop(self.ask("xhr_streaming", "").await?);
        Ok(())
    }

    async fn says_goodbye(&self) -> Result<()> {
        self.connect().await?;
        self.say("DISCONNECT\n\n\0").await?;
        while !self.poll().await?.starts_with("c[3000") {}
        Ok(())
    }

    async fn connect(&self) -> Result<()> {
        ensure!(self.poll().await? == "o\n");
        self.say("CONNECT\naccept-version:1.2\nheart-beat:0,0\n\n\0")
            .await?;
        self.say(&self.subscribe).await?;
        while !self.poll().await?.contains("receipt-id:r") {}
        Ok(())
    }

    async fn say(&self, frame: &str) -> Result<()> {
        self.ask("xhr_send", &json!([frame]).to_string()).await?;
        Ok(())
    }

    async fn poll(&self) -> Result<String> {
        Ok(self.ask("xhr", "").await?.text().await?)
    }

    async fn ask(&self, transport: &str, body: &str) -> Result<reqwest::Response> {
        let request = self.http.post(format!("{}/{transport}", self.base));
        let request = request.header(COOKIE, &self.cookie).body(body.to_owned());
        Ok(request.send().await?.error_for_status()?)
    }
}

/// Waits until no connection, no subscription and no descriptor of any client is left.
async fn all_are_gone(system: &System, pid: u32, at_first: usize) -> Result<()> {
    let operator = system.anonymous()?;
    eventually("no client is left", || async {
        let metrics = operator.get("/metrics").await?;
        let metrics = metrics.body.as_str().context("no metrics")?;
        let none = |gauge: &str| {
            let none = format!("colloquy_websocket_{gauge} 0");
            metrics.lines().any(|line| line == none)
        };
        let open = descriptors(pid)?;
        let gone =
            none("connections") && none("subscriptions") && open <= at_first + SPARE_DESCRIPTORS;
        Ok(gone.then_some(()))
    })
    .await
}

/// How many files and sockets the process has open.
fn descriptors(pid: u32) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/fd"))?.count())
}
