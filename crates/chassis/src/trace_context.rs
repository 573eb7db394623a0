//! W3C Trace Context: which trace a request belongs to, so that what it leads to, in other services and in the event log,
//! is found together with it in the logs of all of them and of the caller. Nothing is decided by it.

use std::{fmt, future::Future, str::FromStr};

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use crate::spans;

/// Carries the trace from service to service, and on events.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

tokio::task_local! {
    static CURRENT: TraceParent;
}

/// `00-<trace id>-<parent id>-<flags>`: a trace, and the one of its requests that leads to what carries this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace: u128,
    parent: u64,
    /// Whether the service that began the trace records it.
    sampled: bool,
}

/// A text that is no `traceparent` of version 00.
#[derive(Debug, thiserror::Error)]
#[error("not a traceparent")]
pub struct TraceParentError;

impl TraceParent {
    /// What came with a request, if it can be read.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut sent = headers.get_all(TRACEPARENT).iter();
        match (sent.next(), sent.next()) {
            (Some(only), None) => only.to_str().ok()?.parse().ok(),
            _ => None,
        }
    }

    /// The next request of the trace that came with this one; of a trace of its own if none did.
    #[must_use]
    pub fn following(came_with: Option<Self>) -> Self {
        // The version of a UUID is among these bits, so neither id is zero, which would be invalid.
        let (parent, _) = Uuid::new_v4().as_u64_pair();
        let new = || {
            let trace = Uuid::new_v4().as_u128();
            Self {
                trace,
                parent,
                sampled: spans::takes(trace),
            }
        };
        came_with.map_or_else(new, |before| Self { parent, ..before })
    }

    pub(crate) fn trace(&self) -> u128 {
        self.trace
    }

    /// The request that this names.
    pub(crate) fn parent(&self) -> u64 {
        self.parent
    }

    pub(crate) fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// The trace's own id, as logs name it.
    #[must_use]
    pub fn trace_id(&self) -> impl fmt::Display + use<> {
        let trace = self.trace;
        fmt::from_fn(move |f| write!(f, "{trace:032x}"))
    }

    /// The header's value.
    #[must_use]
    pub fn to_header(&self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).expect("hexadecimal digits are a header value")
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.sampled);
        write!(f, "00-{:032x}-{:016x}-{flags:02x}", self.trace, self.parent)
    }
}

impl FromStr for TraceParent {
    type Err = TraceParentError;

    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        let mut fields = text.split('-');
        let mut field = |digits: usize| {
            let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            let field = fields.next().filter(|field| field.len() == digits)?;
            let number = u128::from_str_radix(field, 16).ok()?;
            field.bytes().all(is_digit).then_some(number)
        };
        let parsed = (field(2), field(32), field(16), field(2));
        let (Some(0), Some(trace @ 1..), Some(parent @ 1..), Some(flags)) = parsed else {
            return Err(TraceParentError);
        };
        if fields.next().is_some() {
            return Err(TraceParentError);
        }
        Ok(Self {
            trace,
            parent: u64::try_from(parent).map_err(|_| TraceParentError)?,
            sampled: flags & 1 == 1,
        })
    }
}

/// The place in its trace of the request that this task answers.
#[must_use]
pub fn current() -> Option<TraceParent> {
    CURRENT.try_with(|current| *current).ok()
}

/// Runs a future as a part of a request at this place.
pub async fn within<F: Future>(trace: TraceParent, future: F) -> F::Output {
    CURRENT.scope(trace, future).await
}

/// Runs a future as a part of the request that this task answers, in whichever task it will run.
pub(crate) fn inherited<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let trace = current();
    async move {
        match trace {
            Some(trace) => within(trace, future).await,
            None => future.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn following(sent: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in sent {
            headers.append(TRACEPARENT, value.parse().unwrap());
        }
        TraceParent::following(TraceParent::of(&headers)).to_string()
    }

    #[test]
    fn contract_6_a_traceparent_is_written_as_it_was_read_but_for_flags_that_mean_nothing() {
        for (read, written) in [
            ("-01", "-01"),
            ("-00", "-00"),
            ("-03", "-01"),
            ("-fe", "-00"),
        ] {
            let read: TraceParent = GOOD.replace("-01", read).parse().unwrap();
            assert_eq!(read.to_string(), GOOD.replace("-01", written));
        }
    }

    #[test]
    fn contract_6_what_follows_a_traceparent_is_of_its_trace_and_has_an_id_of_its_own() {
        let (one, two) = (following(&[GOOD]), following(&[GOOD]));
        for next in [&one, &two] {
            assert_eq!(next.len(), 55);
            assert_eq!(next[..36], GOOD[..36]);
            assert_ne!(next[36..52], GOOD[36..52]);
            assert_eq!(next[52..], GOOD[52..]);
        }
        assert_ne!(one, two);
    }

    #[test]
    fn contract_6_without_a_traceparent_that_can_be_read_a_trace_begins() {
        let cut = &GOOD[..54];
        let longer = format!("{GOOD}-00");
        let upper = GOOD.to_uppercase();
        let signed = GOOD.replace("-b7", "-+7");
        let spaced = format!("{GOOD} ,");
        for bad in [
            "",
            cut,
            &longer,
            &upper,
            &signed,
            &spaced,
            &GOOD.replace("00-0", "01-0"),
            &GOOD.replace("00-0", "ff-0"),
            &GOOD.replace('-', "_"),
            &GOOD.replace("-b7", "b-7"),
            &GOOD.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            &GOOD.replace("b7ad6b7169203331", &"0".repeat(16)),
            &GOOD.replace("-01", "-0g"),
            &GOOD.replace("-01", "-é"),
        ] {
            assert!(bad.parse::<TraceParent>().is_err(), "{bad}");
        }
        let begun = [following(&[]), following(&[cut]), following(&[GOOD, GOOD])];
        for (place, trace) in begun.iter().enumerate() {
            trace.parse::<TraceParent>().unwrap();
            assert_ne!(trace[..36], GOOD[..36]);
            assert!(
                !begun[..place]
                    .iter()
                    .any(|other| other[..36] == trace[..36])
            );
        }
    }

    #[test]
    fn contract_6_the_id_of_a_trace_is_the_middle_of_its_traceparent() {
        let trace: TraceParent = GOOD.parse().unwrap();
        assert_eq!(trace.trace_id().to_string(), GOOD[3..35]);
    }
}
