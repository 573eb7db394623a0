use proptest::prelude::*;

use super::*;

const ROOM: RoomId = RoomId(1);
const INTERVAL: Duration = Duration::from_millis(100);
const BOUND: usize = 1_000;

fn update(version: i64) -> Update {
    Update {
        version: Some(version),
        participants: vec![CustomerId(1)],
        body: Bytes::from(version.to_string()),
    }
}

#[test]
fn decision_21_the_first_update_goes_at_once_and_the_newest_follows() {
    let (mut rooms, start) = (RoomCoalescer::new(INTERVAL, BOUND), Instant::now());
    assert_eq!(
        rooms.offer(ROOM, update(1), start),
        [RoomPush::View(update(1))]
    );
    assert_eq!(rooms.offer(ROOM, update(2), start), []);
    assert_eq!(rooms.offer(ROOM, update(3), start), []);

    assert!(rooms.due(start).is_empty());
    assert_eq!(rooms.next_due(), Some(start + INTERVAL));
    assert_eq!(rooms.due(start + INTERVAL), [RoomPush::View(update(3))]);
}

#[test]
fn decision_21_a_room_that_keeps_changing_is_pushed_once_an_interval() {
    let (mut rooms, start) = (RoomCoalescer::new(INTERVAL, BOUND), Instant::now());
    let mut pushed = 0;
    for millis in 0..1_000 {
        let now = start + Duration::from_millis(millis);
        pushed += rooms.due(now).len();
        let version = i64::try_from(millis).unwrap();
        pushed += rooms.offer(ROOM, update(version), now).len();
    }
    assert_eq!(pushed, 10);
}

#[test]
fn decision_21_a_room_that_cooled_down_is_forgotten_and_then_pushed_at_once_again() {
    let (mut rooms, start) = (RoomCoalescer::new(INTERVAL, BOUND), Instant::now());
    assert!(!rooms.offer(ROOM, update(1), start).is_empty());
    assert!(rooms.due(start + INTERVAL).is_empty());
    assert_eq!(rooms.next_due(), None);
    assert!(rooms.cooling.is_empty());
    assert!(!rooms.offer(ROOM, update(2), start + INTERVAL).is_empty());
}

#[test]
fn decision_21_rooms_do_not_wait_for_each_other() {
    let (mut rooms, start) = (RoomCoalescer::new(INTERVAL, BOUND), Instant::now());
    assert!(!rooms.offer(ROOM, update(1), start).is_empty());
    assert!(!rooms.offer(RoomId(2), update(1), start).is_empty());
}

#[test]
fn decision_21_an_update_without_a_version_is_pushed() {
    let (mut rooms, start) = (RoomCoalescer::new(INTERVAL, BOUND), Instant::now());
    assert!(!rooms.offer(ROOM, update(1), start).is_empty());
    let unversioned = Update {
        version: None,
        ..update(0)
    };
    assert_eq!(rooms.offer(ROOM, unversioned.clone(), start), []);
    assert_eq!(rooms.due(start + INTERVAL), [RoomPush::View(unversioned)]);
}

#[test]
fn decision_21_no_more_rooms_cool_down_than_the_bound_and_the_others_are_pushed_at_once() {
    let (mut rooms, start) = (RoomCoalescer::new(INTERVAL, 10), Instant::now());
    for version in 1..=3 {
        for room in 1..=100 {
            let pushed = rooms.offer(RoomId(room), update(version), start);
            assert_eq!(!pushed.is_empty(), version == 1 || room > 10, "room {room}");
        }
    }
    assert_eq!(rooms.cooling.len(), 10);
    assert_eq!(rooms.cooldowns.len(), 10);
    assert_eq!(
        rooms.due(start + INTERVAL),
        vec![RoomPush::View(update(3)); 10]
    );
}

fn flag(customer: i64, version: i64) -> Flag {
    Flag {
        version: Some(version),
        customer: CustomerId(customer),
        body: Bytes::from(version.to_string()),
    }
}

#[test]
fn decision_13_a_flag_never_overtakes_a_pending_view() {
    let (mut rooms, start) = (RoomCoalescer::new(INTERVAL, BOUND), Instant::now());
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
            RoomPush::Flag(flag(1, 4)),
            RoomPush::View(update(5)),
            RoomPush::Flag(flag(2, 7)),
            RoomPush::Flag(flag(3, 5)),
        ]
    );
    assert_eq!(rooms.offer_flag(ROOM, flag(1, 8)), Some(flag(1, 8)));
}

