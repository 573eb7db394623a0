//! The row that both adapters read and write.

use colloquy_contracts::{CustomerId, SessionNumber};
use colloquy_service_api::session_ending::{EndSessions, ResetByMail};

use super::{Customer, EndingId, PasswordChange};
use crate::password::PasswordHash;

/// One row of `customers`.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) customer_id: i64,
    username: String,
    password: String,
    full_name: String,
    email: String,
    phone_number: Option<String>,
    avatar_color: String,
    roles: String,
    session_number: i64,
}

impl Row {
    pub(super) fn into_customer(self) -> Customer {
        self.into_parts().0
    }

    pub(super) fn into_parts(self) -> (Customer, PasswordHash) {
        let customer = Customer {
            customer_id: CustomerId(self.customer_id),
            username: self.username,
            full_name: self.full_name,
            email: self.email,
            phone_number: self.phone_number,
            avatar_color: self.avatar_color,
            roles: self.roles.split(',').map(str::to_owned).collect(),
            session_number: SessionNumber(self.session_number),
        };
        (customer, PasswordHash::new(self.password))
    }
}

/// Roles as the column holds them.
pub(super) fn roles_column(roles: &[String]) -> String {
    roles.join(",")
}

/// A row from before there was this version of what is derived.
#[derive(sqlx::FromRow)]
pub(super) struct Underived {
    pub(super) customer_id: i64,
    pub(super) username: String,
    pub(super) full_name: String,
    pub(super) email: String,
}

/// One row of `session_endings`.
#[derive(sqlx::FromRow)]
pub(super) struct EndingRow {
    ending_id: i64,
    customer_id: i64,
    except_session: Option<String>,
    ended_before: i64,
    reset_name: Option<String>,
    reset_from: Option<String>,
}

/// The address of a reset by mail as the column holds it.
pub(super) fn reset_from_column(change: &PasswordChange) -> Option<String> {
    let client = change.reset.as_ref()?.client?;
    Some(client.to_string())
}

impl EndingRow {
    pub(super) fn into_ending(self) -> (EndingId, EndSessions) {
        let ending = EndSessions {
            customer_id: CustomerId(self.customer_id),
            before: SessionNumber(self.ended_before),
            // What is no session id is no session: then all of them end.
            except: self.except_session.and_then(|session| session.parse().ok()),
            reset: self.reset_name.map(|username| ResetByMail {
                username,
                client: self.reset_from.and_then(|client| client.parse().ok()),
            }),
        };
        (EndingId(self.ending_id), ending)
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{Context, SHA256};
    use colloquy_text::{mail_key, username_key, username_reading};

    use crate::{customer_store::DERIVED_VERSION, domain::fold};

    /// When this fails, the rules or the tables of Unicode have changed: raise the version and pin what is derived now.
    #[test]
    fn b14_what_is_derived_changes_with_its_version_alone() {
        let mut context = Context::new(&SHA256);
        for character in '\0'..=char::MAX {
            let text = format!("a{character}i@{character}b.example");
            for derived in [
                username_key(&text),
                username_reading(&text),
                fold(&text),
                mail_key(&text),
            ] {
                context.update(derived.as_bytes());
            }
        }
        let digest = context.finish();
        let digits: String = digest.as_ref()[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!((DERIVED_VERSION, digits.as_str()), (2, "743c09d3d93b33ee"));
    }
}
