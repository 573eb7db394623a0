//! A sender: one message after the other, each under a key of its own, tried until it is answered.

use std::{sync::Arc, time::Duration};

use colloquy_e2e::client::{CallError, Client};
use tokio::time::{Instant, sleep, sleep_until};

use crate::journal::{Call, Journal, Outcome};

/// A message that is not answered by then stays unknown.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

pub struct Sender {
    pub number: u32,
    pub client: Client,
    pub rooms: Arc<[i64]>,
    pub journal: Arc<Journal>,
    pub pace: Duration,
    pub chance: fastrand::Rng,
    /// Makes keys and contents of this run differ from those of others on the same stores.
    pub run: u64,
}

impl Sender {
    /// Sends `count` messages to rooms drawn by chance.
    pub async fn send_all(mut self, count: u32) {
        let begin = Instant::now();
        for number in 0..count {
            let due = begin + self.pace * number;
            sleep_until(due).await;
            let room = self.rooms[self.chance.usize(..self.rooms.len())];
            let content = format!("{}-{}-{number}", self.run, self.number);
            let call = self.send(room, content, due).await;
            self.journal.record(call);
        }
    }

    async fn send(&self, room: i64, content: String, due: Instant) -> Call {
        let began = Instant::now();
        let mut failed_tries = 0;
        let outcome = loop {
            match self.client.send(room, &content, Some(&content)).await {
                Ok(sent) => break Outcome::Ok(sent),
                // 503 says "nothing is acknowledged"; a key makes the retry harmless either way.
                Err(CallError::Refused(answer)) if !matches!(answer.status, 502..=504) => {
                    break Outcome::Refused(answer.status);
                }
                Err(_) if began.elapsed() > PATIENCE => break Outcome::Unknown,
                Err(_) => failed_tries += 1,
            }
            sleep(PAUSE).await;
        };
        Call {
            content,
            outcome,
            failed_tries,
            due,
            ended: Instant::now(),
        }
    }
}
