//! Customers as answers show them (contract §3): whole to themselves, in part to others.

use colloquy_contracts::CustomerId;
use colloquy_credentials::identity::Caller;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{customer_store::Customer, domain::masked};

/// A customer as the caller may see them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ProfileView {
    /// The caller.
    Own(OwnProfile),
    /// Another customer.
    Public(PublicProfile),
}

/// `Customer` of the contract.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Customer, description = "A customer, as they see themselves.")]
pub(crate) struct OwnProfile {
    customer_id: CustomerId,
    username: String,
    full_name: String,
    email: String,
    #[schema(required = true)]
    phone_number: Option<String>,
    avatar_color: String,
}

/// What of a customer every caller may see: no mail address, and only the end of the phone number.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = OtherCustomer)]
pub(crate) struct PublicProfile {
    customer_id: CustomerId,
    username: String,
    full_name: String,
    avatar_color: String,
    #[schema(required = true)]
    phone_number: Option<String>,
}

impl ProfileView {
    pub(crate) fn of(customer: Customer, caller: &Caller) -> Self {
        if customer.customer_id == caller.customer_id {
            Self::Own(customer.into())
        } else {
            Self::Public(customer.into())
        }
    }
}

impl From<Customer> for OwnProfile {
    fn from(customer: Customer) -> Self {
        Self {
            customer_id: customer.customer_id,
            username: customer.username,
            full_name: customer.full_name,
            email: customer.email,
            phone_number: customer.phone_number,
            avatar_color: customer.avatar_color,
        }
    }
}

impl From<Customer> for PublicProfile {
    fn from(customer: Customer) -> Self {
        Self {
            customer_id: customer.customer_id,
            username: customer.username,
            full_name: customer.full_name,
            avatar_color: customer.avatar_color,
            phone_number: customer.phone_number.as_deref().map(masked),
        }
    }
}
