//! A mail as it is delivered.

use std::{
    fmt,
    time::{Duration, UNIX_EPOCH},
};

use colloquy_contracts::Timestamp;
use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use crate::{html, mail_store::QueuedMail, recipient::recipient};

/// A mail, and the message that is made of it.
pub struct Letter {
    /// The mail of the queue.
    pub mail: QueuedMail,
    /// The date of the message.
    pub written_at: Timestamp,
    /// The message to deliver, with its envelope. All of it is ASCII.
    pub message: Message,
}

/// A queued mail of which no message can be made.
#[derive(Debug, thiserror::Error)]
#[error("no message can be made of it")]
pub struct UnwritableLetter;

impl Letter {
    /// Writes the message: the plain text, and the same as HTML.
    ///
    /// # Errors
    /// The recipient is no mail address.
    pub fn write(
        from: &Mailbox,
        mail: QueuedMail,
        now: Timestamp,
    ) -> Result<Self, UnwritableLetter> {
        let to = recipient(&mail.to).ok_or(UnwritableLetter)?;
        let since_epoch = Duration::from_millis(u64::try_from(now.millis()).unwrap_or_default());
        // RFC 3834: so that no absence notice answers.
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        let text = mail.body.replace("\r\n", "\n").replace('\r', "\n");
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .date(UNIX_EPOCH + since_epoch)
            .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(
                text.clone(),
                html::page(&text),
            ))
            .map_err(|_| UnwritableLetter)?;
        Ok(Self {
            mail,
            written_at: now,
            message,
        })
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({})", self.mail.id)
    }
}
