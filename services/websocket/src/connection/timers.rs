//! What a connection does when time passes. It has no clock: the time is an argument.

use std::time::Duration;

use tokio::time::Instant;

use crate::{Settings, session::Opened};

/// After this time a connection without any deadline looks at the clock.
const FAR: Duration = Duration::from_secs(3600);

/// The deadlines of one connection.
#[derive(Debug)]
pub struct Timers {
    connect_by: Option<Instant>,
    frame_by: Option<Instant>,
    expires_at: Option<Instant>,
    heart_beat: Option<Duration>,
    /// After how long without a write the transport sends its keep-alive.
    keep_alive: Option<Duration>,
    /// How long the client may be silent, if not for ever.
    silence: Option<Duration>,
    /// After how much of that it is sent a PING.
    ping_after: Option<Duration>,
    pinged: bool,
    sent_at: Instant,
    received_at: Instant,
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// CONNECT did not come in time.
    ConnectTooLate,
    /// A frame began and did not end in time.
    FrameTooLate,
    /// The session's token has ended.
    TokenExpired,
    /// The client has sent nothing for too long.
    Silent,
    /// Ask the client for an answer.
    Ping,
    /// Send STOMP's heart-beat.
    HeartBeat,
    /// Send the transport's own keep-alive.
    KeepAlive,
}

impl Timers {
    /// The timers of a connection that has just been opened. `keeps_alive` says that its transport has a PING of its own,
    /// `ends_unattended` that it ends by itself when its client is gone: that client may be silent unless it promises to beat.
    #[must_use]
    pub fn new(
        settings: &Settings,
        keeps_alive: bool,
        ends_unattended: bool,
        now: Instant,
    ) -> Self {
        let asked_after = (!ends_unattended).then_some(settings.ping_after);
        Self {
            connect_by: Some(now + settings.connect_within),
            frame_by: None,
            expires_at: None,
            heart_beat: None,
            keep_alive: keeps_alive.then_some(settings.ping_after),
            silence: asked_after.map(|interval| 2 * interval),
            ping_after: asked_after,
            pinged: false,
            sent_at: now,
            received_at: now,
        }
    }

    /// CONNECT was accepted.
    pub fn opened(&mut self, opened: &Opened, now: Instant) {
        self.connect_by = None;
        self.expires_at = now.checked_add(opened.expires_in);
        self.heart_beat = opened.intervals.from_server;
        if let Some(promised) = opened.intervals.from_client {
            // stomp.md H2: two to three intervals, because networks delay, and asked before: timers of hidden tabs sleep.
            let sooner = |limit: Option<Duration>, interval| {
                Some(limit.map_or(interval, |limit| limit.min(interval)))
            };
            self.silence = sooner(self.silence, promised * 5 / 2);
            self.ping_after = sooner(self.ping_after, promised * 3 / 2);
        }
    }

    /// When the session's token ends.
    #[must_use]
    pub fn expires_at(&self) -> Option<Instant> {
        self.expires_at
    }

    /// Something came from the client.
    pub fn received(&mut self, now: Instant) {
        self.received_at = now;
        self.pinged = false;
    }

    /// Something was written to the client, which is no sign of its life.
    pub fn sent(&mut self, now: Instant) {
        self.sent_at = now;
    }

    /// Whether a frame has begun and not ended. `anew` says that another frame ended since the last call.
    pub fn partial_frame(&mut self, partial: bool, anew: bool, by: Instant) {
        if anew || !partial {
            self.frame_by = None;
        }
        if partial {
            self.frame_by.get_or_insert(by);
        }
    }

