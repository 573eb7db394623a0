//! A span while its work goes on.

use std::{borrow::Cow, time::Duration};

use tokio::time::Instant;
use uuid::Uuid;

use crate::{clock::since_epoch, trace_context::TraceParent};

/// What a process does in a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// It works for itself.
    Internal,
    /// It answers a request.
    Server,
    /// It publishes an event.
    Producer,
    /// It handles an event.
    Consumer,
}

/// A piece of work, from its making to its drop. One that is not recorded costs nothing.
#[derive(Debug, Default)]
#[must_use = "a span ends when it is dropped"]
pub struct Span(Option<Box<Finished>>);

/// A span that has ended; until then `took` is not known.
#[derive(Debug)]
pub(super) struct Finished {
    pub trace: u128,
    pub id: u64,
    pub parent: Option<u64>,
    pub kind: SpanKind,
    pub name: Cow<'static, str>,
    pub fields: Vec<(&'static str, Field)>,
    pub failed: bool,
    pub began: Duration,
    pub took: Duration,
    clock: Instant,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// A word that the program knows.
    Text(Cow<'static, str>),
    /// A number.
    Number(i64),
}

impl From<&'static str> for Field {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Field {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Field {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl Span {
    /// The span that the place names.
    pub(super) fn at(place: TraceParent, parent: Option<TraceParent>) -> Self {
        let parent = parent.map(|parent| parent.parent());
        Self::new(
            place.trace(),
            place.parent(),
            parent,
            SpanKind::Server,
            "request",
        )
    }

    /// A new span below the one that the place names.
    pub(super) fn below(place: TraceParent, kind: SpanKind, name: &'static str) -> Self {
        // The version of a UUID is among these bits, so the id is not zero, which would be invalid.
        let (id, _) = Uuid::new_v4().as_u64_pair();
        Self::new(place.trace(), id, Some(place.parent()), kind, name)
    }

    fn new(trace: u128, id: u64, parent: Option<u64>, kind: SpanKind, name: &'static str) -> Self {
        Self(Some(Box::new(Finished {
            trace,
            id,
            parent,
            kind,
            name: name.into(),
            fields: Vec::new(),
            failed: false,
            began: since_epoch(),
            took: Duration::ZERO,
            clock: Instant::now(),
        })))
    }

    /// What the exporter would get of it now.
    #[cfg(test)]
    pub(super) fn finished(mut self) -> Option<Finished> {
        self.0.take().map(|open| *open)
    }

    /// Whether anything becomes of it.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.0.is_some()
    }

    /// Names it otherwise. Names are few: no id is in one.
    pub fn rename(&mut self, name: impl Into<Cow<'static, str>>) {
        if let Some(open) = &mut self.0 {
            open.name = name.into();
        }
    }

    /// Notes a fact: never a text of a person, an address or a secret.
    pub fn set_attribute(&mut self, field: &'static str, value: impl Into<Field>) {
        if let Some(open) = &mut self.0 {
            open.fields.push((field, value.into()));
        }
    }

    /// The work failed, by a fault of ours.
    pub fn set_error(&mut self) {
        if let Some(open) = &mut self.0 {
            open.failed = true;
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if let Some(mut open) = self.0.take() {
            open.took = open.clock.elapsed();
            super::finish(*open);
        }
    }
}
