//! A folder on this machine, for a first try without a mail server (decision 27).
//!
//! A mail is two files: `….eml` for mail programs, and `….json` for [`crate::dev_mail`] and for tests. Only the newest
//! are kept.

use std::{
    io,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use colloquy_contracts::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{fs, io::AsyncWriteExt as _};

use super::{MailTransport, TransportError};
use crate::Letter;

/// The most mails in the folder; the oldest make room for new ones.
pub const KEPT: usize = 500;
/// The extension of a file that is not whole yet.
const UNFINISHED: &str = "tmp";

/// Keeps mails in a folder. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FolderTransport(PathBuf);

/// A mail in the folder.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptMail {
    /// The address of the recipient.
    pub to: String,
    /// The subject, which is one line.
    pub subject: String,
    /// The text, without markup.
    pub body: String,
    /// When the mail was stored here.
    pub sent_at: Timestamp,
}

impl std::fmt::Debug for KeptMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptMail(redacted)")
    }
}

impl FolderTransport {
    /// A transport to this folder, which is made, for its owner alone, if it is not there.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub async fn open(folder: &Path) -> io::Result<Self> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder).await?;
        Ok(Self(folder.to_owned()))
    }

    /// The mails that are kept, the newest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub async fn newest(&self) -> io::Result<Vec<KeptMail>> {
        let mut mails = Vec::new();
        for name in self.names().await?.iter().rev() {
            if name.ends_with(".json") {
                match fs::read(self.0.join(name)).await {
                    Ok(text) => mails.push(serde_json::from_slice(&text)?),
                    // The mail has just made room for another.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
        mails.truncate(KEPT);
        Ok(mails)
    }

    async fn keep(&self, letter: &Letter) -> io::Result<()> {
        let Letter {
            mail, written_at, ..
        } = letter;
        let kept = serde_json::to_vec(&KeptMail {
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            body: mail.body.clone(),
            sent_at: *written_at,
        })?;
        // Names sort by time, also when a clock that was ahead has been set right.
        let names = self.names().await?;
        let newest = names.last().and_then(|name| name.split('-').next());
        let after = newest.and_then(|millis| millis.parse::<i64>().ok());
        let at = written_at.millis().max(after.map_or(0, |after| after + 1));
        let stem = format!("{at:015}-{}", mail.id);
        let message = letter.message.formatted();
        self.write(&stem, "eml", &message).await?;
        self.write(&stem, "json", &kept).await?;
        self.make_room().await
    }

    /// The file is there as a whole, for its owner alone, or not at all.
    async fn write(&self, stem: &str, kind: &str, content: &[u8]) -> io::Result<()> {
        let unfinished = self.0.join(format!("{stem}.{kind}.{UNFINISHED}"));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&unfinished).await?;
        file.write_all(content).await?;
        file.sync_all().await?;
        fs::rename(&unfinished, self.0.join(format!("{stem}.{kind}"))).await
    }

    /// Removes what is older than the newest [`KEPT`] mails, unfinished files among them.
    async fn make_room(&self) -> io::Result<()> {
        let names = self.names().await?;
        let mut mails = names.iter().rev().filter(|name| name.ends_with(".json"));
        let Some(oldest) = mails.nth(KEPT - 1).and_then(|name| name.split('.').next()) else {
            return Ok(());
        };
        for name in names.iter().take_while(|name| name.as_str() < oldest) {
            match fs::remove_file(self.0.join(name)).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The files of mails, the oldest first.
    async fn names(&self) -> io::Result<Vec<String>> {
        let (mut names, mut folder) = (Vec::new(), fs::read_dir(&self.0).await?);
        while let Some(entry) = folder.next_entry().await? {
            let name = entry.file_name().into_string().ok();
            names.extend(name.filter(|name| {
                let kind = name.rsplit_once('.').map(|(_, kind)| kind);
                matches!(kind, Some("eml" | "json" | UNFINISHED))
            }));
        }
        names.sort_unstable();
        Ok(names)
    }
}

#[async_trait]
impl MailTransport for FolderTransport {
    async fn deliver(&self, letter: &Letter) -> Result<(), TransportError> {
        self.keep(letter).await.map_err(|error| {
            TransportError::NotNow(format!("the folder cannot be written: {}", error.kind()))
        })
    }
}
