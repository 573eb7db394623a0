//! One-time codes (contract §4, decision 22).

#![deny(missing_docs)]
