use proptest::prelude::*;

use super::*;

const ROOM: RoomId = RoomId(1);
const INTERVAL: Duration = Duration::from_millis(100);

fn update(version: i64) -> Update {
    Update {
        version: Some(version),
        participants: vec![CustomerId(1)],
        body: Bytes::from(version.to_string()),
    }
}

#[test]
fn decision_21_the_first_update_goes_at_once_and_the_newest_follows() {
    let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
    assert_eq!(rooms.offer(ROOM, update(1), start), [News::View(update(1))]);
    assert_eq!(rooms.offer(ROOM, update(2), start), []);
    assert_eq!(rooms.offer(ROOM, update(3), start), []);

    assert!(rooms.due(start).is_empty());
    assert_eq!(rooms.next_due(), Some(start + INTERVAL));
    assert_eq!(rooms.due(start + INTERVAL), [News::View(update(3))]);
}

#[test]
fn decision_21_a_room_that_keeps_changing_is_told_once_an_interval() {
    let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
    let mut told = 0;
    for millis in 0..1_000 {
        let now = start + Duration::from_millis(millis);
        told += rooms.due(now).len();
        let version = i64::try_from(millis).unwrap();
        told += rooms.offer(ROOM, update(version), now).len();
    }
    assert_eq!(told, 10);
}

#[test]
fn decision_21_a_room_at_rest_is_forgotten_and_then_told_at_once_again() {
    let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
    assert!(!rooms.offer(ROOM, update(1), start).is_empty());
    assert!(rooms.due(start + INTERVAL).is_empty());
    assert_eq!(rooms.next_due(), None);
    assert!(rooms.resting.is_empty());
    assert!(!rooms.offer(ROOM, update(2), start + INTERVAL).is_empty());
}

#[test]
fn decision_21_rooms_do_not_wait_for_each_other() {
    let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
    assert!(!rooms.offer(ROOM, update(1), start).is_empty());
    assert!(!rooms.offer(RoomId(2), update(1), start).is_empty());
}

#[test]
fn decision_21_an_update_without_a_version_is_told() {
    let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
    assert!(!rooms.offer(ROOM, update(1), start).is_empty());
    let unversioned = Update {
        version: None,
        ..update(0)
    };
    assert_eq!(rooms.offer(ROOM, unversioned.clone(), start), []);
    assert_eq!(rooms.due(start + INTERVAL), [News::View(unversioned)]);
}

#[test]
fn decision_21_no_more_rooms_rest_than_the_bound_and_the_others_are_told_at_once() {
    let (mut rooms, start) = (Coalescing::bounded(INTERVAL, 10), Instant::now());
    for version in 1..=3 {
        for room in 1..=100 {
            let told = rooms.offer(RoomId(room), update(version), start);
            assert_eq!(!told.is_empty(), version == 1 || room > 10, "room {room}");
        }
    }
    assert_eq!(rooms.resting.len(), 10);
    assert_eq!(rooms.ends.len(), 10);
    assert_eq!(rooms.due(start + INTERVAL), vec![News::View(update(3)); 10]);
}

fn flag(customer: i64, version: i64) -> Flag {
    Flag {
        version: Some(version),
        customer: CustomerId(customer),
        body: Bytes::from(version.to_string()),
    }
}

#[test]
fn decision_13_a_flag_never_overtakes_a_view_that_waits() {
    let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
    assert!(!rooms.offer(ROOM, update(1), start).is_empty());
    assert_eq!(rooms.offer_flag(ROOM, flag(1, 2)), Some(flag(1, 2)));
    assert_eq!(rooms.offer(ROOM, update(3), start), []);
    assert_eq!(rooms.offer_flag(ROOM, flag(1, 4)), None);
    assert_eq!(rooms.offer(ROOM, update(5), start), []);
    for (customer, version) in [(2, 7), (2, 6), (3, 5)] {
        assert_eq!(rooms.offer_flag(ROOM, flag(customer, version)), None);
    }
    assert_eq!(
        rooms.due(start + INTERVAL),
        [
            News::Flag(flag(1, 4)),
            News::View(update(5)),
            News::Flag(flag(2, 7)),
            News::Flag(flag(3, 5)),
        ]
    );
    assert_eq!(rooms.offer_flag(ROOM, flag(1, 8)), Some(flag(1, 8)));
}

#[test]
fn decision_13_a_flag_that_is_older_than_the_view_that_was_told_is_dropped() {
    let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
    assert!(!rooms.offer(ROOM, update(5), start).is_empty());
    assert_eq!(rooms.offer_flag(ROOM, flag(1, 4)), None);
    for version in [Some(5), Some(6), None] {
        let flag = Flag {
            version,
            ..flag(1, 0)
        };
        assert_eq!(rooms.offer_flag(ROOM, flag.clone()), Some(flag));
    }
}

