//! Short stories with one fault each, told to the end. They fail with what went wrong.

mod idempotency;
mod stopped_projector;
mod stores_away;

pub use self::{
    idempotency::a_key_makes_one_message, stopped_projector::members_notice_nothing,
    stores_away::a_store_that_is_away_is_503_in_time,
};
