//! Both adapters against the promises of the port.

mod postgres {
    use std::sync::Arc;

    use colloquy_chat_command::write_store::{WriteStore, conformance::Fixture};
    use colloquy_contracts::{Topic, events::WriteEvent};

    use crate::databases::Database;

    impl Fixture for Database {
        async fn fresh() -> Self {
            Database::fresh().await
        }

        async fn open(&self) -> Arc<dyn WriteStore> {
            Arc::new(self.instance().0)
        }

        async fn events(&self) -> Vec<WriteEvent> {
            let rows: Vec<(String, Vec<u8>)> =
                sqlx::query_as("SELECT topic, payload FROM outbox ORDER BY id")
                    .fetch_all(&self.pool)
                    .await
                    .unwrap();
            rows.into_iter()
                .map(|(topic, payload)| {
                    WriteEvent::from_json(topic.parse::<Topic>().unwrap(), &payload).unwrap()
                })
                .collect()
        }
    }

    colloquy_chat_command::conformance!(Database);
}

mod sqlite {
    use std::sync::Arc;

    use colloquy_chat_command::write_store::{WriteStore, conformance::Fixture};
    use colloquy_contracts::{Topic, events::WriteEvent};

    use crate::sqlite::File;

    impl Fixture for File {
        async fn fresh() -> Self {
            File::fresh()
        }

        async fn open(&self) -> Arc<dyn WriteStore> {
            Arc::new(self.store().await)
        }

        async fn events(&self) -> Vec<WriteEvent> {
            let database = self.database().await;
            let rows: Vec<(String, Vec<u8>)> =
                sqlx::query_as("SELECT topic, payload FROM outbox ORDER BY id")
                    .fetch_all(&database.readers)
                    .await
                    .unwrap();
            rows.into_iter()
                .map(|(topic, payload)| {
                    WriteEvent::from_json(topic.parse::<Topic>().unwrap(), &payload).unwrap()
                })
                .collect()
        }
    }

    colloquy_chat_command::conformance!(File);
}
