//! Both adapters against the promises of the port, and against what is theirs alone.

mod embedded;
mod kafka;
