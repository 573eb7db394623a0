//! Where the mails of a system arrive, wherever that is.

use std::{path::PathBuf, time::SystemTime};

use anyhow::{Context as _, Result, ensure};
use mail_parser::MessageParser;
use serde::Deserialize;

use super::eventually;
use crate::client::Client;

/// The mails of a system.
#[derive(Clone, Debug)]
pub enum Mailbox {
    /// Shown by the system at this address itself.
    Page(String),
    /// Caught by the Mailpit at this address.
    Mailpit(String),
    /// Files in a Maildir, left there by a mail server.
    Maildir(PathBuf),
}

/// A mail that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Received {
    /// Every recipient, as the header says.
    pub to: String,
    /// The subject, decoded.
    pub subject: String,
    /// The plain text, decoded.
    pub body: String,
}

impl Received {
    /// The six digits in it that stand alone.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.body
            .split(|character: char| !character.is_ascii_digit())
            .find(|digits| digits.len() == 6)
    }
}

impl Mailbox {
    /// The mails to an address so far, the oldest first.
    ///
    /// # Errors
    /// They cannot be read.
    pub async fn mails_to(&self, address: &str) -> Result<Vec<Received>> {
        let mut mails = match self {
            Self::Page(url) => shown(url).await?,
            Self::Mailpit(url) => caught(url).await?,
            Self::Maildir(folder) => kept(folder)?,
        };
        mails.retain(|mail| mail.to.to_lowercase().contains(&address.to_lowercase()));
        Ok(mails)
    }

    /// The code in the n-th mail to an address (the first is 1), once it is there.
    ///
    /// # Errors
    /// It does not come, or has no code.
    pub async fn code_in(&self, nth: usize, address: &str) -> Result<String> {
        let awaited = format!("mail {nth} to a customer");
        let mail = eventually(&awaited, || async {
            Ok(self.mails_to(address).await?.into_iter().nth(nth - 1))
        });
        let mail = mail.await?;
        let code = mail.code().context("a mail without a code")?;
        Ok(code.to_owned())
    }
}

async fn shown(url: &str) -> Result<Vec<Received>> {
    let answer = Client::new(url)?.get("/dev/mail/messages").await?;
    ensure!(answer.status == 200, "{answer:?}");
    let mut mails = Vec::<Received>::deserialize(answer.data())?;
    // The page shows the newest first.
    mails.reverse();
    Ok(mails)
}

#[derive(Deserialize)]
struct Caught {
    messages: Vec<Summary>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    #[serde(rename = "ID")]
    id: String,
    to: Vec<Recipient>,
    subject: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Recipient {
    address: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    text: String,
}

async fn caught(url: &str) -> Result<Vec<Received>> {
    let list: Caught = reqwest::get(format!("{url}/api/v1/messages?limit=1000"))
        .await?
        .json()
        .await?;
    let mut mails = Vec::new();
    // The list shows the newest first.
    for mail in list.messages.into_iter().rev() {
        let Text { text } = reqwest::get(format!("{url}/api/v1/message/{}", mail.id))
            .await?
            .json()
            .await?;
        let to: Vec<_> = mail.to.into_iter().map(|to| to.address).collect();
        mails.push(Received {
            to: to.join(", "),
            subject: mail.subject,
            body: text,
        });
    }
    Ok(mails)
}

fn kept(folder: &std::path::Path) -> Result<Vec<Received>> {
    let mut mails: Vec<(SystemTime, Received)> = Vec::new();
    let folder = folder.join("new");
    if !folder.exists() {
        return Ok(Vec::new());
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let arrived = entry.metadata()?.modified()?;
        mails.push((arrived, parse(&std::fs::read(entry.path())?)?));
    }
    mails.sort_by_key(|(arrived, _)| *arrived);
    Ok(mails.into_iter().map(|(_, mail)| mail).collect())
}

fn parse(bytes: &[u8]) -> Result<Received> {
    let mail = MessageParser::default()
        .parse(bytes)
        .context("a file that is no mail")?;
    let to = mail.to().map(|to| {
        to.iter()
            .filter_map(|address| address.address())
            .collect::<Vec<_>>()
            .join(", ")
    });
    Ok(Received {
        to: to.unwrap_or_default(),
        subject: mail.subject().unwrap_or_default().to_owned(),
        body: mail.body_text(0).unwrap_or_default().into_owned(),
    })
}
