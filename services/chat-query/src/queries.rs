//! What can be asked: one file a question.

pub mod check_membership;
pub mod list_online_status;
pub mod list_read_markers;
pub mod list_rooms;
pub mod list_rooms_of_customer;
pub mod read_history;
