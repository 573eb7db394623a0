//! The rules of both policies.

use super::*;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + millis)
}

fn lockout() -> Policy {
    Policy::Lockout(Lockout {
        attempts: 10,
        within: Duration::from_secs(15 * 60),
        longest_lock: Duration::from_secs(24 * 60 * 60),
    })
}

fn window(uses: usize, seconds: u64) -> Policy {
    Policy::SlidingWindow {
        uses,
        within: Duration::from_secs(seconds),
    }
}

/// One attempt that fails; what the limit said to it.
fn attempt(usage: &mut Usage, now: i64) -> Verdict {
    let verdict = usage.try_acquire(&lockout(), at(now));
    if verdict == Verdict::Acquired {
        usage.fail(&lockout(), at(now), at(now));
    }
    verdict
}

/// One use of a window; how many seconds to wait, if it is refused.
fn take(policy: &Policy, usage: &mut Usage, second: i64) -> Result<(), i64> {
    let now = at(second * 1000);
    usage.set_right(policy, now);
    match usage.try_acquire(policy, now) {
        Verdict::Acquired => Ok(()),
        Verdict::Refused(until) => Err((until.millis() - now.millis()) / 1000),
        Verdict::Undecided => panic!("a window decides at once"),
    }
}

#[test]
fn decision_30_ten_tries_then_locks_of_15_30_60_minutes_and_never_over_a_day() {
    let (mut usage, mut now, mut lengths) = (Usage::default(), 0, Vec::new());
    for _ in 0..9 {
        for _ in 0..10 {
            assert_eq!(attempt(&mut usage, now), Verdict::Acquired);
        }
        let Verdict::Refused(until) = attempt(&mut usage, now) else {
            panic!("the eleventh attempt was admitted");
        };
        assert_eq!(
            attempt(&mut usage, until.millis() - at(0).millis() - 1),
            Verdict::Refused(until)
        );
        lengths.push((until.millis() - at(now).millis()) / MINUTE);
        now = until.millis() - at(0).millis();
    }
    assert_eq!(lengths, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
}

#[test]
fn b05_a_lock_of_a_clock_that_was_ahead_lasts_no_longer_than_one_of_now() {
    let (mut usage, ahead) = (Usage::default(), 30 * DAY);
    for _ in 0..10 {
        assert_eq!(attempt(&mut usage, ahead), Verdict::Acquired);
    }
    let spoilt = usage.clone();
    usage.set_right(&lockout(), at(ahead));
    assert_eq!(usage, spoilt, "nothing is wrong");
    usage.set_right(&lockout(), at(0));
    let lock = Verdict::Refused(at(15 * MINUTE));
    assert_eq!(usage.clone().try_acquire(&lockout(), at(0)), lock);
    let mended = usage.clone();
    usage.set_right(&lockout(), at(1));
    assert_eq!(usage, mended, "once is enough");
    assert_eq!(usage.clone().try_acquire(&lockout(), at(1)), lock);
    assert_eq!(attempt(&mut usage, 15 * MINUTE), Verdict::Acquired);
    assert!(usage.ends_at(&lockout()) < at(2 * DAY).millis());
}

#[test]
fn b05_tries_of_a_clock_that_was_ahead_count_as_those_of_now() {
    let (mut usage, hour) = (Usage::default(), 60 * MINUTE);
    for _ in 0..8 {
        assert_eq!(attempt(&mut usage, hour), Verdict::Acquired);
    }
    let pending = usage.try_acquire(&lockout(), at(hour));
    assert_eq!(pending, Verdict::Acquired);
    usage.set_right(&lockout(), at(0));
    assert_eq!(attempt(&mut usage, 0), Verdict::Acquired);
    let lock = Verdict::Refused(at(15 * MINUTE));
    let tenth = attempt(&mut usage, 30_000);
    assert_eq!(tenth, lock, "the tenth was abandoned");
    assert_eq!(attempt(&mut usage, 15 * MINUTE), Verdict::Acquired);
}

#[test]
fn s04_no_quarter_of_an_hour_holds_more_than_ten_failed_tries() {
    // As fast as possible, and in every slower rhythm.
    for rhythm in [1_000, 30_000, 89_999, 90_000, 90_001, 100_000, 500_000] {
        let (mut usage, mut made) = (Usage::default(), Vec::new());
        for turn in 0..2_000 {
            let now = turn * rhythm;
            if attempt(&mut usage, now) == Verdict::Acquired {
                made.push(now);
            }
        }
        for stretch in made.windows(11) {
            assert!(stretch[10] - stretch[0] >= 15 * MINUTE, "rhythm {rhythm}");
        }
    }
}

#[test]
fn decision_30_right_logins_never_count() {
    let mut usage = Usage::default();
    for now in 0..1_000 {
        let verdict = usage.try_acquire(&lockout(), at(now));
        assert_eq!(verdict, Verdict::Acquired);
        usage.refund(&lockout(), at(now), at(now));
    }
    assert_eq!(usage, Usage::default());
}

#[test]
fn s04_tries_that_are_not_decided_yet_are_ten_at_most() {
    let mut usage = Usage::default();
    for _ in 0..10 {
        let verdict = usage.try_acquire(&lockout(), at(0));
        assert_eq!(verdict, Verdict::Acquired);
    }
    let eleventh = usage.try_acquire(&lockout(), at(1));
    assert_eq!(eleventh, Verdict::Undecided);
    usage.refund(&lockout(), at(0), at(2));
    let verdict = usage.try_acquire(&lockout(), at(3));
    assert_eq!(verdict, Verdict::Acquired);
}

#[test]
fn s04_a_try_whose_process_died_has_failed() {
    let mut usage = Usage::default();
    for _ in 0..10 {
        let verdict = usage.try_acquire(&lockout(), at(0));
        assert_eq!(verdict, Verdict::Acquired);
    }
    let later = usage.try_acquire(&lockout(), at(30_000));
    assert_eq!(later, Verdict::Refused(at(15 * MINUTE)));
    usage.refund(&lockout(), at(0), at(30_001));
    let too_late = usage.try_acquire(&lockout(), at(30_002));
    assert_eq!(too_late, later, "it was refunded too late");
}

#[test]
fn decision_30_failed_tries_are_forgotten_one_by_one_and_locks_after_a_day() {
    let mut usage = Usage::default();
    for now in 0..9 {
        attempt(&mut usage, now * MINUTE);
    }
    assert_eq!(attempt(&mut usage, 16 * MINUTE), Verdict::Acquired);
    assert_eq!(attempt(&mut usage, 16 * MINUTE), Verdict::Acquired);
    assert_eq!(attempt(&mut usage, 16 * MINUTE), Verdict::Acquired);
    let Verdict::Refused(until) = attempt(&mut usage, 16 * MINUTE) else {
        panic!("seven of the last quarter of an hour, and three");
    };
    assert_eq!(usage.ends_at(&lockout()), until.millis() + DAY);
    let now = until.millis() - at(0).millis() + DAY;
    let verdict = usage.try_acquire(&lockout(), at(now));
    assert_eq!(verdict, Verdict::Acquired);
    assert_eq!(usage.locks, 0);
}

#[test]
fn decision_30_a_window_holds_in_any_stretch_of_time() {
    let (hour, mut usage) = (window(3, 3600), Usage::default());
    for (second, expected) in [
        (0, Ok(())),
        (60, Ok(())),
        (120, Ok(())),
        (180, Err(3420)),
        (3599, Err(1)),
        (3600, Ok(())),
        (3601, Err(59)),
    ] {
        assert_eq!(take(&hour, &mut usage, second), expected, "{second}");
    }
    assert_eq!(usage.ends_at(&hour), at(7_200_000).millis());
}

#[test]
fn decision_30_a_use_that_is_given_back_does_not_count() {
    let (hour, mut usage) = (window(1, 3600), Usage::default());
    for second in 0..10 {
        assert_eq!(take(&hour, &mut usage, second), Ok(()));
        let acquired_at = at(second * 1000);
        usage.refund(&hour, acquired_at, acquired_at);
    }
}

#[test]
fn decision_39_a_use_of_a_clock_that_was_ahead_can_be_given_back() {
    let (hour, mut usage) = (window(1, 3600), Usage::default());
    assert_eq!(take(&hour, &mut usage, 7200), Ok(()));
    assert_eq!(take(&hour, &mut usage, 0), Err(3600));
    usage.refund(&hour, at(7_200_000), at(0));
    assert_eq!(take(&hour, &mut usage, 0), Ok(()));
}

#[test]
fn a_use_that_is_older_than_the_window_is_not_given_back_for_another() {
    let (minute, mut usage) = (window(1, 60), Usage::default());
    assert_eq!(take(&minute, &mut usage, 0), Ok(()));
    assert_eq!(take(&minute, &mut usage, 60), Ok(()));
    usage.refund(&minute, at(0), at(60_000));
    assert_eq!(take(&minute, &mut usage, 61), Err(59));
}

#[test]
fn a_clock_that_was_set_back_locks_no_caller_out() {
    let (minute, mut usage) = (window(1, 60), Usage::default());
    assert_eq!(take(&minute, &mut usage, 36_000), Ok(()));
    assert_eq!(take(&minute, &mut usage, 0), Err(60));
    assert_eq!(take(&minute, &mut usage, 60), Ok(()));
}

#[test]
fn a_limit_of_nothing_grants_nothing() {
    let nothing = window(0, 60);
    assert_eq!(take(&nothing, &mut Usage::default(), 0), Err(60));
}

#[test]
fn b10_a_use_that_is_never_refused_counts() {
    let (minute, unlimited, mut usage) = (window(1, 60), window(usize::MAX, 60), Usage::default());
    assert_eq!(take(&minute, &mut usage, 0), Ok(()));
    assert_eq!(take(&unlimited, &mut usage, 30), Ok(()));
    assert_eq!(take(&minute, &mut usage, 60), Err(30));
    assert_eq!(take(&minute, &mut usage, 90), Ok(()));
}
