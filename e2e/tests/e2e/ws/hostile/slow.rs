//! Clients that send heart-beats for ever and never a whole frame (stomp.md N6, F11).

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::{Instant, interval};

use super::{
    attacker::Attacker,
    case::{
        Stage::{self, Anonymous, Upgraded, V12},
        texts::{CONNECT_TOO_LATE, FRAME_TOO_LATE},
    },
    ground::Ground,
};

/// A client that says one octet a second.
pub struct Dripper {
    pub name: &'static str,
    stage: Stage,
    octets: &'static [u8],
    refusal: &'static str,
}

pub const DRIPPERS: [Dripper; 5] = [
    Dripper {
        name: "N6 line ends and no CONNECT",
        stage: Upgraded,
        octets: b"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
        refusal: CONNECT_TOO_LATE,
    },
    Dripper {
        name: "N6 CONNECT octet by octet",
        stage: Anonymous,
        octets: b"CONNECT\naccept-version:1.2\n\n\0",
        refusal: CONNECT_TOO_LATE,
    },
    Dripper {
        name: "F11 a header octet by octet",
        stage: V12,
        octets: b"SEND\ndestination:/app/extendOnline\n\n\0",
        refusal: FRAME_TOO_LATE,
    },
    Dripper {
        name: "F11 a command octet by octet",
        stage: V12,
        octets: b"UNSUBSCRIBE\nid:0\n\n\0",
        refusal: FRAME_TOO_LATE,
    },
    Dripper {
        name: "F11 line ends, then a frame octet by octet",
        stage: V12,
        octets: b"\n\r\nSEND\ncontent-length:9\n\nwaiting",
        refusal: FRAME_TOO_LATE,
    },
];

impl Dripper {
    /// Says it until the server has enough, which is after ten seconds of the same frame.
    pub async fn drip(&self, ground: &Ground) -> Result<()> {
        let begun = Instant::now();
        let mut attacker = Attacker::open(ground, self.stage).await?;
        let mut seconds = interval(Duration::from_secs(1));
        for octet in self.octets {
            seconds.tick().await;
            let _ = attacker.say(&[*octet]).await;
            if let Some(error) = attacker.still_waits().await? {
                let waited = begun.elapsed();
                let due = Duration::from_secs(9)..Duration::from_secs(16);
                ensure!(due.contains(&waited), "after {waited:?}");
                return attacker.ends_with(error, self.refusal, None).await;
            }
        }
        Err(anyhow::anyhow!("the server waits for ever"))
    }
}
