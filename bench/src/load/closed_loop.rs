//! So many calls on their way at any time: for what a call costs, not for how long it takes.

use std::time::{Duration, Instant};

use anyhow::Result;
use futures_util::future::try_join_all;

/// Calls again and again for that long, and answers how often.
///
/// # Errors
/// A call failed.
pub async fn run(
    in_flight: usize,
    time: Duration,
    call: impl AsyncFn() -> Result<()>,
) -> Result<u64> {
    let until = Instant::now() + time;
    let caller = async |_| {
        let mut count = 0_u64;
        while Instant::now() < until {
            call().await?;
            count += 1;
        }
        anyhow::Ok(count)
    };
    Ok(try_join_all((0..in_flight).map(caller)).await?.iter().sum())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn every_call_is_counted_and_so_many_are_on_their_way() {
        let (calls, running, most) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let call = async || {
            calls.update(|calls| calls + 1);
            running.update(|running| running + 1);
            most.set(most.get().max(running.get()));
            tokio::task::yield_now().await;
            running.update(|running: u64| running - 1);
            Ok(())
        };
        let counted = run(3, Duration::from_millis(20), call).await.unwrap();
        assert_eq!(counted, calls.get());
        assert_eq!((most.get(), running.get()), (3, 0));
    }
}
