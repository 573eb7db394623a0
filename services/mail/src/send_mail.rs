//! `POST /internal/send`: queues a mail (contract §4).

use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, Failure, Kind, extract::Body};
use colloquy_contracts::{
    Envelope, Timestamp,
    openapi::{BadBody, Forbidden, Nothing},
};
use colloquy_credentials::identity::ServiceCaller;
use colloquy_service_api::mailer::{Mail, PATH};
use colloquy_sql::StoreError;
use uuid::Uuid;

use crate::{MailService, mail_store::QueuedMail, recipient::recipient};

/// The lifetime of a mail for which the caller named none.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// A subject has at most this many characters.
const MAX_SUBJECT: usize = 255;

/// Why a mail was not queued.
#[derive(Debug, thiserror::Error)]
pub enum SendMailError {
    /// The request is no mail. Holds the sentence for the caller.
    #[error("not a mail: {0}")]
    NotAMail(&'static str),
    /// The store could not keep the mail.
    #[error("the mail cannot be queued")]
    CannotQueue(#[from] StoreError),
}

impl Failure for SendMailError {
    /// A store that cannot keep a mail is 503, whatever the reason: never 500 (decision 22).
    fn kind(&self) -> Kind {
        match self {
            Self::NotAMail(_) => Kind::Invalid,
            Self::CannotQueue(_) => Kind::Unavailable,
        }
    }

    fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::NotAMail(sentence) => sentence,
            Self::CannotQueue(_) => "The mail cannot be queued now. Please try again.",
        })
    }
}

/// Take a mail into the queue
#[utoipa::path(
    post,
    path = PATH,
    operation_id = "sendMail",
    request_body = Mail,
    responses(
        (status = 200, description = "Queued: kept until it was handed over, was refused for good, or has expired.",
            body = Envelope<Nothing>),
        BadBody,
        Forbidden,
    )
)]
pub(crate) async fn send_mail(
    State(service): State<Arc<MailService>>,
    _: ServiceCaller,
    Body(mail): Body<Mail>,
) -> Result<Answer<()>, ApiError> {
    service.queue(&mail).await?;
    Ok(Answer("The mail is queued.", ()))
}

impl MailService {
    /// Queues a mail, and wakes the task that sends it.
    ///
    /// # Errors
    /// The request is no mail, or the store cannot keep it.
    pub async fn queue(&self, mail: &Mail) -> Result<(), SendMailError> {
        check(mail).map_err(SendMailError::NotAMail)?;
        let default = self.clock.now().millis() + DEFAULT_LIFETIME.as_millis() as i64;
        let queued = QueuedMail {
            id: Uuid::new_v4(),
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            body: mail.body.clone(),
            expires_at: mail.expires_at.unwrap_or(Timestamp::from_millis(default)),
        };
        self.store.enqueue(&queued).await?;
        self.queued.notify_one();
        Ok(())
    }
}

fn check(mail: &Mail) -> Result<(), &'static str> {
    if recipient(&mail.to).is_none() {
        return Err("The field to is one mail address.");
    }
    let subject = &mail.subject;
    if subject.trim().is_empty()
        || subject.chars().count() > MAX_SUBJECT
        || subject.chars().any(char::is_control)
    {
        return Err("The field subject is one line of at most 255 characters.");
    }
    if mail.body.trim().is_empty() || mail.body.contains('\0') {
        return Err("The field body is a text.");
    }
    Ok(())
}
