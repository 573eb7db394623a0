//! What the mail with a code says.

use colloquy_contracts::Timestamp;
use colloquy_service_api::{mailer::Mail, one_time_codes::IssuedCode};

/// A new code lives 300 s, of which some have passed by now: the mail still says five minutes.
const IN_TRANSIT_MILLIS: i64 = 15_000;
const MINUTE_MILLIS: i64 = 60_000;

/// Whole minutes for which a code is still valid.
pub(super) fn minutes_left(code: &IssuedCode, now: Timestamp) -> i64 {
    (code.expires_at.millis() - now.millis() + IN_TRANSIT_MILLIS) / MINUTE_MILLIS
}

/// A username may be any text, chosen by a stranger who signed up with this address: no mail of ours carries a link or a
/// sentence of theirs.
fn is_plain(username: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    username.chars().all(is_plain)
}

pub(super) fn mail_with(code: &IssuedCode, to: String, username: &str, now: Timestamp) -> Mail {
    let minutes = match minutes_left(code, now) {
        ..=1 => "one minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    };
    let login = if is_plain(username) {
        format!("You log in with your username, {username}\n\n")
    } else {
        String::new()
    };
    let body = format!(
        "Your code for a new Colloquy password is {}.\n\
         \n\
         It is valid for {minutes} and works once. Nobody at Colloquy will ever ask you for it.\n\
         \n\
         {login}If you did not ask for a code, you need not do anything: your password stays as it is.\n",
        code.otp_code.0
    );
    Mail {
        to,
        subject: "Your code for a new Colloquy password".to_owned(),
        body,
        expires_at: Some(code.expires_at),
    }
}

#[cfg(test)]
mod tests {
    use colloquy_service_api::one_time_codes::OneTimeCode;

    use super::*;

    #[test]
    fn a_username_that_is_a_link_or_a_sentence_is_not_mailed() {
        for (username, is_named) in [
            ("an_nguyen-7", true),
            ("blocked, go to https://example.com/x", false),
            ("example.com", false),
            ("Hải", false),
        ] {
            assert_eq!(is_plain(username), is_named, "{username}");
        }
    }

    #[test]
    fn contract_3_customer_a_mail_tells_the_code_how_long_it_lives_and_what_to_do_with_it_unasked()
    {
        let now = Timestamp::from_millis(1_700_000_000_000);
        for (left, written) in [
            (300_000, "5 minutes"),
            (299_000, "5 minutes"),
            (284_000, "4 minutes"),
            (120_000, "2 minutes"),
            (60_000, "one minute"),
            (1_000, "one minute"),
        ] {
            let expires_at = Timestamp::from_millis(now.millis() + left);
            let code = IssuedCode {
                otp_code: OneTimeCode("012345".to_owned()),
                status_message: String::new(),
                expires_at,
                already_issued: false,
                shared: false,
            };
            let mail = mail_with(&code, "an@example.com".to_owned(), "an_nguyen-7", now);
            assert!(mail.body.contains(" 012345."), "{}", mail.body);
            assert!(
                mail.body.contains(&format!("for {written} ")),
                "{}",
                mail.body
            );
            assert!(
                mail.body.contains("your username, an_nguyen-7\n"),
                "{}",
                mail.body
            );
            assert!(mail.body.contains("did not ask"), "{}", mail.body);
            assert!(!mail.subject.contains("012345"), "{}", mail.subject);
            assert_eq!(
                (mail.to.as_str(), mail.expires_at),
                ("an@example.com", Some(expires_at))
            );
        }
    }
}
