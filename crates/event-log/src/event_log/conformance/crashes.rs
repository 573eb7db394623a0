//! What ends without saying goodbye takes nothing with it.

use super::{
    Fixture,
    events::{append, ids, ids_of, messages, take},
    ok, soon,
};

/// What was answered as durable is there when the log is opened again.
pub async fn a_crash_loses_nothing<F: Fixture>() {
    let fixture = F::fresh().await;
    let events = messages(1, 0..30);
    for batch in events.chunks(10) {
        let log = fixture.open().await;
        append(log.as_ref(), batch).await;
    }
    let log = fixture.open().await;
    let mut reader = ok(log.join("group").await);
    assert_eq!(ids(&take(reader.as_mut(), 30).await), ids_of(&events));
}

/// Log and reader are gone between the effect of the records and their commit.
pub async fn what_a_crashed_member_had_not_committed_is_read_again<F: Fixture>() {
    let fixture = F::fresh().await;
    let events = messages(1, 0..9);
    append(fixture.open().await.as_ref(), &events).await;
    for round in 0..3 {
        let log = fixture.open().await;
        let mut reader = ok(log.join("group").await);
        let expected = &events[round * 3..];
        let records = take(reader.as_mut(), expected.len()).await;
        assert_eq!(ids(&records), ids_of(expected));
        ok(soon(reader.commit(&records[..3])).await);
    }
}
