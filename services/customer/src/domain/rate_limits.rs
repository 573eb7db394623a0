//! How often something may be done (decisions 26, 30, 38). Each limit is of one customer, one mailbox or one client.

use std::time::Duration;

use colloquy_chassis::ClientAddress;
use colloquy_contracts::CustomerId;
use colloquy_rate_limit::{Policy, RateLimit};

use super::Email;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// Mails with codes to one address in an hour (contract §3).
const MAILS: usize = 5;
/// Those of them that a client address which had one already does not get (decision 38).
const KEPT_FOR_OTHERS: usize = 2;

/// Wrong current passwords of a customer, so that a stolen session does not find out the password.
#[must_use]
pub fn guesses_of(customer: CustomerId) -> RateLimit {
    limit("guesses", &customer.0.to_string(), 10, 15 * MINUTE)
}

/// Searches of a customer for phone numbers.
#[must_use]
pub fn phone_searches_of(customer: CustomerId, per_day: u32) -> RateLimit {
    limit(
        "phone searches",
        &customer.0.to_string(),
        count(per_day),
        DAY,
    )
}

/// Changes of a customer's own mail address or number: the answer shows which ones others have.
#[must_use]
pub fn changes_of(customer: CustomerId) -> RateLimit {
    limit("changes", &customer.0.to_string(), 30, HOUR)
}

/// The time between two mails with codes to a mailbox (contract §3), whether it belongs to an account or not.
#[must_use]
pub fn pause_between_mails_to(email: &Email) -> RateLimit {
    limit("pause between mails", &email.key(), 1, MINUTE)
}

/// The same pause for a mail that is sent in any case: it is counted and never refused.
#[must_use]
pub fn pause_after_mail_to(email: &Email) -> RateLimit {
    limit("pause between mails", &email.key(), usize::MAX, MINUTE)
}

/// Mails with codes to a mailbox: all of them for a client address that had none in this hour, and fewer for others.
#[must_use]
pub fn mails_to(email: &Email, is_first: bool) -> RateLimit {
    let kept = if is_first { 0 } else { KEPT_FOR_OTHERS };
    limit("mails", &email.key(), MAILS - kept, HOUR)
}

/// The first mail of an hour to a mailbox that a client address asks for.
#[must_use]
pub fn first_mail_to(email: &Email, client: ClientAddress) -> RateLimit {
    let whose = format!("{}\0{}", email.key(), client.network());
    limit("first mail", &whose, 1, HOUR)
}

/// Wrong codes for a mailbox, of all requesters together (decision 38), whether it belongs to an account or not.
#[must_use]
pub fn wrong_codes_for(email: &Email) -> RateLimit {
    limit("wrong codes", &email.key(), 50, DAY)
}

/// Codes that a client tries, whatever the mailbox.
#[must_use]
pub fn confirms_from(client: ClientAddress, per_hour: u32) -> RateLimit {
    limit(
        "confirms",
        &client.network().to_string(),
        count(per_hour),
        HOUR,
    )
}

/// Codes that a client asks for, whatever the mailbox.
#[must_use]
pub fn code_requests_from(client: ClientAddress, per_hour: u32) -> RateLimit {
    limit(
        "code requests",
        &client.network().to_string(),
        count(per_hour),
        HOUR,
    )
}

/// Accounts that a client makes or tries to make.
#[must_use]
pub fn sign_ups_from(client: ClientAddress, per_hour: u32) -> RateLimit {
    limit(
        "sign-ups",
        &client.network().to_string(),
        count(per_hour),
        HOUR,
    )
}

fn limit(purpose: &str, whose: &str, uses: usize, seconds: u64) -> RateLimit {
    let within = Duration::from_secs(seconds);
    RateLimit::new(&[purpose, whose], Policy::SlidingWindow { uses, within })
}

fn count(uses: u32) -> usize {
    uses.try_into().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_26_a_client_is_its_ipv4_address_or_its_ipv6_network() {
        let client = |address: &str| ClientAddress::Known(address.parse().unwrap());
        let of = |address: &str| sign_ups_from(client(address), 30);
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(
            of("192.0.2.1").key,
            code_requests_from(client("192.0.2.1"), 30).key
        );
    }
}
