//! The read side: projects the events of the write side into views, answers queries from them, and announces to the push
//! side what changed. It writes no truth (invariant 1).

pub mod announce;
pub mod batch;
mod chat_query;
pub mod membership;
mod meters;
pub mod parked;
#[cfg(feature = "planted-bugs")]
mod planted_bugs;
pub mod projections;
pub mod projector;
mod queries;
pub mod rebuild;
pub mod replay_parked;
pub mod room_state;
pub mod routes;
mod save_batch;
mod stale_lock;
mod view_recovery;
pub mod view_store;

pub use chat_query::{ChatQuery, Dependencies};
pub use membership::ViewMembership;
pub use routes::{openapi, router};
pub use view_store::{RebuildStore, ViewStore, mongodb::MongoViewStore, sqlite::SqliteViewStore};
