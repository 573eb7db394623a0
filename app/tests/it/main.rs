//! The binary as an operator meets it: what it says when it cannot start, and how it ends.

mod admin;
mod alert_rules;
mod backup;
mod damage;
mod data_folder;
mod disk;
mod doctor;
mod earlier_releases;
mod examples;
mod health;
mod import;
mod leader_hints;
mod memory;
mod migrations;
mod operating;
mod own_ports;
mod refused_stores;
mod republish;
mod reset_without_ticket;
mod secrets;
mod start;
mod stores_come_later;
