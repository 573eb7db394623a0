//! The binary as an operator meets it: what it says when it cannot start, and how it ends.

mod planted_bugs;
mod start;
