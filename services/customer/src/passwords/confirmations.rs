//! For which addresses a code was asked for or confirmed: `RESET_CONFIRMATION:{email}` (contract §7).
//!
//! ```text
//! PENDING                       for 300 s after a request for a code
//! CONFIRMED {ticket} {client}   for 600 s after a right code; both as fingerprints, `-` without a client
//! ```

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use colloquy_chassis::ClientAddress;
use colloquy_expiring_store::{ExpiringStore, ExpiringStoreError};
use http::{HeaderMap, header};
use tokio::time::Instant;

use super::reset_ticket::{Fingerprint, ResetTicket};
use crate::domain::Email;

/// How long a confirmation can be used.
pub(crate) const CONFIRMED_FOR: Duration = Duration::from_secs(600);
/// How long it can be used without its ticket (decision 28).
const WITHOUT_TICKET_FOR: Duration = Duration::from_secs(120);
const PENDING_FOR: Duration = Duration::from_secs(300);

const PENDING: &str = "PENDING";
const CONFIRMED: &str = "CONFIRMED";
const NO_CLIENT: &str = "-";

/// The state of every reset.
pub(crate) struct Confirmations(Arc<dyn ExpiringStore>);

/// A client as it can be recognised without a ticket: its address and its User-Agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client(Fingerprint);

/// What a client shows to be recognised as the one that confirmed.
#[derive(Debug)]
pub(crate) enum Proof {
    /// Tickets, one of which is to be the right one: a browser may hold several.
    Tickets(Vec<ResetTicket>),
    /// Nothing but the client itself.
    Client(Client),
}

/// A confirmation that was found, and when.
#[derive(Debug)]
pub(crate) struct Confirmation {
    kept: Bytes,
    ticket: Fingerprint,
    client: Option<Client>,
    remaining: Duration,
    found_at: Instant,
}

impl Client {
    /// None without a User-Agent, because many people share an address, and none from an unknown address.
    pub(crate) fn of(address: ClientAddress, headers: &HeaderMap) -> Option<Self> {
        let agent = headers.get(header::USER_AGENT)?;
        let address = address.known()?.to_string();
        let fingerprint = Fingerprint::of(&[address.as_bytes(), agent.as_bytes()]);
        Some(Self(fingerprint))
    }
}

impl Confirmation {
    fn decode(kept: Bytes, remaining: Duration) -> Option<Self> {
        let text = std::str::from_utf8(&kept).ok()?;
        let (ticket, client) = text.strip_prefix(CONFIRMED)?.trim_start().split_once(' ')?;
        Some(Self {
            ticket: Fingerprint::kept(ticket),
            client: (client != NO_CLIENT).then(|| Client(Fingerprint::kept(client))),
            remaining,
            found_at: Instant::now(),
            kept,
        })
    }

    /// Whether this proof is the confirming client's.
    pub(crate) fn fits(&self, proof: &Proof) -> bool {
        match proof {
            Proof::Tickets(tickets) => tickets.iter().any(|it| it.hash() == self.ticket),
            Proof::Client(client) => {
                let age = CONFIRMED_FOR.saturating_sub(self.remaining);
                self.client.as_ref() == Some(client) && age <= WITHOUT_TICKET_FOR
            }
        }
    }
}

impl Confirmations {
    pub(crate) fn new(store: Arc<dyn ExpiringStore>) -> Self {
        Self(store)
    }

    /// Notes that a code was asked for. What is there already stays, a confirmation above all.
    pub(crate) async fn mark_pending(&self, email: &Email) -> Result<(), ExpiringStoreError> {
        let pending = Bytes::from_static(PENDING.as_bytes());
        self.0
            .put_if_absent(&key(email), pending, PENDING_FOR)
            .await?;
        Ok(())
    }

    /// Notes that a code was confirmed; an earlier confirmation can no longer be used.
    pub(crate) async fn confirm(
        &self,
        email: &Email,
        ticket: &ResetTicket,
        client: Option<&Client>,
    ) -> Result<(), ExpiringStoreError> {
        let client = client.map_or(NO_CLIENT, |client| client.0.as_str());
        let kept = format!("{CONFIRMED} {} {client}", ticket.hash().as_str());
        self.0.put(&key(email), kept.into(), CONFIRMED_FOR).await
    }

