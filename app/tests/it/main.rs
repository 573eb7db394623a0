//! The binary as an operator meets it: what it says when it cannot start, and how it ends.

mod operating;
mod own_ports;
mod planted_bugs;
mod republish;
mod secrets;
mod start;
