//! Follows Redis' keyspace notifications and what our scripts publish, on a connection of its own that comes back by itself.

use std::{convert::Infallible, time::Duration};

use colloquy_chassis::backoff::Backoff;
use futures_util::StreamExt as _;
use redis::{Client, Msg, RedisError, RedisResult, cmd};
use tokio::{
    sync::watch,
    time::{Instant, interval_at, timeout},
};

use super::{Names, RESPONSE_TIMEOUT};
use crate::expiring_store::{Notice, watch::Notices};

/// The channels of expired keys, of every database.
const EXPIRED: &str = "__keyevent@*__:expired";
pub(super) const EVENTS: &str = "notify-keyspace-events";
/// How often a quiet connection is probed.
const PING_INTERVAL: Duration = Duration::from_secs(1);

/// Turns messages of Redis into notices.
pub(super) struct Follower {
    pub(super) client: Client,
    pub(super) names: Names,
    pub(super) notices: Notices,
    /// Whether notices arrive at present.
    pub(super) subscribed: watch::Sender<bool>,
}

impl Follower {
    /// Follows for ever.
    pub(super) async fn run(self) {
        let mut backoff = Backoff::default();
        let mut reconnects = false;
        loop {
            let Err(error) = self.follow(&mut reconnects).await;
            if self.subscribed.send_replace(false) {
                tracing::warn!(%error, "redis notifications are lost until it is back");
                backoff.reset();
            }
            backoff.wait().await;
        }
    }

    /// Follows until the connection breaks. After an earlier connection notices have been missed.
    async fn follow(&self, reconnects: &mut bool) -> RedisResult<Infallible> {
        let (mut sink, mut stream) = limited(self.client.get_async_pubsub()).await?.split();
        limited(sink.psubscribe(&[EXPIRED, &self.names.all_channels()])).await?;
        self.switch_on_expiry_notices().await;
        if std::mem::replace(reconnects, true) {
            self.notices.send(Notice::Missed);
        }
        self.subscribed.send_replace(true);
        let mut ping = interval_at(Instant::now() + PING_INTERVAL, PING_INTERVAL);
        loop {
            tokio::select! {
                message = stream.next() => if let Some(notice) = self.notice(&message.ok_or_else(closed)?) {
                    self.notices.send(notice);
                },
                _ = ping.tick() => {
                    let _: redis::Value = limited(sink.ping()).await?;
                }
            }
        }
    }

    /// The notice of a message that is about a key or set of ours.
    fn notice(&self, message: &Msg) -> Option<Notice> {
        let (channel, payload) = (message.get_channel_name(), message.get_payload_bytes());
        if channel.starts_with("__keyevent@") {
            let key = self.names.own_key(str::from_utf8(payload).ok()?)?;
            let key = key.to_owned();
            return Some(Notice::Expired { key });
        }
        let set = self.names.own_set(channel)?.to_owned();
        Some(match payload {
            b"1" => Notice::Occupied { set },
            _ => Notice::Emptied { set },
        })
    }

    /// A server that refuses is one that an operator has to configure; everything else works meanwhile.
    async fn switch_on_expiry_notices(&self) {
        if let Err(error) = limited(self.add_events()).await {
            tracing::warn!(%error, "cannot make sure that redis announces expired keys");
        }
    }

    async fn add_events(&self) -> RedisResult<()> {
        let mut connection = self.client.get_multiplexed_async_connection().await?;
        let (_, events): (String, String) = cmd("CONFIG")
            .arg("GET")
            .arg(EVENTS)
            .query_async(&mut connection)
            .await?;
        match completed(&events) {
            None => Ok(()),
            Some(events) => {
                let mut set = cmd("CONFIG");
                set.arg("SET").arg(EVENTS).arg(events);
                set.query_async(&mut connection).await
            }
        }
    }
}

/// The events to ask for when those of `events` do not include the expiry of keys.
pub(super) fn completed(events: &str) -> Option<String> {
    let is_complete = events.contains('E') && events.contains(['x', 'A']);
    (!is_complete).then(|| format!("{events}Ex"))
}

async fn limited<T>(answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    timeout(RESPONSE_TIMEOUT, answer)
        .await
        .unwrap_or_else(|elapsed| {
            let error: std::io::Error = elapsed.into();
            Err(error.into())
        })
}

fn closed() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()
}

#[cfg(test)]
mod tests {
    use super::completed;

    #[test]
    fn events_that_others_asked_for_are_kept() {
        for (events, expected) in [
            ("", Some("Ex")),
            ("Kg", Some("KgEx")),
            ("E", Some("EEx")),
            ("xKE", None),
            ("AE", None),
        ] {
            assert_eq!(completed(events).as_deref(), expected, "{events}");
        }
    }
}
