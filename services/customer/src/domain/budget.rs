//! How often something may be done (decisions 26, 30): what a budget is for, and when it is spent.

use aws_lc_rs::digest;
use colloquy_chassis::{ClientAddress, Failure, Kind};
use colloquy_contracts::{CustomerId, Timestamp};

use super::Email;

const HOUR: u32 = 60 * 60;
/// Wrong current passwords of one customer, so that a stolen session does not find out the password.
const GUESSES: Limit = Limit::new(10, 15 * 60);
/// Changes of one customer's mail address or number: the answer tells what others have.
const CHANGES: Limit = Limit::new(30, HOUR);
/// Between two mails with codes to one address (contract §3).
const PAUSE: Limit = Limit::new(1, 60);
/// Mails with codes to one address (contract §3).
const MAILS: Limit = Limit::new(5, HOUR);
/// Those of them that a client address which had one already does not get (decision 38).
const KEPT_FOR_OTHERS: u32 = 2;
/// Wrong codes for one account, of all requesters together (decision 38).
const WRONG_CODES: Limit = Limit::new(50, 24 * HOUR);

/// So many uses in any stretch of so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    uses: u32,
    seconds: u32,
}

/// Something of which there is only so much for one customer, one mailbox or one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    key: [u8; 32],
    limits: Vec<Limit>,
}

/// A budget is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many tries: {wait_seconds} s to wait")]
pub struct Spent {
    /// After so many seconds there is something of it again; at least one.
    pub wait_seconds: u32,
}

/// When a budget was used, oldest first, in milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses(Vec<i64>);

impl Spent {
    /// With so many milliseconds to wait.
    #[must_use]
    pub fn for_millis(millis: i64) -> Self {
        let seconds = u32::try_from((millis + 999) / 1000).unwrap_or(u32::MAX);
        Self {
            wait_seconds: seconds.max(1),
        }
    }
}

impl Limit {
    /// At most `uses` in `seconds`.
    #[must_use]
    pub const fn new(uses: u32, seconds: u32) -> Self {
        Self { uses, seconds }
    }

    const fn millis(self) -> i64 {
        self.seconds as i64 * 1000
    }
}

impl Budget {
    /// Wrong tries of a customer to tell the current password.
    #[must_use]
    pub fn guesses_of(customer: CustomerId) -> Self {
        Self::new("guesses", &customer.0.to_string(), &[GUESSES])
    }

    /// Searches of a customer for phone numbers.
    #[must_use]
    pub fn phone_searches_of(customer: CustomerId, per_day: u32) -> Self {
        let limit = Limit::new(per_day, 24 * HOUR);
        Self::new("phone searches", &customer.0.to_string(), &[limit])
    }

    /// Changes of a customer's own mail address or number.
    #[must_use]
    pub fn changes_of(customer: CustomerId) -> Self {
        Self::new("changes", &customer.0.to_string(), &[CHANGES])
    }

    /// The time between two mails with codes to a mailbox, whether it belongs to an account or not.
    #[must_use]
    pub fn pause_between_mails_to(email: &Email) -> Self {
        Self::new("pause between mails", &email.key(), &[PAUSE])
    }

    /// Mails with codes to a mailbox: all of them for a client address that had none in this hour, and fewer for others.
    #[must_use]
    pub fn mails_to(email: &Email, is_first: bool) -> Self {
        let kept = if is_first { 0 } else { KEPT_FOR_OTHERS };
        let limit = Limit::new(MAILS.uses - kept, MAILS.seconds);
        Self::new("mails", &email.key(), &[limit])
    }

    /// The first mail of an hour to a mailbox that a client address asks for.
    #[must_use]
    pub fn first_mail_to(email: &Email, client: ClientAddress) -> Self {
        let whose = format!("{}\0{}", email.key(), client.network());
        Self::new("first mail", &whose, &[Limit::new(1, HOUR)])
    }

