//! Following Redis' own notices and what is published, on a connection of its own that comes back by itself.

use std::{convert::Infallible, time::Duration};

use colloquy_chassis::backoff::Backoff;
use futures_util::StreamExt as _;
use redis::{Client, Msg, RedisError, RedisResult, aio::PubSubSink, cmd};
use tokio::{
    sync::watch,
    time::{Instant, interval_at, timeout},
};

use super::{Names, RESPONSE};
use crate::expiring_store::{Notice, notices::Notices};

/// Where Redis tells which keys have expired, in whatever database.
const EXPIRED: &str = "__keyevent@*__:expired";
const EVENTS: &str = "notify-keyspace-events";
/// How often a quiet connection is asked whether it is still there.
const PING: Duration = Duration::from_secs(1);

/// Turns what Redis tells into notices.
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
        let mut before = false;
        loop {
            let Err(error) = self.follow(&mut before).await;
            if self.subscribed.send_replace(false) {
                tracing::warn!(%error, "redis notifications are lost until it is back");
                backoff.reset();
            }
            backoff.wait().await;
        }
    }

    /// Follows until the connection breaks. `before`: whether there was one before, which then has missed something.
    async fn follow(&self, before: &mut bool) -> RedisResult<Infallible> {
        let (mut sink, mut stream) = limited(self.client.get_async_pubsub()).await?.split();
        let [channels, sets] = self.names.all_channels();
        limited(sink.psubscribe(&[EXPIRED.to_owned(), channels, sets])).await?;
        self.switch_on_expiry_notices().await;
        if std::mem::replace(before, true) {
            self.notices.tell(Notice::Missed);
        }
        self.subscribed.send_replace(true);
        let mut ping = interval_at(Instant::now() + PING, PING);
        loop {
            tokio::select! {
                message = stream.next() => self.tell(&message.ok_or_else(closed)?),
                _ = ping.tick() => still_there(&mut sink).await?,
            }
        }
    }

    fn tell(&self, message: &Msg) {
        if let Some(notice) = self.notice(message) {
            self.notices.tell(notice);
        }
    }

    /// What a message says, if it is about something of ours.
    fn notice(&self, message: &Msg) -> Option<Notice> {
        let (channel, payload) = (message.get_channel_name(), message.get_payload_bytes());
        if channel.starts_with("__keyevent@") {
            let key = self
                .names
                .own_key(str::from_utf8(payload).ok()?)?
                .to_owned();
            return Some(Notice::Expired { key });
        }
        if let Some(set) = self.names.own_set(channel) {
            let set = set.to_owned();
            return Some(match payload {
                b"1" => Notice::Occupied { set },
                _ => Notice::Emptied { set },
            });
        }
        let channel = self.names.own_channel(channel)?.to_owned();
        let payload = payload.to_vec().into();
        Some(Notice::Published { channel, payload })
    }

    /// A server that does not let us is one that an operator has to set up; the rest works meanwhile.
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
fn completed(events: &str) -> Option<String> {
    let told = events.contains('E') && events.contains(['x', 'A']);
    (!told).then(|| format!("{events}Ex"))
}

async fn still_there(sink: &mut PubSubSink) -> RedisResult<()> {
    let _: redis::Value = limited(sink.ping()).await?;
    Ok(())
}

async fn limited<T>(answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    timeout(RESPONSE, answer).await.unwrap_or_else(|elapsed| {
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
