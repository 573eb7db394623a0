//! A room with as many messages as a figure asks for, sent as clients send them.

use std::{cell::RefCell, rc::Rc};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::client::{Client, Message, USER2};
use futures_util::future::try_join_all;

use super::writes;
use crate::server::feed::CONTENT_OCTETS;

/// Sends on their way while a room is filled.
const IN_FLIGHT: usize = 64;

/// A room, and what is in it.
#[derive(Debug)]
pub struct FilledRoom {
    /// The room.
    pub id: i64,
    /// The id of each message, in the order of their seqs, as far as they were sent here.
    messages: Vec<i64>,
}

impl FilledRoom {
    /// Makes a room of the sender and one other, and fills it. Returns when its history is whole.
    ///
    /// # Errors
    /// The system fails.
    pub async fn make(sender: &Client, messages: usize) -> Result<Self> {
        let mut room = Self {
            id: sender.create_room("Filled", &[USER2.id]).await?,
            messages: Vec::new(),
        };
        room.send(sender, messages, IN_FLIGHT).await?;
        Ok(room)
    }

    /// Messages that it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Sends so many more, with so many on their way. Returns when its history is whole.
    ///
    /// # Errors
    /// The system fails, or a seq is not the next.
    pub async fn send(&mut self, sender: &Client, count: usize, in_flight: usize) -> Result<()> {
        let content: Rc<str> = "x".repeat(CONTENT_OCTETS).into();
        let (id, left) = (self.id, RefCell::new(0..count));
        let sent = try_join_all((0..in_flight).map(|_| async {
            let mut sent = Vec::new();
            while left.borrow_mut().next().is_some() {
                let one = sender.send(id, &content, None).await?;
                sent.push((one.seq, one.message_id));
            }
            anyhow::Ok(sent)
        }));
        let mut sent = sent.await?.concat();
        sent.sort_unstable();
        let first = i64::try_from(self.messages.len())? + 1;
        let is_next = (first..).zip(&sent).all(|(next, (seq, _))| next == *seq);
        ensure!(is_next, "the seqs of room {id} do not go on one by one");
        self.messages
            .extend(sent.into_iter().map(|(_, message)| message));
        let newest = i64::try_from(self.messages.len())?;
        if newest > 0 {
            writes::newest_seq(sender, id, newest).await?;
        }
        Ok(())
    }

    /// A page of it: the newest, or that below the message with this seq.
    ///
    /// # Errors
    /// The system fails, or there is no such message.
    pub async fn page(
        &self,
        member: &Client,
        before: Option<usize>,
        limit: u32,
    ) -> Result<Vec<Message>> {
        let message = |seq: usize| {
            let message = self.messages.get(seq.checked_sub(1)?);
            message.copied()
        };
        let before = before
            .map(|seq| message(seq).with_context(|| format!("the room has no seq {seq}")))
            .transpose()?;
        Ok(member.history_page(self.id, before, limit).await?)
    }
}