    /// Wrong codes for a mailbox, whether it belongs to an account or not.
    #[must_use]
    pub fn wrong_codes_for(email: &Email) -> Self {
        Self::new("wrong codes", &email.key(), &[WRONG_CODES])
    }

    /// Codes that a client tries, whatever the mailbox.
    #[must_use]
    pub fn confirms_from(client: ClientAddress, per_hour: u32) -> Self {
        let limit = Limit::new(per_hour, HOUR);
        Self::new("confirms", &client.network().to_string(), &[limit])
    }

    /// Codes that a client asks for, whatever the mailbox.
    #[must_use]
    pub fn code_requests_from(client: ClientAddress, per_hour: u32) -> Self {
        let limit = Limit::new(per_hour, HOUR);
        Self::new("code requests", &client.network().to_string(), &[limit])
    }

    /// Accounts that a client makes or tries to make.
    #[must_use]
    pub fn sign_ups_from(client: ClientAddress, per_hour: u32) -> Self {
        let limit = Limit::new(per_hour, HOUR);
        Self::new("sign-ups", &client.network().to_string(), &[limit])
    }

    /// What is counted, for whom, and how much of it there is. Keys of different purposes never meet.
    #[must_use]
    pub fn new(purpose: &str, whose: &str, limits: &[Limit]) -> Self {
        let named = format!("{purpose}\0{whose}");
        let digest = digest::digest(&digest::SHA256, named.as_bytes());
        Self {
            key: digest.as_ref().try_into().expect("SHA-256 has 32 bytes"),
            limits: limits.to_vec(),
        }
    }

    /// The same budget for a use that is counted and never refused.
    #[must_use]
    pub fn unlimited(&self) -> Self {
        let limits = self.limits.iter();
        Self {
            key: self.key,
            limits: limits
                .map(|limit| Limit::new(u32::MAX, limit.seconds))
                .collect(),
        }
    }

    /// What a store keeps it under.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Takes one use, if there is one.
    ///
    /// # Errors
    /// There is none; nothing was taken.
    pub fn take(&self, uses: &mut Uses, now: Timestamp) -> Result<(), Spent> {
        let now = now.millis();
        // A clock that was set back must not keep anybody waiting for longer than a spent budget does.
        uses.0.iter_mut().for_each(|at| *at = now.min(*at));
        uses.0.retain(|at| now - *at < self.longest());
        let wait = self.limits.iter().filter_map(|limit| limit.wait(uses, now));
        if let Some(millis) = wait.max() {
            return Err(Spent::for_millis(millis));
        }
        uses.0.push(now);
        Ok(())
    }

    /// From then on nothing of it is used.
    #[must_use]
    pub fn ends_at(&self, uses: &Uses) -> i64 {
        uses.0.last().copied().unwrap_or_default() + self.longest()
    }

    fn longest(&self) -> i64 {
        let lengths = self.limits.iter().map(|limit| limit.millis());
        lengths.max().unwrap_or_default()
    }
}

impl Limit {
    /// How long until another use, unless there is one now.
    fn wait(self, uses: &Uses, now: i64) -> Option<i64> {
        let over = uses.0.len().checked_sub(self.uses as usize)?;
        let freed_by = uses.0.get(over).copied().unwrap_or(now) + self.millis();
        (freed_by > now).then_some(freed_by - now)
    }
}

impl Uses {
    /// What [`Uses::encode`] made. What is no number is dropped.
    #[must_use]
    pub fn decode(text: &str) -> Self {
        Self(
            text.split(' ')
                .filter_map(|number| number.parse().ok())
                .collect(),
        )
    }

    /// As a text, for a store.
    #[must_use]
    pub fn encode(&self) -> String {
        let numbers: Vec<String> = self.0.iter().map(i64::to_string).collect();
        numbers.join(" ")
    }

    /// Undoes the latest use.
    pub fn give_back(&mut self) {
        self.0.pop();
    }
}

