//! Appending for callers that cannot go on before their events are in the log.

use colloquy_chassis::{answer::chain, backoff::Backoff};

use crate::{EventLog, NewEvent};

/// Appends events and answers when every one is durable, however long the log is away or takes only some of them.
pub async fn append_with_retry(log: &dyn EventLog, mut events: Vec<NewEvent>) {
    let mut backoff = Backoff::default();
    while !events.is_empty() {
        let before = events.len();
        match log.append(&events).await {
            Ok(durable) => {
                let mut durable = durable.into_iter();
                events.retain(|_| !durable.next().unwrap_or(false));
            }
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    left = before,
                    "events are waiting for the event log"
                );
            }
        }
        // A log that takes some is not away.
        if events.len() < before {
            backoff.reset();
        } else {
            backoff.wait().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use colloquy_contracts::{RoomId, Topic};

    use super::*;
    use crate::{EventLogError, GroupReader, TailReader};

    /// The answers to come, and the events of each call so far.
    struct Scripted {
        answers: Mutex<Vec<Option<Vec<bool>>>>,
        calls: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl EventLog for Scripted {
        async fn append(&self, events: &[NewEvent]) -> Result<Vec<bool>, EventLogError> {
            let ids: Vec<_> = events.iter().map(|event| event.event_id.as_str()).collect();
            self.calls.lock().unwrap().push(ids.join(" "));
            let answer = self.answers.lock().unwrap().remove(0);
            answer.ok_or_else(|| EventLogError::Unavailable("away".to_owned()))
        }

        async fn join(&self, _: &str) -> Result<Box<dyn GroupReader>, EventLogError> {
            Err(EventLogError::Misconfigured(
                "only for appending".to_owned(),
            ))
        }

        async fn tail(&self, _: &[Topic]) -> Result<Box<dyn TailReader>, EventLogError> {
            Err(EventLogError::Misconfigured(
                "only for appending".to_owned(),
            ))
        }
    }

    #[tokio::test]
    async fn decision_6_what_the_log_did_not_take_is_appended_again_in_its_order_and_nothing_else()
    {
        let log = Scripted {
            answers: Mutex::new(vec![
                None,
                Some(vec![false, true, false, true]),
                None,
                Some(vec![true, false]),
                Some(vec![true]),
            ]),
            calls: Mutex::default(),
        };
        let event = |id: &str| NewEvent {
            topic: Topic::RoomUpdated,
            room_id: RoomId(1),
            event_id: id.to_owned(),
            payload: "{}".into(),
            replayed: false,
            version: None,
            traceparent: None,
        };
        append_with_retry(&log, ["a", "b", "c", "d"].map(event).into()).await;
        let calls = log.calls.into_inner().unwrap();
        assert_eq!(calls, ["a b c d", "a b c d", "a c", "a c", "c"]);
    }
}
