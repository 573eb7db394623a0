//! One STOMP session: frames in, effects out. It knows no socket; what it has to say goes into the client's queue.

pub mod authenticated;
pub mod refusal;
pub mod request;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use colloquy_contracts::Timestamp;
use colloquy_credentials::{session_token::JWT_TOKEN, session_verifier::Session as Token};

use self::authenticated::Authenticated;
pub use self::{
    refusal::{Refusal, Refused},
    request::Request,
};
use crate::{
    Websocket,
    close_reason::CloseReason,
    fanout::encoding::websocket_message,
    send_queue::SendQueue,
    stomp::{Frame, HeartBeat, Intervals, Version, encoder},
};

/// A session from the upgrade to its end. Dropping it releases all that it holds, once.
pub struct Session {
    websocket: Arc<Websocket>,
    queue: Arc<SendQueue>,
    stage: Stage,
}

enum Stage {
    Greeting { cookie: Option<Box<Token>> },
    Open(Authenticated),
    Ended,
}

/// What CONNECT has settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// How frames are read from now on.
    pub version: Version,
    /// Which side sends heart-beats, and how often.
    pub intervals: Intervals,
    /// How long the token is still valid.
    pub expires_in: Duration,
}

/// What the connection has to know after a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// There is nothing to know.
    Continue,
    /// The session is open.
    Opened(Opened),
    /// Nothing more is to be read; the queue holds what is to be written.
    Ended,
}

impl Session {
    /// A session before its CONNECT. `cookie` is the verified token of the handshake's cookie, if there was one.
    #[must_use]
    pub fn new(
        websocket: Arc<Websocket>,
        queue: Arc<SendQueue>,
        cookie: Option<Box<Token>>,
    ) -> Self {
        Self {
            websocket,
            queue,
            stage: Stage::Greeting { cookie },
        }
    }

    /// Handles one frame. The next one may be given when this has returned: frames take effect in order. No frame that comes
    /// after the end of the queue takes effect, even if the server has ended it.
    pub async fn receive(&mut self, frame: Frame) -> Step {
        if self.queue.has_ended() {
            self.leave();
        }
        let connecting = frame.command.opens_session();
        let receipt = frame.header("receipt").filter(|_| !connecting);
        let outcome = match &mut self.stage {
            Stage::Ended => return Step::Ended,
            Stage::Greeting { .. } if !connecting => Err(Refusal::NotConnected),
            Stage::Greeting { cookie } => {
                let cookie = cookie.take();
                self.connect(cookie, &frame).map(Step::Opened)
            }
            Stage::Open(open) => match Request::read(&frame, open.version) {
                Ok(Request::Disconnect) => {
                    self.disconnect(receipt);
                    return Step::Ended;
                }
                Ok(request) => open.carry_out(request).await.map(|()| {
                    open.confirm(receipt);
                    Step::Continue
                }),
                Err(refusal) => Err(refusal),
            },
        };
        outcome.unwrap_or_else(|refusal| {
            self.refuse_frame(&refusal, &frame);
            Step::Ended
        })
    }

    /// Ends the session with an ERROR frame that names the refused one.
    pub fn refuse_frame(&mut self, refusal: &Refusal, frame: &Frame) {
        self.refuse(refusal, Refused::frame(frame, self.version()));
    }

    /// Ends the session with an ERROR frame.
    pub fn refuse(&mut self, refusal: &Refusal, refused: Refused<'_>) {
        let frame = refusal.frame(self.version(), refused);
        self.end(Some(frame), refusal.close_reason());
        tracing::debug!(%refusal, "a session was refused");
        metrics::counter!("colloquy_websocket_sessions_refused_total").increment(1);
    }

    /// Releases everything: the queue has ended.
    pub fn leave(&mut self) {
        self.stage = Stage::Ended;
    }

    fn connect(&mut self, cookie: Option<Box<Token>>, frame: &Frame) -> Result<Opened, Refusal> {
        let version = Version::negotiate(frame.header("accept-version"))
            .ok_or(Refusal::UnsupportedVersion)?;
        let offer = self.websocket.settings.heart_beat;
        let intervals = offer.negotiate(version, HeartBeat::parse(frame.header("heart-beat"))?);
        let now = self.websocket.clock.now();
        let token = self.admitted(cookie, frame, now)?;
        let customer = token.customer_id();
        let (websocket, queue) = (Arc::clone(&self.websocket), Arc::clone(&self.queue));
        let mut open = Authenticated::begin(websocket, queue, (&token).into(), version)?;
        // Once more: what was revoked before the session began did not end it.
        if self.websocket.revocations.is_revoked(&token)? {
            return Err(Refusal::Unauthenticated);
        }
        open.show_online();
        self.stage = Stage::Open(open);
        let connected = encoder::connected(version, offer, customer);
        self.queue.push(websocket_message(connected));
        let left = token.expires_at.millis() - now.millis();
        Ok(Opened {
            version,
            intervals,
            expires_in: Duration::from_millis(left.unsigned_abs()),
        })
    }

    /// The cookie's token if it is good, or else the header's.
    fn admitted(
        &self,
        cookie: Option<Box<Token>>,
        frame: &Frame,
        now: Timestamp,
    ) -> Result<Token, Refusal> {
        let header = || self.websocket.verifier.verify(frame.header(JWT_TOKEN)?);
        let cookie = cookie
            .map(|token| *token)
            .filter(|token| now < token.expires_at);
        if let Some(token) = cookie
            && !self.websocket.revocations.is_revoked(&token)?
        {
            return Ok(token);
        }
        match header() {
            Some(token) if !self.websocket.revocations.is_revoked(&token)? => Ok(token),
            _ => Err(Refusal::Unauthenticated),
        }
    }

    fn disconnect(&mut self, receipt: Option<&str>) {
        let version = self.version();
        let frame = receipt.map(|receipt| encoder::receipt(version, receipt));
        self.end(frame, CloseReason::Normal);
    }

    /// Subscriptions go before the last frame is queued, so that nothing can follow it.
    fn end(&mut self, last: Option<bytes::Bytes>, reason: CloseReason) {
        self.leave();
        self.queue.end(last.map(websocket_message), reason);
    }

    fn version(&self) -> Version {
        match &self.stage {
            Stage::Open(open) => open.version,
            Stage::Greeting { .. } | Stage::Ended => Version::V10,
        }
    }
}
