//! `POST /customer/forgetPass/*`: a forgotten password is reset by mail.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::{Context as _, Result};
use colloquy_e2e::{
    client::{Answer, Browser, Client, NewAccount},
    harness::System,
};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::scene::{Scene, assert_refused, scene};

const INITIATE: &str = "/customer/forgetPass/initiate";
const RESEND: &str = "/customer/forgetPass/resend";
const CONFIRM: &str = "/customer/forgetPass/confirm";
const RESET: &str = "/customer/forgetPass/reset";
const NEW: &str = "another battery staple";

/// A customer that forgot the password, and what they call from.
struct Forgetful {
    account: NewAccount,
    /// A session from before.
    session: Client,
    browser: Browser,
}

async fn forgetful(scene: &Scene) -> Result<Forgetful> {
    let newcomer = scene.newcomer("Who Forgets").await?;
    let browser = Browser::at_home(scene.url)?;
    Ok(Forgetful {
        account: newcomer.account,
        session: newcomer.client,
        browser,
    })
}

impl Forgetful {
    async fn ask(&self, path: &str) -> Result<Answer> {
        let body = json!({"email": self.account.email});
        Ok(self.browser.post(path, &body).await?)
    }

    async fn code(&self, nth: usize) -> Result<String> {
        let mailbox = System::shared().await?.mailbox();
        mailbox.code_in(nth, &self.account.email).await
    }

    async fn confirm(&self, code: &str) -> Result<Answer> {
        let body = json!({"email": self.account.email, "otpCode": code});
        Ok(self.browser.post(CONFIRM, &body).await?)
    }

    async fn reset(&self, more: &Value) -> Result<Answer> {
        Ok(self.browser.post(RESET, &self.new_password(more)).await?)
    }

    fn new_password(&self, more: &Value) -> Value {
        let mut body = json!({"email": self.account.email, "newPassword": NEW});
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    }

    /// As far as the ticket.
    async fn ticket(&self) -> Result<String> {
        assert_done(&self.ask(INITIATE).await?, "initiate");
        let confirmed = self.confirm(&self.code(1).await?).await?;
        assert_done(&confirmed, "confirm");
        let ticket = confirmed.data()["resetTicket"].as_str();
        Ok(ticket.context("a ticket")?.to_owned())
    }

    async fn can_log_in(&self, scene: &Scene, password: &str) -> Result<bool> {
        let login = scene
            .anonymous()?
            .login(&self.account.username, password)
            .await;
        Ok(login.is_ok())
    }
}

#[track_caller]
fn assert_done(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 200, "{what}: {answer:?}");
    assert_eq!(answer.body["success"], true, "{what}: {answer:?}");
}

#[tokio::test]
async fn contract_customer_forget_pass_a_browser_that_keeps_cookies_resets_by_mail() -> Result<()> {
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    let ticket = who.ticket().await?;
    assert!(ticket.len() >= 22, "128 bits take 22 characters of base64");
    assert_done(&who.reset(&json!({})).await?, "reset by the cookie");
    assert!(who.can_log_in(&scene, NEW).await?);
    assert!(!who.can_log_in(&scene, &who.account.password).await?);
    let again = who.reset(&json!({"resetTicket": ticket})).await?;
    assert_refused(&again, 400, "a ticket is used once");
    Ok(())
}

#[tokio::test]
async fn contract_customer_forget_pass_a_page_of_another_origin_resets_without_credentials()
-> Result<()> {
    let scene = scene().await?;
    let mut who = forgetful(&scene).await?;
    who.browser = Browser::across(scene.url)?;
    who.ticket().await?;
    for (address, agent) in [
        (
            Ipv4Addr::new(127, 0, 0, 2),
            "Mozilla/5.0 (X11; Linux x86_64) a browser of the tests",
        ),
        (Ipv4Addr::LOCALHOST, "another browser"),
    ] {
        let stranger = Browser::across_from(scene.url, address, agent)?;
        let answer = stranger.post(RESET, &who.new_password(&json!({}))).await?;
        assert_refused(&answer, 400, &format!("{agent} on {address}"));
    }
    assert_done(
        &who.reset(&json!({})).await?,
        "reset by the client that confirmed",
    );
    assert!(who.can_log_in(&scene, NEW).await?);
    assert_refused(&who.reset(&json!({})).await?, 400, "decision 28: once");
    Ok(())
}

#[tokio::test]
async fn s07_a_confirmation_is_bound_to_its_ticket_and_a_wrong_one_does_not_use_it_up() -> Result<()>
{
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    let ticket = who.ticket().await?;
    let stranger = Browser::across_from(scene.url, Ipv4Addr::new(127, 0, 0, 3), "a stranger")?;
    for wrong in ["", "x", &ticket[1..], &format!("{ticket}x")] {
        let body = who.new_password(&json!({"resetTicket": wrong}));
        assert_refused(&stranger.post(RESET, &body).await?, 400, wrong);
    }
    let other = who.new_password(&json!({"resetTicket": ticket, "email": "nobody@example.com"}));
    assert_refused(&stranger.post(RESET, &other).await?, 400, "another address");
    let weak = who.new_password(&json!({"resetTicket": ticket, "newPassword": "1234567"}));
    assert_refused(&stranger.post(RESET, &weak).await?, 400, "a weak password");
    let body = who.new_password(&json!({"resetTicket": ticket}));
    assert_done(&stranger.post(RESET, &body).await?, "the ticket itself");
    assert!(who.can_log_in(&scene, NEW).await?);
    Ok(())
}