#[test]
fn decision_13_a_flag_is_told_again_behind_an_older_view_that_comes_later() {
    let (mut rooms, start) = (Coalescing::new(INTERVAL), Instant::now());
    assert_eq!(rooms.offer_flag(ROOM, flag(1, 8)), Some(flag(1, 8)));
    assert_eq!(
        rooms.offer(ROOM, update(6), start),
        [News::View(update(6)), News::Flag(flag(1, 8))]
    );
    assert_eq!(rooms.offer(ROOM, update(7), start), []);
    assert_eq!(
        rooms.due(start + INTERVAL),
        [News::View(update(7)), News::Flag(flag(1, 8))]
    );
    assert_eq!(rooms.offer(ROOM, update(9), start), []);
    assert_eq!(rooms.due(start + 2 * INTERVAL), [News::View(update(9))]);
}

#[test]
fn decision_13_a_flag_that_is_older_than_the_one_that_was_told_is_dropped() {
    let mut rooms = Coalescing::new(INTERVAL);
    assert_eq!(rooms.offer_flag(ROOM, flag(1, 9)), Some(flag(1, 9)));
    assert_eq!(rooms.offer_flag(ROOM, flag(1, 7)), None);
    assert_eq!(rooms.offer_flag(ROOM, flag(2, 7)), Some(flag(2, 7)));
}

/// A view for both participants of a room, or the flag of one of them.
fn coming() -> impl Strategy<Value = News> {
    prop_oneof![
        (1..=30_i64).prop_map(|version| News::View(Update {
            participants: vec![CustomerId(1), CustomerId(2)],
            ..update(version)
        })),
        (1..=2_i64, 1..=30_i64).prop_map(|(customer, version)| News::Flag(flag(customer, version))),
    ]
}

/// Everybody whom it concerns, and its version.
fn concerned(news: News) -> Vec<(CustomerId, Option<i64>)> {
    match news {
        News::View(view) => {
            let all = view.participants.into_iter();
            all.map(|customer| (customer, view.version)).collect()
        }
        News::Flag(flag) => vec![(flag.customer, flag.version)],
    }
}

/// The versions told of each room, when these come, each so many milliseconds after the one before.
fn told(mut rooms: Coalescing, coming: &[(i64, i64, u64)]) -> HashMap<RoomId, Vec<i64>> {
    let mut told: HashMap<_, Vec<i64>> = HashMap::new();
    let mut now = Instant::now();
    let mut tell = |news: Vec<News>| {
        for one in news {
            let News::View(update) = one else { continue };
            // Rooms take versions from ranges of their own, so that a version says which room it is of.
            let version = update.version.unwrap();
            told.entry(RoomId(version / 1_000))
                .or_default()
                .push(version % 1_000);
        }
    };
    for &(room, version, after) in coming {
        now += Duration::from_millis(after);
        tell(rooms.due(now));
        let offered = rooms.offer(RoomId(room), update(room * 1_000 + version), now);
        tell(offered);
    }
    tell(rooms.due(now + INTERVAL));
    told
}

proptest! {
    #[test]
    fn decision_13_in_whatever_order_flags_and_views_come_the_newest_is_heard_last(
        coming in prop::collection::vec((coming(), 0..60_u64), 1..100)
    ) {
        let mut rooms = Coalescing::new(INTERVAL);
        let mut now = Instant::now();
        let (mut newest, mut heard) = (BTreeMap::new(), BTreeMap::new());
        for (coming, after) in coming {
            now += Duration::from_millis(after);
            let mut told = rooms.due(now);
            let came = coming.clone();
            told.extend(match coming {
                News::View(view) => rooms.offer(ROOM, view, now),
                News::Flag(flag) => rooms.offer_flag(ROOM, flag).into_iter().map(News::Flag).collect(),
            });
            for (customer, version) in concerned(came) {
                let newest = newest.entry(customer).or_default();
                *newest = version.max(*newest);
            }
            heard.extend(told.into_iter().flat_map(concerned));
        }
        heard.extend(rooms.due(now + INTERVAL).into_iter().flat_map(concerned));
        prop_assert_eq!(heard, newest);
    }

    #[test]
    fn decision_21_whatever_comes_and_however_often_states_only_advance_and_end_with_the_newest(
        coming in prop::collection::vec((1..=3_i64, 1..=20_i64, 0..60_u64), 1..200)
    ) {
        let told = told(Coalescing::new(INTERVAL), &coming);
        for room in 1..=3 {
            let came = coming.iter().filter(|(of, ..)| *of == room);
            let newest = came.map(|(_, version, _)| *version).max();
            let told = told.get(&RoomId(room)).cloned().unwrap_or_default();
            prop_assert_eq!(told.last().copied(), newest);
            prop_assert!(told.is_sorted_by(|one, next| one < next), "{:?}", told);
        }
    }

    #[test]
    fn decision_21_a_forgotten_room_costs_a_repeat_and_its_newest_state_is_still_told(
        coming in prop::collection::vec((1..=10_i64, 1..1_000_i64, 0..10_u64), 1..200)
    ) {
        let told = told(Coalescing::bounded(INTERVAL, 4), &coming);
        for room in 1..=10 {
            let came = coming.iter().filter(|(of, ..)| *of == room);
            let newest = came.map(|(_, version, _)| *version).max();
            let told = told.get(&RoomId(room)).and_then(|told| told.iter().max());
            prop_assert_eq!(told.copied(), newest);
        }
    }
}
