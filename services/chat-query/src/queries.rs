//! The queries: one file each.

pub mod check_membership;
pub mod list_online_status;
pub mod list_read_markers;
pub mod list_rooms;
pub mod read_history;
