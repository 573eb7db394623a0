//! A field that is not as it should be.

use std::borrow::Cow;

use colloquy_chassis::{Failure, Kind};

/// A field breaks its rule. Holds the rule, as a sentence for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a field breaks its rule: {0}")]
pub struct BrokenRule(pub(super) &'static str);

impl Failure for BrokenRule {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn message(&self) -> Cow<'static, str> {
        self.0.into()
    }
}