impl Failure for Spent {
    fn kind(&self) -> Kind {
        Kind::TooManyRequests
    }

    fn message(&self) -> std::borrow::Cow<'static, str> {
        "Too many tries. Please wait a while.".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_700_000_000_000;

    fn budget() -> Budget {
        Budget::new("tests", "an", &[Limit::new(1, 60), Limit::new(3, 3600)])
    }

    fn take(budget: &Budget, uses: &mut Uses, second: i64) -> Result<(), u32> {
        let now = Timestamp::from_millis(START + second * 1000);
        budget
            .take(uses, now)
            .map_err(|Spent { wait_seconds }| wait_seconds)
    }

    #[test]
    fn decision_30_every_limit_of_a_budget_holds_in_any_stretch_of_time() {
        let (budget, mut uses) = (budget(), Uses::default());
        for (second, expected) in [
            (0, Ok(())),
            (0, Err(60)),
            (59, Err(1)),
            (60, Ok(())),
            (120, Ok(())),
            (180, Err(3420)),
            (3599, Err(1)),
            (3600, Ok(())),
            (3601, Err(59)),
        ] {
            assert_eq!(take(&budget, &mut uses, second), expected, "{second}");
            uses = Uses::decode(&uses.encode());
        }
        assert_eq!(budget.ends_at(&uses), START + 7_200_000);
    }

    #[test]
    fn decision_30_a_use_that_is_given_back_does_not_count() {
        let (budget, mut uses) = (budget(), Uses::default());
        for _ in 0..10 {
            assert_eq!(take(&budget, &mut uses, 0), Ok(()));
            uses.give_back();
        }
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out() {
        let (budget, mut uses) = (budget(), Uses::default());
        assert_eq!(take(&budget, &mut uses, 36_000), Ok(()));
        assert_eq!(take(&budget, &mut uses, 0), Err(60));
        assert_eq!(take(&budget, &mut uses, 60), Ok(()));
    }

    #[test]
    fn a_limit_of_nothing_grants_nothing() {
        let nothing = Budget::new("tests", "an", &[Limit::new(0, 60)]);
        assert_eq!(take(&nothing, &mut Uses::default(), 0), Err(60));
    }

    #[test]
    fn b09_two_of_the_five_mails_of_an_hour_are_kept_for_clients_that_had_none() {
        let email = Email::parse("an@example.com").unwrap();
        let mut uses = Uses::default();
        let take = |uses: &mut Uses, is_first, second| {
            take(&Budget::mails_to(&email, is_first), uses, second).is_ok()
        };
        for (second, is_first, expected) in [
            (0, true, true),
            (60, false, true),
            (120, false, true),
            (180, false, false),
            (180, true, true),
            (240, false, false),
            (240, true, true),
            (300, true, false),
            (3600, false, false),
            (3600, true, true),
            (3720, false, false),
            (3780, false, true),
        ] {
            assert_eq!(take(&mut uses, is_first, second), expected, "{second}");
        }
    }

    #[test]
    fn b10_a_use_that_is_never_refused_counts() {
        let (pause, mut uses) = (Budget::new("tests", "an", &[PAUSE]), Uses::default());
        assert_eq!(take(&pause, &mut uses, 0), Ok(()));
        assert_eq!(take(&pause.unlimited(), &mut uses, 30), Ok(()));
        assert_eq!(take(&pause, &mut uses, 60), Err(30));
        assert_eq!(take(&pause, &mut uses, 90), Ok(()));
    }

    #[test]
    fn decision_26_a_client_is_its_ipv4_address_or_its_ipv6_network() {
        let client = |address: &str| ClientAddress::Known(address.parse().unwrap());
        let of = |address: &str| Budget::sign_ups_from(client(address), 30);
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:0:0:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(
            of("192.0.2.1").key(),
            Budget::code_requests_from(client("192.0.2.1"), 30).key()
        );
    }
}
