//! The shape of every HTTP answer (contract §2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `{"success": bool, "message": string, "data": any|null}`; errors included, with `data` null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(description = "An answer.")]
pub struct Envelope<T> {
    /// Whether the call did what it was asked.
    pub success: bool,
    /// One sentence for a person. Never carries SQL, a stack, a host name or a secret.
    pub message: String,
    /// What was asked for, or null.
    #[schema(value_type = T, required = true)]
    pub data: Option<T>,
}

impl<T> Envelope<T> {
    /// An answer that did what it was asked.
    pub fn success(message: impl Into<String>, data: T) -> Self {
        Self {
            success: true,
            message: message.into(),
            data: Some(data),
        }
    }

    /// An error: no data, and a sentence for a person.
    pub fn failure(message: impl Into<String>) -> Self {
        Self {
            success: false,
            message: message.into(),
            data: None,
        }
    }
}

/// The shape of the two `/auth/*` answers, errors included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuthAnswer {
    /// What happened, in a few fixed words.
    pub message: String,
    /// One sentence for a person.
    pub details: String,
}
