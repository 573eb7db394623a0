//! Spans of traces, for a collector: which piece of work a request led to, where, and how long it took.
//!
//! Nothing is recorded until [`otlp::start`] was called: a span is then nothing at all. Spans join by the `traceparent`
//! that requests and events carry anyway ([`crate::trace_context`]). No span holds what a person wrote, or who it was.

mod open;
pub mod otlp;

use std::sync::OnceLock;

use tokio::sync::mpsc;

use self::open::Finished;
pub use self::open::{Span, SpanKind};
use crate::trace_context::TraceParent;

static RECORDER: OnceLock<Recorder> = OnceLock::new();

/// Where the spans of this process go, and of which traces.
struct Recorder {
    sampling: Sampling,
    finished: mpsc::Sender<Finished>,
}

/// Which traces are recorded: a share of all, decided by a trace's id, so that all processes decide alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sampling(u64);

impl Sampling {
    /// A share between 0 and 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a share of 2^64 need not be exact, and a cast from a float saturates"
    )]
    fn of(share: f64) -> Self {
        Self((share * u64::MAX as f64) as u64)
    }

    /// By the half of an id that is random in every format of ids.
    fn takes(self, trace: u128) -> bool {
        let [.., a, b, c, d, e, f, g, h] = trace.to_be_bytes();
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) <= self.0 && self.0 > 0
    }
}

/// Whether a trace that begins with this id is recorded. Without a collector it is as far as we know: one that comes behind
/// us may do it.
pub(crate) fn takes(trace: u128) -> bool {
    RECORDER
        .get()
        .is_none_or(|recorder| recorder.sampling.takes(trace))
}

/// A span at this place itself: of the request that the `traceparent` names, which came with `parent`.
pub fn server_span(place: TraceParent, parent: Option<TraceParent>) -> Span {
    open(place, || Span::at(place, parent))
}

/// A span of its own of work that the request at this place led to.
pub fn child_span(place: Option<TraceParent>, kind: SpanKind, name: &'static str) -> Span {
    let Some(place) = place else {
        return Span::default();
    };
    open(place, || Span::below(place, kind, name))
}

fn open(place: TraceParent, span: impl FnOnce() -> Span) -> Span {
    let is_recorded =
        |recorder: &Recorder| place.is_sampled() && recorder.sampling.takes(place.trace());
    match RECORDER.get() {
        Some(recorder) if is_recorded(recorder) => span(),
        _ => Span::default(),
    }
}

/// Hands a span to the exporter, which drops it where too many wait.
fn finish(span: Finished) {
    if let Some(recorder) = RECORDER.get()
        && recorder.finished.try_send(span).is_err()
    {
        otlp::count_dropped(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_all_traces_is_recorded_and_every_process_decides_alike() {
        let ids = (0..1000_u64).map(|n| u128::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let taken = |share| {
            ids.clone()
                .filter(|&id| Sampling::of(share).takes(id))
                .count()
        };
        assert_eq!(taken(0.0), 0);
        assert_eq!(taken(1.0), 1000);
        let tenth = taken(0.1);
        assert!((80..=120).contains(&tenth), "{tenth}");
        let first_half = u128::MAX << 64;
        assert!(
            Sampling::of(0.1).takes(first_half),
            "only the other half counts"
        );
    }

    #[test]
    fn without_a_collector_a_span_is_nothing() {
        let place = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            .parse()
            .ok();
        assert!(!child_span(place, SpanKind::Consumer, "project").is_recorded());
    }
}
