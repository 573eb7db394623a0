//! An open session: its customer is known, and it has subscriptions.

use std::sync::Arc;

use colloquy_contracts::{CustomerId, Destination, RoomId, presence::TypingStatus};
use colloquy_service_api::revocation_list::SessionKey;

use super::{
    refusal::Refusal,
    request::{Request, Typing},
};
use crate::{
    Websocket,
    fanout::{
        encoding::{FrameVariant, websocket_message},
        registry::{Channel, Subscriber},
    },
    presence::{PresenceGuard, notifier::encoded},
    send_queue::SendQueue,
    sessions::OpenSession,
    stomp::{Version, encoder, escape::escape},
};

/// What a session holds after CONNECTED. Dropping it releases everything.
pub struct Authenticated {
    websocket: Arc<Websocket>,
    queue: Arc<SendQueue>,
    customer: CustomerId,
    /// Negotiated by CONNECT.
    pub version: Version,
    subscriptions: Vec<Subscription>,
    presence: Option<PresenceGuard>,
}

struct Subscription {
    id: Box<str>,
    channel: Channel,
    variant: FrameVariant,
}

impl Authenticated {
    /// Counts the session among its customer's.
    ///
    /// # Errors
    /// The customer has too many.
    pub fn begin(
        websocket: Arc<Websocket>,
        queue: Arc<SendQueue>,
        session: SessionKey,
        version: Version,
    ) -> Result<Self, Refusal> {
        let limit = websocket.settings.sessions_per_customer;
        let open = OpenSession::new(session, version, Arc::clone(&queue));
        if !websocket.sessions.begin(open, limit) {
            return Err(Refusal::TooManySessions);
        }
        Ok(Self {
            websocket,
            queue,
            customer: session.customer,
            version,
            subscriptions: Vec::new(),
            presence: None,
        })
    }

    /// Shows that the customer is online: only once nothing can refuse the session any more (stomp.md N5).
    pub fn show_online(&mut self) {
        self.presence = Some(self.websocket.presence.begin_session(self.customer));
    }

    /// Lets a request take effect; when this has returned it has.
    ///
    /// # Errors
    /// The customer may not do this.
    pub async fn carry_out(&mut self, request: Request) -> Result<(), Refusal> {
        match request {
            Request::Subscribe {
                id,
                destination,
                acknowledged,
            } => return self.subscribe(id, destination, acknowledged).await,
            Request::Typing(Typing { room_id, is_typing }) => {
                self.check_member(Destination::Typing(room_id)).await?;
                if let Some(presence) = &mut self.presence {
                    presence.set_typing(room_id, is_typing);
                }
            }
            Request::ExtendOnline => {
                if let Some(presence) = &self.presence {
                    presence.extend();
                }
            }
            Request::Unsubscribe { id } => self.unsubscribe(&id),
            Request::Unreadable => {
                metrics::counter!("colloquy_websocket_unreadable_bodies_total").increment(1);
            }
            Request::Acknowledge | Request::Disconnect => {}
        }
        Ok(())
    }

    /// Queues the RECEIPT of a frame that has taken effect, if the client asked for one.
    pub fn confirm(&self, receipt: Option<&str>) {
        if let Some(receipt) = receipt {
            let frame = encoder::receipt(self.version, receipt);
            self.queue.push(websocket_message(frame));
        }
    }

    async fn subscribe(
        &mut self,
        id: Box<str>,
        destination: Destination,
        acknowledged: bool,
    ) -> Result<(), Refusal> {
        if self
            .subscriptions
            .iter()
            .any(|subscription| subscription.id == id)
        {
            return Err(Refusal::DuplicateSubscription);
        }
        if self.subscriptions.len() >= self.websocket.settings.subscriptions {
            return Err(Refusal::TooManySubscriptions);
        }
        self.check_member(destination).await?;
        let channel = Channel::of(self.customer, destination);
        let variant = FrameVariant {
            subscription: escape(self.version, &id).into(),
            acknowledged,
        };
        // Before the first wait: whatever happens, dropping the session releases this.
        let subscription = Subscription {
            id,
            channel,
            variant: variant.clone(),
        };
        self.subscriptions.push(subscription);
        if let Destination::OnlineStatus(room) = destination {
            let rooms = &self.websocket.presence.rooms;
            rooms.enter(room);
            // Boxed for the same reason as a check of membership.
            Box::pin(rooms.learn(room, self.customer)).await;
        }
        match destination {
            Destination::Typing(room) => self.begin_with_typists(room, variant),
            _ => self.listen(channel, variant),
        }
        Ok(())
    }

    fn listen(&self, channel: Channel, variant: FrameVariant) {
        let subscriber = Subscriber {
            customer: self.customer,
            queue: Arc::clone(&self.queue),
        };
        self.websocket.registry.add(channel, variant, subscriber);
    }

    /// A new subscriber gets at once who types now (stomp.md S13), and then what changes.
    fn begin_with_typists(&self, room_id: RoomId, variant: FrameVariant) {
        let Websocket {
            presence, registry, ..
        } = &*self.websocket;
        let destination = Destination::Typing(room_id);
        presence.typists.with_typists_of(room_id, |typists| {
            for &customer_id in typists {
                let body = encoded(&TypingStatus {
                    room_id,
                    typing: true,
                    customer_id,
                });
                registry.greet(destination, customer_id, &body, (&variant, &self.queue));
            }
            self.listen(Channel::Room(destination), variant);
        });
    }

    fn unsubscribe(&mut self, id: &str) {
        let of_this_id = |subscription: &Subscription| *subscription.id == *id;
        if let Some(at) = self.subscriptions.iter().position(of_this_id) {
            let subscription = self.subscriptions.swap_remove(at);
            self.release(&subscription);
            if let Channel::Room(destination) = subscription.channel {
                self.queue
                    .forget(destination, &subscription.variant.subscription);
            }
        }
    }

    /// Boxed: asking takes a large future, and few sessions ask at any moment.
    async fn check_member(&self, destination: Destination) -> Result<(), Refusal> {
        let Some(room) = destination.room() else {
            return Ok(());
        };
        Box::pin(self.websocket.membership.check(room, self.customer)).await?;
        Ok(())
    }

    fn release(
        &self,
        Subscription {
            channel, variant, ..
        }: &Subscription,
    ) {
        self.websocket
            .registry
            .remove(*channel, variant, &self.queue);
        if let Channel::Room(Destination::OnlineStatus(room)) = channel {
            self.websocket.presence.rooms.leave(*room);
        }
    }
}

impl Drop for Authenticated {
    fn drop(&mut self) {
        for subscription in &self.subscriptions {
            self.release(subscription);
        }
        self.websocket.sessions.end(self.customer, &self.queue);
    }
}
