//! The JWT that customers hold (contract §3 auth), and the cookie that carries it.

use colloquy_contracts::SessionNumber;
use serde::{Deserialize, Serialize};

/// The cookie, and the CONNECT header, that carry the token.
pub const JWT_TOKEN: &str = "jwt_token";
/// The `iss` claim.
pub const ISSUER: &str = "colloquy";
/// The `aud` claim.
pub const AUDIENCE: &str = "colloquy-clients";
/// How long a token lives.
pub const LIFETIME_SECONDS: i64 = 24 * 60 * 60;
/// The `Set-Cookie` that takes the cookie away again.
pub const CLEARED_COOKIE: &str = "jwt_token=; HttpOnly; Path=/; Max-Age=0; SameSite=Lax";

/// The claims of a session token. `customer_id` is a string, as clients of the seed's system expect.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// The username.
    pub sub: String,
    /// The customer id as text.
    pub customer_id: String,
    /// The full name when the token was made.
    pub full_name: String,
    /// Always `["ROLE_USER"]` so far.
    pub roles: Vec<String>,
    /// Seconds since the epoch.
    pub iat: i64,
    /// The session's number; tokens of before sessions were numbered have none, and end at the first password change.
    #[serde(default)]
    pub session_number: SessionNumber,
    /// Seconds since the epoch; from this second on the token is refused.
    pub exp: i64,
    /// The session: a [`SessionId`](crate::identity::SessionId).
    pub jti: String,
    /// [`ISSUER`].
    pub iss: String,
    /// [`AUDIENCE`].
    pub aud: String,
}