#[test]
fn decision_13_a_flag_that_is_older_than_the_view_that_was_pushed_is_dropped() {
    let (mut rooms, start) = (RoomCoalescer::new(INTERVAL, BOUND), Instant::now());
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
fn decision_13_a_flag_is_pushed_again_behind_an_older_view_that_comes_later() {
    let (mut rooms, start) = (RoomCoalescer::new(INTERVAL, BOUND), Instant::now());
    assert_eq!(rooms.offer_flag(ROOM, flag(1, 8)), Some(flag(1, 8)));
    assert_eq!(
        rooms.offer(ROOM, update(6), start),
        [RoomPush::View(update(6)), RoomPush::Flag(flag(1, 8))]
    );
    assert_eq!(rooms.offer(ROOM, update(7), start), []);
    assert_eq!(
        rooms.due(start + INTERVAL),
        [RoomPush::View(update(7)), RoomPush::Flag(flag(1, 8))]
    );
    assert_eq!(rooms.offer(ROOM, update(9), start), []);
    assert_eq!(rooms.due(start + 2 * INTERVAL), [RoomPush::View(update(9))]);
}

#[test]
fn decision_13_a_flag_that_is_older_than_the_one_that_was_pushed_is_dropped() {
    let mut rooms = RoomCoalescer::new(INTERVAL, BOUND);
    assert_eq!(rooms.offer_flag(ROOM, flag(1, 9)), Some(flag(1, 9)));
    assert_eq!(rooms.offer_flag(ROOM, flag(1, 7)), None);
    assert_eq!(rooms.offer_flag(ROOM, flag(2, 7)), Some(flag(2, 7)));
}

/// A view for both participants of a room, or the flag of one of them.
fn coming() -> impl Strategy<Value = RoomPush> {
    prop_oneof![
        (1..=30_i64).prop_map(|version| RoomPush::View(Update {
            participants: vec![CustomerId(1), CustomerId(2)],
            ..update(version)
        })),
        (1..=2_i64, 1..=30_i64)
            .prop_map(|(customer, version)| RoomPush::Flag(flag(customer, version))),
    ]
}

/// The customers it is for, and its version.
fn concerned(push: RoomPush) -> Vec<(CustomerId, Option<i64>)> {
    match push {
        RoomPush::View(view) => {
            let all = view.participants.into_iter();
            all.map(|customer| (customer, view.version)).collect()
        }
        RoomPush::Flag(flag) => vec![(flag.customer, flag.version)],
    }
}

/// The versions pushed of each room, when these come, each so many milliseconds after the one before.
fn pushed(mut rooms: RoomCoalescer, coming: &[(i64, i64, u64)]) -> HashMap<RoomId, Vec<i64>> {
    let mut pushed: HashMap<_, Vec<i64>> = HashMap::new();
    let mut now = Instant::now();
    let mut note = |pushes: Vec<RoomPush>| {
        for push in pushes {
            let RoomPush::View(update) = push else {
                continue;
            };
            // Rooms take versions from ranges of their own, so that a version says which room it is of.
            let version = update.version.unwrap();
            pushed
                .entry(RoomId(version / 1_000))
                .or_default()
                .push(version % 1_000);
        }
    };
    for &(room, version, after) in coming {
        now += Duration::from_millis(after);
        note(rooms.due(now));
        let offered = rooms.offer(RoomId(room), update(room * 1_000 + version), now);
        note(offered);
    }
    note(rooms.due(now + INTERVAL));
    pushed
}

proptest! {
    #[test]
    fn decision_13_in_whatever_order_flags_and_views_come_the_newest_is_pushed_last(
        coming in prop::collection::vec((coming(), 0..60_u64), 1..100)
    ) {
        let mut rooms = RoomCoalescer::new(INTERVAL, BOUND);
        let mut now = Instant::now();
        let (mut newest, mut latest) = (BTreeMap::new(), BTreeMap::new());
        for (coming, after) in coming {
            now += Duration::from_millis(after);
            let mut pushed = rooms.due(now);
            let came = coming.clone();
            pushed.extend(match coming {
                RoomPush::View(view) => rooms.offer(ROOM, view, now),
                RoomPush::Flag(flag) => rooms.offer_flag(ROOM, flag).into_iter().map(RoomPush::Flag).collect(),
            });
            for (customer, version) in concerned(came) {
                let newest = newest.entry(customer).or_default();
                *newest = version.max(*newest);
            }
            latest.extend(pushed.into_iter().flat_map(concerned));
        }
        latest.extend(rooms.due(now + INTERVAL).into_iter().flat_map(concerned));
        prop_assert_eq!(latest, newest);
    }

    #[test]
    fn decision_21_whatever_comes_and_however_often_states_only_advance_and_end_with_the_newest(
        coming in prop::collection::vec((1..=3_i64, 1..=20_i64, 0..60_u64), 1..200)
    ) {
        let pushed = pushed(RoomCoalescer::new(INTERVAL, BOUND), &coming);
        for room in 1..=3 {
            let came = coming.iter().filter(|(of, ..)| *of == room);
            let newest = came.map(|(_, version, _)| *version).max();
            let pushed = pushed.get(&RoomId(room)).cloned().unwrap_or_default();
            prop_assert_eq!(pushed.last().copied(), newest);
            prop_assert!(pushed.is_sorted_by(|one, next| one < next), "{:?}", pushed);
        }
    }

    #[test]
    fn decision_21_a_forgotten_room_costs_a_repeat_and_its_newest_state_is_still_pushed(
        coming in prop::collection::vec((1..=10_i64, 1..1_000_i64, 0..10_u64), 1..200)
    ) {
        let pushed = pushed(RoomCoalescer::new(INTERVAL, 4), &coming);
        for room in 1..=10 {
            let came = coming.iter().filter(|(of, ..)| *of == room);
            let newest = came.map(|(_, version, _)| *version).max();
            let pushed = pushed.get(&RoomId(room)).and_then(|pushed| pushed.iter().max());
            prop_assert_eq!(pushed.copied(), newest);
        }
    }
}
