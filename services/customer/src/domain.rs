//! The rules of accounts, without any store: a value of these types keeps its rule.

mod avatar_color;
mod broken_rule;
mod email;
mod fold;
mod full_name;
mod password_rule;
mod phone_number;
pub mod rate_limits;
mod search;
mod search_limits;
mod username;

pub(crate) use email::MAX as MAX_EMAIL;
pub(crate) use full_name::MAX as MAX_FULL_NAME;
pub(crate) use phone_number::DIGITS as PHONE_NUMBER_DIGITS;
pub(crate) use search::MAX_NAME as MAX_SEARCH;
pub(crate) use username::LENGTH as USERNAME_LENGTH;

pub use avatar_color::AvatarColor;
pub use broken_rule::BrokenRule;
pub use email::Email;
pub use fold::fold;
pub use full_name::FullName;
pub use password_rule::{PasswordError, PasswordRule};
pub use phone_number::{PhoneNumber, masked};
pub use search::{NameSearch, PhoneSearch};
pub use search_limits::SearchLimits;
pub use username::Username;