#[tokio::test]
async fn s07_a_reset_ends_every_session_at_once_and_its_sockets_within_two_seconds() -> Result<()> {
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    let mut socket = scene.socket(&who.session).await?;
    who.ticket().await?;
    assert_done(&who.reset(&json!({})).await?, "reset");
    let reset = Instant::now();
    for _ in 0..20 {
        assert_refused(&who.session.get("/query/rooms").await?, 401, "replay");
    }
    let (error, _) = socket.expect_error().await?;
    assert_eq!(error.header("message"), Some("session ended"));
    assert!(reset.elapsed() <= Duration::from_secs(2));
    Ok(())
}

/// Of a known address and of strangers.
#[tokio::test]
async fn b08_a_reset_by_mail_ends_the_wait_of_an_account() -> Result<()> {
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    let stranger = Browser::across_from(scene.url, Ipv4Addr::new(127, 0, 0, 6), "a stranger")?;
    let login = |password: &str| json!({"username": who.account.username, "password": password});
    let mut locked = 0;
    for client in [&who.browser, &stranger] {
        for _ in 0..100 {
            let answer = client
                .post("/auth/login", &login("a wrong password"))
                .await?;
            if answer.status == 429 {
                locked += 1;
                break;
            }
        }
    }
    assert_eq!(locked, 2, "both have to wait");
    who.ticket().await?;
    assert_done(&who.reset(&json!({})).await?, "reset");
    for client in [&who.browser, &stranger] {
        let answer = client.post("/auth/login", &login(NEW)).await?;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn contract_customer_forget_pass_resend_within_a_minute_leaves_the_earlier_code_valid()
-> Result<()> {
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    let initiated = who.ask(INITIATE).await?;
    assert_done(&initiated, "initiate");
    let code = who.code(1).await?;
    for path in [RESEND, RESEND, INITIATE] {
        let answer = who.ask(path).await?;
        assert_eq!(answer.status, initiated.status, "{path}");
    }
    // Requests are carried out in their order: once a later one has its mail, these have had their turn.
    let later = forgetful(&scene).await?;
    assert_done(&later.ask(INITIATE).await?, "initiate");
    later.code(1).await?;
    let mails = System::shared().await?.mailbox();
    let mails = mails.mails_to(&who.account.email).await?;
    assert_eq!(mails.len(), 1, "one mail a minute");
    assert!(!mails[0].subject.is_empty() && !mails[0].subject.contains(&code));
    assert_done(&who.confirm(&code).await?, "the code already sent");
    Ok(())
}

#[tokio::test]
async fn s06_of_a_hundred_confirmations_of_one_code_at_once_one_succeeds() -> Result<()> {
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    assert_done(&who.ask(INITIATE).await?, "initiate");
    let code = who.code(1).await?;
    let tries = (0..100).map(|_| who.confirm(&code));
    let answers = futures_util::future::join_all(tries).await;
    let mut successes = 0;
    for answer in answers {
        let answer = answer?;
        match answer.status {
            200 => successes += 1,
            _ => assert_refused(&answer, 400, "a code is used once"),
        }
    }
    assert_eq!(successes, 1);
    Ok(())
}

#[tokio::test]
async fn s06_five_wrong_codes_of_a_requester_end_its_tries() -> Result<()> {
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    assert_done(&who.ask(INITIATE).await?, "initiate");
    let code = who.code(1).await?;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_refused(&who.confirm(wrong).await?, 400, "a wrong code");
    }
    assert_refused(&who.confirm(&code).await?, 400, "the right code, too late");
    Ok(())
}

/// By the address, and by the cookie where they share one (decision 38).
#[tokio::test]
async fn b09_five_wrong_codes_of_a_stranger_leave_the_owner_its_code() -> Result<()> {
    let scene = scene().await?;
    for address in [Ipv4Addr::new(127, 0, 0, 4), Ipv4Addr::LOCALHOST] {
        let who = forgetful(&scene).await?;
        assert_done(&who.ask(INITIATE).await?, "initiate");
        let code = who.code(1).await?;
        let stranger = Browser::across_from(scene.url, address, "a stranger")?;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for code in [wrong, wrong, wrong, wrong, wrong, &code] {
            let body = json!({"email": who.account.email, "otpCode": code});
            let answer = stranger.post(CONFIRM, &body).await?;
            assert_refused(&answer, 400, &format!("a stranger on {address}"));
        }
        assert_done(&who.confirm(&code).await?, "the owner's code");
    }
    Ok(())
}

/// Three mails, each code burnt; two are kept for others.
#[tokio::test]
async fn b09_a_stranger_does_not_use_up_the_owners_mails() -> Result<()> {
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    let stranger = Browser::across_from(scene.url, Ipv4Addr::new(127, 0, 0, 5), "a stranger")?;
    let email = &who.account.email;
    for nth in 1..=3 {
        let body = json!({"email": email});
        assert_done(&stranger.post(INITIATE, &body).await?, "a stranger asks");
        let code = who.code(nth).await?;
        let wrong = if code == "000000" { "000001" } else { "000000" };
        for _ in 0..5 {
            let body = json!({"email": email, "otpCode": wrong});
            assert_refused(&stranger.post(CONFIRM, &body).await?, 400, "a wrong code");
        }
    }
    assert_done(
        &stranger.post(INITIATE, &json!({"email": email})).await?,
        "in vain",
    );
    let code = who.code(3).await?;
    assert_done(
        &who.confirm(&code).await?,
        "the stranger's code is the owner's",
    );
    assert_done(&who.ask(INITIATE).await?, "the owner asks");
    let code = who.code(4).await?;
    assert_done(&who.confirm(&code).await?, "the owner's own code");
    let mails = System::shared().await?.mailbox();
    assert_eq!(mails.mails_to(email).await?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn b10_a_code_that_was_used_or_burnt_is_followed_by_a_new_one_at_once() -> Result<()> {
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    let ticket = who.ticket().await?;
    assert_done(&who.reset(&json!({"resetTicket": ticket})).await?, "reset");
    assert_done(&who.ask(INITIATE).await?, "again after a reset");
    let code = who.code(2).await?;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert_refused(&who.confirm(wrong).await?, 400, "a wrong code");
    }
    assert_refused(&who.confirm(&code).await?, 400, "too late");
    assert_done(&who.ask(INITIATE).await?, "again after five wrong codes");
    let code = who.code(3).await?;
    assert_done(&who.confirm(&code).await?, "the new code");
    Ok(())
}

#[tokio::test]
async fn b16_a_code_is_confirmed_however_it_was_pasted() -> Result<()> {
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    assert_done(&who.ask(INITIATE).await?, "initiate");
    let code = who.code(1).await?;
    let full_width = code[3..].chars().filter_map(|digit| {
        let value = digit.to_digit(10)?;
        char::from_u32(0xff10 + value)
    });
    let pasted = format!("  {} {}\n", &code[..3], full_width.collect::<String>());
    assert_done(&who.confirm(&pasted).await?, &pasted);
    Ok(())
}

#[tokio::test]
async fn contract_customer_forget_pass_confirm_400_for_what_was_never_asked_or_is_no_code()
-> Result<()> {
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    for code in ["000000", "", "12345", "1234567", "abcdef", "１２３４５６"] {
        assert_refused(&who.confirm(code).await?, 400, code);
    }
    assert_refused(&who.reset(&json!({})).await?, 400, "never confirmed");
    for (path, body) in [
        (CONFIRM, json!({"email": who.account.email})),
        (CONFIRM, json!({"otpCode": "123456"})),
        (
            CONFIRM,
            json!({"email": who.account.email, "otpCode": 123_456}),
        ),
        (RESET, json!({"email": who.account.email})),
        (RESET, json!({"newPassword": NEW})),
        (INITIATE, json!({})),
        (INITIATE, json!({"email": ""})),
        (INITIATE, json!({"email": "no address"})),
        (INITIATE, json!({"email": "a@b.c\r\nBcc: d@e.f"})),
        (RESEND, json!({"email": 7})),
    ] {
        let answer = who.browser.post(path, &body).await?;
        assert_refused(&answer, 400, &format!("{path} {body}"));
    }
    Ok(())
}

#[tokio::test]
async fn s05_initiate_and_resend_say_the_same_of_known_and_unknown_addresses() -> Result<()> {
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    for path in [INITIATE, RESEND] {
        let known = who.ask(path).await?;
        let body = json!({"email": NewAccount::called("Nobody").email});
        let unknown = who.browser.post(path, &body).await?;
        assert_done(&known, path);
        assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
        let names = |answer: &Answer| {
            let mut names: Vec<_> = answer.headers.keys().cloned().collect();
            names.sort_by(|one, other| one.as_str().cmp(other.as_str()));
            names
        };
        assert_eq!(names(&known), names(&unknown), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn s31_the_mail_goes_to_the_address_of_the_account_alone() -> Result<()> {
    let scene = scene().await?;
    let who = forgetful(&scene).await?;
    let shouted = json!({"email": who.account.email.to_uppercase()});
    assert_done(&who.browser.post(INITIATE, &shouted).await?, "initiate");
    who.code(1).await?;
    let mails = System::shared().await?.mailbox();
    let mails = mails.mails_to(&who.account.email).await?;
    assert_eq!(mails.len(), 1);
    let (to, kept) = (&mails[0].to, &who.account.email);
    assert!(to.eq_ignore_ascii_case(kept), "{to} for {kept}");
    Ok(())
}
