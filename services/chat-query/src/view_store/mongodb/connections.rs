//! How many connections the driver has, counted from what it says of its pools: one for each server.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use ::mongodb::{
    event::{EventHandler, cmap::CmapEvent},
    options::{ClientOptions, ServerAddress},
};
use colloquy_chassis::figures::{Connections, Figures};

/// For each server, where the URL does not say otherwise.
const MOST: u32 = 10;

/// The count of one client. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConnectionCount {
    most: u32,
    servers: Arc<Mutex<HashMap<ServerAddress, Pool>>>,
}

/// The connections to one server, used or not, and those that are used.
#[derive(Clone, Copy, Debug, Default)]
struct Pool {
    open: i64,
    used: i64,
}

impl ConnectionCount {
    /// Counts for the client that will be made of these options.
    pub fn of(options: &mut ClientOptions) -> Self {
        let count = Self {
            most: *options.max_pool_size.get_or_insert(MOST),
            servers: Arc::default(),
        };
        let noting = count.clone();
        options.cmap_event_handler = Some(EventHandler::callback(move |event| noting.note(&event)));
        count
    }

    fn note(&self, event: &CmapEvent) {
        let (server, open, used) = match event {
            CmapEvent::ConnectionCreated(event) => (&event.address, 1, 0),
            CmapEvent::ConnectionClosed(event) => (&event.address, -1, 0),
            CmapEvent::ConnectionCheckedOut(event) => (&event.address, 0, 1),
            CmapEvent::ConnectionCheckedIn(event) => (&event.address, 0, -1),
            _ => return,
        };
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = servers.entry(server.clone()).or_default();
        pool.open += open;
        pool.used += used;
    }

    /// Shows operators the connections to the server that has the most in use, because each has a limit of its own.
    pub fn show(&self, figures: &Figures) {
        let count = self.clone();
        figures.show_connections("mongodb", "both", self.most, move || count.busiest());
    }

    fn busiest(&self) -> Connections {
        let servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let busiest = servers.values().max_by_key(|pool| (pool.used, pool.open));
        let Pool { open, used } = busiest.copied().unwrap_or_default();
        let [used, idle] = [used, open - used].map(|count| count.try_into().unwrap_or(0));
        Connections { used, idle }
    }
}

#[cfg(test)]
mod tests {
    use ::mongodb::{
        bson::{doc, from_document},
        event::cmap::{ConnectionCheckedOutEvent, ConnectionCreatedEvent},
    };

    use super::*;

    #[test]
    fn the_limit_of_a_server_is_shown_beside_the_connections_to_one() {
        let count = ConnectionCount::of(&mut ClientOptions::default());
        let server = |port| ServerAddress::Tcp {
            host: "views".to_owned(),
            port: Some(port),
        };
        for (port, is_used) in [(1, true), (2, false), (2, false)] {
            let event = doc! { "connectionId": 1 };
            let mut created: ConnectionCreatedEvent = from_document(event.clone()).unwrap();
            created.address = server(port);
            count.note(&CmapEvent::ConnectionCreated(created));
            if is_used {
                let mut taken: ConnectionCheckedOutEvent = from_document(event).unwrap();
                taken.address = server(port);
                count.note(&CmapEvent::ConnectionCheckedOut(taken));
            }
        }
        assert_eq!(count.busiest(), Connections { used: 1, idle: 0 });
    }
}
