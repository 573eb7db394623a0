//! Which rooms is this customer in, and with whom? Chat query knows what it has projected so far.

use async_trait::async_trait;
use colloquy_contracts::{CustomerId, views::ChatRoomView};

use crate::{CallError, ServiceClient};

/// Where chat query answers.
pub const PATH: &str = "/internal/rooms/customerId/{customer_id}";

/// Knows the rooms of customers.
#[async_trait]
pub trait RoomsOfCustomer: Send + Sync + 'static {
    /// The rooms that the customer is known to be in; a new one may be missing.
    ///
    /// # Errors
    /// The answer could not be had.
    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>, CallError>;
}

#[async_trait]
impl RoomsOfCustomer for ServiceClient {
    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
        let path = PATH.replace("{customer_id}", &customer.to_string());
        Ok(self.get(&path).await?.unwrap_or_default())
    }
}
