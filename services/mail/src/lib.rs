//! Outgoing mail (contract §4, decision 22).

#![deny(missing_docs)]
