//! How many connections to the server the driver has, counted from what it says of its pools.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use ::mongodb::{
    event::{EventHandler, cmap::CmapEvent},
    options::ClientOptions,
};
use colloquy_chassis::figures::{Connections, Figures};

/// For each server, where the URL does not say otherwise.
const MOST: u32 = 10;

/// The count of one client. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConnectionCount {
    most: u32,
    open: Arc<AtomicU64>,
    used: Arc<AtomicU64>,
}

impl ConnectionCount {
    /// Counts for the client that will be made of these options.
    pub fn of(options: &mut ClientOptions) -> Self {
        let count = Self {
            most: *options.max_pool_size.get_or_insert(MOST),
            open: Arc::default(),
            used: Arc::default(),
        };
        let noting = count.clone();
        options.cmap_event_handler = Some(EventHandler::callback(move |event| noting.note(&event)));
        count
    }

    fn note(&self, event: &CmapEvent) {
        match event {
            CmapEvent::ConnectionCreated(_) => self.open.fetch_add(1, Ordering::Relaxed),
            CmapEvent::ConnectionClosed(_) => self.open.fetch_sub(1, Ordering::Relaxed),
            CmapEvent::ConnectionCheckedOut(_) => self.used.fetch_add(1, Ordering::Relaxed),
            CmapEvent::ConnectionCheckedIn(_) => self.used.fetch_sub(1, Ordering::Relaxed),
            _ => return,
        };
    }

    /// Shows operators the connections of the client.
    pub fn show(&self, figures: &Figures) {
        let count = self.clone();
        figures.show_connections("mongodb", "both", self.most, move || {
            let used = count.used.load(Ordering::Relaxed);
            let open = count.open.load(Ordering::Relaxed);
            Connections {
                used,
                idle: open.saturating_sub(used),
            }
        });
    }
}
