//! A follower of topics, by manual assignment (decision 16).

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_contracts::Topic;
use rdkafka::{
    config::FromClientConfigAndContext as _,
    consumer::{Consumer as _, StreamConsumer},
    types::RDKafkaErrorCode,
};

use super::{
    client::{self, Reporter, blocking},
    fetch::Fetcher,
    settings::KafkaSettings,
    watermarks,
};
use crate::event_log::{EventLogError, Record, TailReader};

/// librdkafka assigns nothing without a group's name; no member ever joins this one, and nothing is committed to it.
const GROUP: &str = "colloquy-tail";

pub(super) struct Tail {
    fetcher: Fetcher,
    /// A partition was lost from sight: nothing that this tail could still read is complete.
    out_of_range: bool,
}

impl Tail {
    pub(super) async fn at_end(
        settings: Arc<KafkaSettings>,
        topics: Vec<Topic>,
    ) -> Result<Self, EventLogError> {
        let consumer = {
            let settings = Arc::clone(&settings);
            blocking(move || {
                let consumer: StreamConsumer<Reporter> = StreamConsumer::from_config_and_context(
                    client::reader(&settings, GROUP).set("auto.offset.reset", "error"),
                    Reporter::default(),
                )?;
                let watermarks = watermarks::fetch(&settings, &topics)?;
                let ends = watermarks::assignment(&settings, &watermarks, |one| one.high)?;
                consumer.assign(&ends)?;
                Ok(consumer)
            })
            .await?
        };
        Ok(Self {
            fetcher: Fetcher::new(settings, consumer),
            out_of_range: false,
        })
    }
}

#[async_trait]
impl TailReader for Tail {
    async fn next(&mut self, max: usize) -> Result<Vec<Record>, EventLogError> {
        if self.out_of_range {
            return Err(EventLogError::OutOfRange);
        }
        match self.fetcher.next(max).await {
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AutoOffsetReset) => {
                self.out_of_range = true;
                Err(EventLogError::OutOfRange)
            }
            outcome => Ok(outcome?),
        }
    }
}
