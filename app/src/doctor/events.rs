//! Whether what was written becomes visible: events that wait for the read side, and those that were put aside.

use std::time::Duration;

use colloquy_event_log::Progress;

use super::finding::Finding;

const LAG: &str = "events.lag";
const PARKED: &str = "events.parked";
/// A read side that works processes something within this time.
const WATCHED_FOR: Duration = Duration::from_secs(2);

/// What reads the events now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    Some,
    /// An all-in-one system that is stopped reads them when it starts.
    Stopped,
    /// No instance of chat-query is a member of its group.
    Missing,
}

/// Asks twice if something waits: what waits for a moment is normal under load.
pub async fn lag<E>(
    readers: Readers,
    ask: impl AsyncFn() -> Result<Vec<Progress>, E>,
) -> Result<Finding, E> {
    let first = ask().await?;
    let waiting: i64 = first.iter().map(|one| one.end - one.position).sum();
    if waiting == 0 {
        return Ok(Finding::ok(LAG, "no event waits for the views"));
    }
    Ok(match readers {
        Readers::Stopped => Finding::ok(
            LAG,
            format!("{waiting} events wait for the views until the next start"),
        ),
        Readers::Missing => Finding::warn(
            LAG,
            format!(
                "{waiting} events wait for the views and no chat-query reads them, so new messages do not appear in rooms"
            ),
            "start chat-query-service; `colloquy health` says what it waits for",
        ),
        Readers::Some => {
            tokio::time::sleep(WATCHED_FOR).await;
            judge(waiting, &first, &ask().await?)
        }
    })
}

fn judge(waiting: i64, first: &[Progress], later: &[Progress]) -> Finding {
    let is_stuck = |before: &&Progress| {
        let after = later.iter().find(|one| one.partition == before.partition);
        before.end > before.position && after.is_some_and(|one| one.position == before.position)
    };
    match first.iter().filter(is_stuck).count() {
        0 => Finding::ok(
            LAG,
            format!("{waiting} events wait for the views and are being processed"),
        ),
        stuck => Finding::fail(
            LAG,
            format!(
                "{waiting} events wait for the views, and in {stuck} partitions none was processed within 2 s"
            ),
            "look at what chat-query logs, and at its `colloquy health`",
        ),
    }
}

/// So many events are put aside.
pub fn parked(count: u64, list: &str) -> Finding {
    if count == 0 {
        return Finding::ok(PARKED, "no event is put aside");
    }
    Finding::warn(
        PARKED,
        format!("{count} events are put aside as broken, and rooms lack what they say"),
        format!("`{list}` says why; `colloquy parked replay` applies them once that is mended"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(partition: i32, position: i64, end: i64) -> Progress {
        Progress {
            partition,
            end,
            position,
        }
    }

    #[test]
    fn only_a_partition_that_stands_still_is_a_failure() {
        let judged =
            |first: &[Progress], later: &[Progress]| format!("{:?}", judge(9, first, later));
        assert!(judged(&[at(0, 1, 9)], &[at(0, 2, 30)]).contains("Ok"));
        assert!(judged(&[at(0, 1, 9), at(1, 5, 5)], &[at(0, 9, 9), at(1, 5, 5)]).contains("Ok"));
        let stuck = judged(&[at(0, 1, 9), at(1, 2, 5)], &[at(0, 1, 9), at(1, 5, 5)]);
        assert!(
            stuck.contains("Fail") && stuck.contains("in 1 partitions"),
            "{stuck}"
        );
    }
}
