//! Distributed: PostgreSQL, the write topics in Kafka, MongoDB.

mod kafka;
mod mongodb;
mod postgres;

use anyhow::Result;

use super::{Evidence, Parked};

/// Where the real parts are.
#[derive(Clone, Debug)]
pub struct Distributed {
    pub postgres: String,
    pub kafka: String,
    pub mongo: String,
    pub mongo_database: String,
}

impl Distributed {
    /// Reads all sources; the write store last, so that it can have everything that the others have.
    ///
    /// # Errors
    /// A part does not answer.
    pub async fn read(&self) -> Result<Evidence> {
        let brokers = self.kafka.clone();
        Ok(Evidence {
            viewed: mongodb::read(&self.mongo, &self.mongo_database).await?,
            logged: tokio::task::spawn_blocking(move || kafka::read(&brokers)).await??,
            written: postgres::read(&self.postgres).await?,
            shown: Vec::new(),
        })
    }

    /// The parked events.
    ///
    /// # Errors
    /// The view store does not answer.
    pub async fn parked(&self) -> Result<Vec<Parked>> {
        mongodb::parked(&self.mongo, &self.mongo_database).await
    }
}
