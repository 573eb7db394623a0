//! What one client may use (stomp.md §6), and how long everything may take.

use std::time::Duration;

use colloquy_chassis::client_address::TrustedProxies;

use crate::{presence::Times, stomp};

/// Settings of the push side. The defaults are those of stomp.md.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Sizes within a frame.
    pub frame: stomp::Limits,
    /// The server's half of the heart-beat.
    pub heart_beat: stomp::HeartBeat,
    /// Subscriptions of one session.
    pub subscriptions: usize,
    /// Open sessions of one customer on this node.
    pub sessions_per_customer: usize,
    /// Open connections of one client address on this node: sockets, and SockJS sessions over plain HTTP.
    pub connections_per_address: usize,
    /// Proxies whose word on the client's address is taken.
    pub trusted_proxies: TrustedProxies,
    /// Open SockJS sessions over plain HTTP on this node.
    pub sockjs_sessions: usize,
    /// Frames a second from one client, over time; a message that brings none counts as one.
    pub frames_per_second: u32,
    /// Frames at once from one client; room for all the subscriptions that it may have.
    pub frame_burst: u32,
    /// From the upgrade to CONNECT.
    pub connect_within: Duration,
    /// From the first byte of a frame to its last.
    pub frame_within: Duration,
    /// Silence after which the client is sent a WebSocket PING; twice that without an answer ends the connection.
    pub ping_after: Duration,
    /// After so long a streaming answer of SockJS ends, so that the client's next request shows that it is there.
    pub answer_within: Duration,
    /// Octets of messages that may wait for one client before the fan-out waits for its writer. A client that
    /// then takes nothing is too slow, and so is one for which twice as many wait.
    pub queue_bytes: usize,
    /// How long one write may take: a frame, and what a buffer of 16 KiB holds before it.
    pub write_within: Duration,
    /// At most one push of a room's view within this time; the newest wins (decision 21).
    pub room_interval: Duration,
    /// When the process stops, its sockets are closed spread over this time.
    pub closing_spread: Duration,
    /// For how long presence and typing are held.
    pub presence: Times,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            frame: stomp::Limits::default(),
            heart_beat: stomp::HeartBeat {
                outgoing: 10_000,
                incoming: 0,
            },
            subscriptions: 1_000,
            sessions_per_customer: 1_000,
            connections_per_address: 5_000,
            trusted_proxies: TrustedProxies::default(),
            sockjs_sessions: 10_000,
            frames_per_second: 50,
            frame_burst: 1_200,
            connect_within: Duration::from_secs(10),
            frame_within: Duration::from_secs(10),
            ping_after: Duration::from_secs(25),
            answer_within: Duration::from_secs(60),
            queue_bytes: 512 * 1024,
            write_within: Duration::from_secs(10),
            room_interval: Duration::from_millis(100),
            closing_spread: Duration::from_secs(3),
            presence: Times::default(),
        }
    }
}