    /// When [`Timers::due`] may have something to do; earlier only after [`Timers::opened`] and
    /// [`Timers::partial_frame`].
    #[must_use]
    pub fn next(&self) -> Instant {
        [
            self.silent_at(),
            self.ping_at(),
            self.connect_by,
            self.frame_by,
            self.expires_at,
            self.heart_beat.map(|interval| self.sent_at + interval),
            self.keep_alive.map(|interval| self.sent_at + interval),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(self.received_at + FAR)
    }

    /// One thing that is due, the gravest first. What it returned is not due again at once.
    pub fn due(&mut self, now: Instant) -> Option<Due> {
        let past = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        if past(self.connect_by.take_if(|by| *by <= now)) {
            Some(Due::ConnectTooLate)
        } else if past(self.expires_at.take_if(|at| *at <= now)) {
            Some(Due::TokenExpired)
        } else if past(self.frame_by.take_if(|by| *by <= now)) {
            Some(Due::FrameTooLate)
        } else if past(self.silent_at()) {
            Some(Due::Silent)
        } else if past(self.ping_at()) {
            self.pinged = true;
            Some(Due::Ping)
        } else if past(self.heart_beat.map(|interval| self.sent_at + interval)) {
            self.sent_at = now;
            Some(Due::HeartBeat)
        } else if past(self.keep_alive.map(|interval| self.sent_at + interval)) {
            self.sent_at = now;
            Some(Due::KeepAlive)
        } else {
            None
        }
    }

    fn silent_at(&self) -> Option<Instant> {
        self.silence.map(|silence| self.received_at + silence)
    }

    fn ping_at(&self) -> Option<Instant> {
        let ping_after = self.ping_after.filter(|_| !self.pinged);
        ping_after.map(|interval| self.received_at + interval)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stomp::{HeartBeat, Version};

    const SECOND: Duration = Duration::from_secs(1);

    fn timers(client_heart_beat: &str, server: HeartBeat) -> (Timers, Instant) {
        let start = Instant::now();
        let mut timers = Timers::new(&Settings::default(), false, false, start);
        let client = HeartBeat::parse(Some(client_heart_beat)).unwrap();
        let opened = Opened {
            version: Version::V12,
            intervals: server.negotiate(Version::V12, client),
            expires_in: 3600 * SECOND,
        };
        timers.opened(&opened, start);
        (timers, start)
    }

    fn default_offer() -> HeartBeat {
        Settings::default().heart_beat
    }

    /// Everything that comes due within this time if the client says nothing.
    fn schedule(timers: &mut Timers, start: Instant, seconds: u32) -> Vec<(u64, Due)> {
        let mut schedule = Vec::new();
        while timers.next() <= start + seconds * SECOND {
            let now = timers.next();
            let due = timers.due(now).expect("something is due at its deadline");
            schedule.push(((now - start).as_secs(), due));
            if due == Due::Silent {
                break;
            }
        }
        schedule
    }

    #[test]
    fn stomp_n6_a_client_has_ten_seconds_for_connect() {
        let start = Instant::now();
        let mut timers = Timers::new(&Settings::default(), false, false, start);
        assert_eq!(timers.due(start + 9 * SECOND), None);
        assert_eq!(timers.next(), start + 10 * SECOND);
        assert_eq!(timers.due(start + 10 * SECOND), Some(Due::ConnectTooLate));
    }

    #[test]
    fn stomp_h1_by_default_the_server_beats_and_asks_with_pings() {
        let (mut timers, start) = timers("10000,10000", default_offer());
        assert_eq!(
            schedule(&mut timers, start, 60),
            [
                (10, Due::HeartBeat),
                (20, Due::HeartBeat),
                (25, Due::Ping),
                (30, Due::HeartBeat),
                (40, Due::HeartBeat),
                (50, Due::Silent),
            ]
        );
    }

    #[test]
    fn stomp_h2_a_client_that_promised_to_beat_is_closed_after_two_and_a_half_intervals() {
        let both = HeartBeat {
            outgoing: 10_000,
            incoming: 10_000,
        };
        let (mut timers, start) = timers("4000,0", both);
        let asked = [(15, Due::Ping), (25, Due::Silent)];
        assert_eq!(schedule(&mut timers, start, 60), asked);
    }

    #[test]
    fn b25_stomp_h2_a_client_that_promised_to_beat_and_only_answers_pings_stays() {
        let both = HeartBeat {
            outgoing: 10_000,
            incoming: 10_000,
        };
        let (mut timers, start) = timers("10000,0", both);
        let mut answered_at = start;
        for _ in 0..20 {
            let pinged_at = timers.next();
            assert_eq!(pinged_at, answered_at + 15 * SECOND);
            assert_eq!(timers.due(pinged_at), Some(Due::Ping));
            answered_at = pinged_at + SECOND;
            timers.received(answered_at);
        }
        assert_eq!(timers.next(), answered_at + 15 * SECOND);
    }

    #[test]
    fn stomp_h3_no_beat_while_something_else_was_sent_in_the_interval() {
        let (mut timers, start) = timers("0,10000", default_offer());
        timers.sent(start + 6 * SECOND);
        assert_eq!(timers.due(start + 15 * SECOND), None);
        assert_eq!(timers.due(start + 16 * SECOND), Some(Due::HeartBeat));
        assert_eq!(timers.due(start + 17 * SECOND), None);
    }

    #[test]
    fn stomp_h1_a_client_that_answers_is_not_silent() {
        let (mut timers, start) = timers("0,0", default_offer());
        assert_eq!(timers.due(start + 25 * SECOND), Some(Due::Ping));
        timers.received(start + 26 * SECOND);
        assert_eq!(timers.due(start + 50 * SECOND), None);
        assert_eq!(timers.due(start + 51 * SECOND), Some(Due::Ping));
    }

    #[test]
    fn stomp_n10_an_expired_token_is_noticed_at_its_instant() {
        let start = Instant::now();
        let mut timers = Timers::new(&Settings::default(), false, false, start);
        let opened = Opened {
            version: Version::V12,
            intervals: Default::default(),
            expires_in: 3 * SECOND,
        };
        timers.opened(&opened, start);
        assert_eq!(timers.next(), start + 3 * SECOND);
        assert_eq!(timers.due(start + 3 * SECOND), Some(Due::TokenExpired));
    }

    #[test]
    fn stomp_f11_the_time_for_a_frame_begins_with_its_first_byte() {
        let (mut timers, start) = timers("0,0", default_offer());
        timers.partial_frame(true, false, start + 10 * SECOND);
        timers.partial_frame(true, false, start + 15 * SECOND);
        assert_eq!(timers.next(), start + 10 * SECOND);

        timers.partial_frame(true, true, start + 17 * SECOND);
        assert_eq!(timers.due(start + 16 * SECOND), None);
        assert_eq!(timers.due(start + 17 * SECOND), Some(Due::FrameTooLate));

        timers.partial_frame(true, false, start + 20 * SECOND);
        timers.partial_frame(false, true, start + 20 * SECOND);
        assert_eq!(timers.due(start + 20 * SECOND), None);
    }

    /// A connection over plain HTTP.
    fn polled(client_heart_beat: &str, server: HeartBeat) -> (Timers, Instant) {
        let start = Instant::now();
        let mut timers = Timers::new(&Settings::default(), true, true, start);
        let client = HeartBeat::parse(Some(client_heart_beat)).unwrap();
        let opened = Opened {
            version: Version::V12,
            intervals: server.negotiate(Version::V12, client),
            expires_in: 3600 * SECOND,
        };
        timers.opened(&opened, start);
        (timers, start)
    }

    #[test]
    fn stomp_7_a_transport_with_a_sign_of_life_gives_it_25_seconds_after_the_last_write() {
        let (mut timers, start) = polled("0,0", default_offer());
        timers.sent(start + 7 * SECOND);
        timers.received(start + 30 * SECOND);
        assert_eq!(timers.next(), start + 32 * SECOND);
        assert_eq!(timers.due(start + 31 * SECOND), None);
        assert_eq!(timers.due(start + 32 * SECOND), Some(Due::KeepAlive));
        assert_eq!(timers.due(start + 33 * SECOND), None);
    }

    #[test]
    fn b20_what_is_written_is_no_sign_of_the_clients_life() {
        let both = HeartBeat {
            outgoing: 10_000,
            incoming: 10_000,
        };
        let (mut timers, start) = polled("4000,0", both);
        timers.sent(start + 14 * SECOND);
        assert_eq!(timers.due(start + 15 * SECOND), Some(Due::Ping));
        timers.sent(start + 24 * SECOND);
        assert_eq!(timers.due(start + 25 * SECOND), Some(Due::Silent));
    }
}