    pub(crate) async fn find(
        &self,
        email: &Email,
    ) -> Result<Option<Confirmation>, ExpiringStoreError> {
        let kept = self.0.get(&key(email)).await?;
        Ok(kept.and_then(|kept| Confirmation::decode(kept.value, kept.remaining)))
    }

    /// Uses a confirmation up: of many calls at once, one answers true. A newer confirmation is left alone.
    pub(crate) async fn take(
        &self,
        email: &Email,
        confirmation: &Confirmation,
    ) -> Result<bool, ExpiringStoreError> {
        // Each holds a ticket of its own, so equal bytes are the same confirmation.
        self.0.take_if(&key(email), &confirmation.kept).await
    }

    /// Undoes [`Confirmations::take`]: the confirmation has the time it would have had.
    pub(crate) async fn put_back(
        &self,
        email: &Email,
        confirmation: Confirmation,
    ) -> Result<(), ExpiringStoreError> {
        let elapsed = confirmation.found_at.elapsed();
        if let Some(left) = confirmation.remaining.checked_sub(elapsed) {
            let kept = confirmation.kept;
            self.0.put_if_absent(&key(email), kept, left).await?;
        }
        Ok(())
    }
}

fn key(email: &Email) -> String {
    format!("RESET_CONFIRMATION:{}", email.key())
}

#[cfg(test)]
mod tests {
    use colloquy_chassis::Lifecycle;
    use colloquy_expiring_store::EmbeddedExpiringStore;

    use super::*;

    fn fresh() -> (Confirmations, Email) {
        let store = EmbeddedExpiringStore::start(&Lifecycle::default().tasks());
        let email = Email::parse("an@example.com").unwrap();
        (Confirmations::new(Arc::new(store)), email)
    }

    async fn confirmed(confirmations: &Confirmations, email: &Email, bits: u8) -> Confirmation {
        let ticket = ResetTicket::from_bits(&[bits; 32]);
        confirmations.confirm(email, &ticket, None).await.unwrap();
        confirmations.find(email).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn s07_who_was_overtaken_by_a_newer_confirmation_uses_up_neither() {
        let (confirmations, email) = fresh();
        tokio::time::pause();
        let older = confirmed(&confirmations, &email, 1).await;
        tokio::time::advance(Duration::from_secs(100)).await;
        confirmed(&confirmations, &email, 2).await;
        assert!(!confirmations.take(&email, &older).await.unwrap());
        let newer = confirmations.find(&email).await.unwrap().unwrap();
        assert_eq!(newer.remaining, CONFIRMED_FOR);
        assert!(confirmations.take(&email, &newer).await.unwrap());
        assert!(!confirmations.take(&email, &newer).await.unwrap());
    }

    #[tokio::test]
    async fn s07_what_is_put_back_replaces_nothing_and_has_the_time_it_had() {
        let (confirmations, email) = fresh();
        tokio::time::pause();
        let older = confirmed(&confirmations, &email, 1).await;
        tokio::time::advance(Duration::from_secs(100)).await;
        assert!(confirmations.take(&email, &older).await.unwrap());
        confirmations.put_back(&email, older).await.unwrap();
        let older = confirmations.find(&email).await.unwrap().unwrap();
        assert_eq!(older.remaining, Duration::from_secs(500));
        assert!(confirmations.take(&email, &older).await.unwrap());
        let newer = confirmed(&confirmations, &email, 2).await;
        confirmations.put_back(&email, older).await.unwrap();
        assert!(confirmations.take(&email, &newer).await.unwrap());
    }

    #[tokio::test]
    async fn s07_a_confirmation_whose_time_is_over_is_not_put_back() {
        let (confirmations, email) = fresh();
        tokio::time::pause();
        let confirmation = confirmed(&confirmations, &email, 1).await;
        assert!(confirmations.take(&email, &confirmation).await.unwrap());
        tokio::time::advance(Duration::from_secs(601)).await;
        confirmations.put_back(&email, confirmation).await.unwrap();
        assert!(confirmations.find(&email).await.unwrap().is_none());
    }
}
