//! One person, one spelling (decision 37): names, addresses and passwords are the same however they are typed.

use anyhow::Result;
use colloquy_e2e::{
    client::{Client, NewAccount},
    harness::System,
};
use serde_json::json;

use super::newcomer::unique_word;
use crate::scene::{assert_refused, scene};

const SIGN_UP: &str = "/customer/create/account";

async fn log_in(client: &Client, username: &str, password: &str) -> Result<u16> {
    let body = json!({"username": username, "password": password});
    Ok(client.post("/auth/login", &body).await?.status)
}

#[tokio::test]
async fn b12_a_name_has_one_account_however_it_is_typed() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    let word = unique_word();
    for (name, spellings) in [
        (
            "Đặng.Ánh",
            &["Đa\u{323}\u{306}ng.A\u{301}nh", "đặng.ánh"][..],
        ),
        ("user1", &["ｕｓｅｒ１", "𝐮𝐬𝐞𝐫𝟏", " USER1"]),
        ("an  nguyen", &["an nguyen"]),
        ("İbrahim", &["ibrahim", "IBRAHIM"]),
        ("weiß", &["WEISS", "weiss"]),
    ] {
        let mut account = NewAccount::called("An");
        account.username = format!("{name} {word}");
        anonymous.sign_up(&account).await?;
        for spelling in spellings {
            let mut twin = NewAccount::called("Twin");
            twin.username = format!("{spelling} {}", word.to_uppercase());
            let login = log_in(&anonymous, &twin.username, &account.password).await?;
            assert_eq!(login, 200, "{spelling:?}");
            let answer = anonymous.post(SIGN_UP, &twin.body()).await?;
            assert_refused(&answer, 400, spelling);
        }
    }
    Ok(())
}

#[tokio::test]
async fn b12_a_name_that_looks_like_another_or_mixes_scripts_is_refused() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    let word = unique_word();
    let mut account = NewAccount::called("An");
    account.username = format!("user1.{word}");
    anonymous.sign_up(&account).await?;
    for lookalike in [
        format!("userl.{word}"),
        format!("userI.{word}"),
        format!("us\u{435}r1.{word}"),
        format!("us\u{200b}er1.{word}"),
        format!("us\u{378}er.{word}"),
        format!("us\u{e000}er.{word}"),
    ] {
        let mut twin = NewAccount::called("Twin");
        twin.username = lookalike;
        let what = twin.username.escape_unicode().to_string();
        assert_refused(&anonymous.post(SIGN_UP, &twin.body()).await?, 400, &what);
    }
    Ok(())
}

#[tokio::test]
async fn b12_a_password_is_the_same_however_a_keyboard_composes_it() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    let mut account = NewAccount::called("An");
    account.password = "mật\u{a0}khẩu dài".to_owned();
    anonymous.sign_up(&account).await?;
    let decomposed = "ma\u{323}\u{302}t kha\u{302}\u{309}u da\u{300}i";
    for (typed, status) in [
        (decomposed, 200),
        (account.password.as_str(), 200),
        ("mat khau dai", 401),
    ] {
        let login = log_in(&anonymous, &account.username, typed).await?;
        assert_eq!(login, status, "{typed:?}");
    }
    let client = anonymous.login(&account.username, decomposed).await?;
    let body = json!({"currentPassword": account.password, "newPassword": decomposed});
    let answer = client.post("/customer/changePass", &body).await?;
    assert_refused(&answer, 400, "the same password in another spelling");
    Ok(())
}

#[tokio::test]
async fn b13_a_mailbox_has_one_account_and_is_mailed_under_every_spelling() -> Result<()> {
    let scene = scene().await?;
    let anonymous = scene.anonymous()?;
    let word = unique_word();
    let mut account = NewAccount::called("An");
    account.email = format!("{word}@bücher.example");
    anonymous.sign_up(&account).await?;
    let ascii = format!("{word}@xn--bcher-kva.example");
    let decomposed = format!("{}@BU\u{308}CHER.example", word.to_uppercase());
    for spelling in [&ascii, &decomposed] {
        let mut twin = NewAccount::called("Twin");
        twin.email.clone_from(spelling);
        assert_refused(&anonymous.post(SIGN_UP, &twin.body()).await?, 400, spelling);
    }
    let body = json!({"email": decomposed});
    let asked = anonymous
        .post("/customer/forgetPass/initiate", &body)
        .await?;
    assert_eq!(asked.status, 200, "{asked:?}");
    // Kept mails are shown under the address as typed, sent ones under its ASCII form.
    let mailbox = System::shared().await?.mailbox();
    let code = mailbox.code_in(1, &format!("{word}@")).await?;
    let body = json!({"email": ascii, "otpCode": code});
    let confirmed = anonymous
        .post("/customer/forgetPass/confirm", &body)
        .await?;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    let body = json!({
        "email": format!(" {}", account.email),
        "newPassword": "another battery staple",
        "resetTicket": confirmed.data()["resetTicket"],
    });
    let reset = anonymous.post("/customer/forgetPass/reset", &body).await?;
    assert_eq!(reset.status, 200, "{reset:?}");
    for email in ["an@xn--a.example", "an@a_b.example", "an@\u{301}a.example"] {
        let mut never = NewAccount::called("Never mailed");
        never.email = email.to_owned();
        assert_refused(&anonymous.post(SIGN_UP, &never.body()).await?, 400, email);
    }
    Ok(())
}

#[tokio::test]
async fn b16_white_space_around_names_and_addresses_is_dropped() -> Result<()> {
    let anonymous = scene().await?.anonymous()?;
    let word = unique_word();
    let mut account = NewAccount::called("An");
    account.username = format!(" {word} ");
    account.email = format!("\u{a0}{word}@example.com\u{200b}");
    let answer = anonymous.post(SIGN_UP, &account.body()).await?;
    assert_eq!(answer.data()["username"], word, "{answer:?}");
    assert_eq!(answer.data()["email"], format!("{word}@example.com"));
    let login = log_in(&anonymous, &format!("{word} "), &account.password).await?;
    assert_eq!(login, 200);
    let client = anonymous.login(&word, &account.password).await?;
    let body = json!({"fullName": "An", "email": format!(" {word}@example.org "), "avatarColor": "#000000"});
    let changed = client.post("/customer/info", &body).await?;
    assert_eq!(
        changed.data()["email"],
        format!("{word}@example.org"),
        "{changed:?}"
    );
    let body = json!({"email": format!("{word}@example.org ")});
    let asked = anonymous
        .post("/customer/forgetPass/initiate", &body)
        .await?;
    assert_eq!(asked.status, 200, "{asked:?}");
    Ok(())
}
