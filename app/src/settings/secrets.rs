//! No service starts with the secret of an example (reliability.md S25).

use super::{Settings, SettingsError};

/// Passwords of examples, in lower case.
const EXAMPLES: [&str; 12] = [
    "password",
    "passwort",
    "passw0rd",
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "example",
    "default",
    "admin",
    "postgres",
    "123456",
];

impl Settings {
    /// Refuses the secrets of examples. An all-in-one system has none: it makes its keys itself and needs no password.
    ///
    /// # Errors
    /// A setting holds such a secret.
    pub fn refuse_example_secrets(&self) -> Result<(), SettingsError> {
        for (setting, password) in self.passwords() {
            if EXAMPLES.contains(&password.trim().to_ascii_lowercase().as_str()) {
                return Err(SettingsError::Bad(format!(
                    "{setting} contains a well-known example password; choose another"
                )));
            }
        }
        Ok(())
    }

    /// Every password of the settings that is not empty, with the setting that it is in.
    pub fn passwords(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let urls = [
            ("accounts.url", &self.accounts.url),
            ("sessions.url", &self.sessions.url),
            ("expiring_store.url", &self.expiring_store.url),
            ("mail.url", &self.mail.url),
            ("write_store.url", &self.write_store.url),
            ("view_store.url", &self.view_store.url),
        ];
        let in_urls = urls.map(|(setting, url)| (setting, password(url).unwrap_or_default()));
        let all = in_urls.into_iter();
        let all = all.chain([
            ("mail.password", self.mail.password.as_str()),
            ("event_log.password", self.event_log.password.reveal()),
        ]);
        all.filter(|(_, password)| !password.is_empty())
    }
}

/// The password of `scheme://user:password@host…`.
fn password(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let (credentials, _) = rest.split(['/', '?']).next()?.rsplit_once('@')?;
    Some(credentials.split_once(':')?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s25_a_password_is_what_stands_between_colon_and_at() {
        assert_eq!(
            password("postgres://app:s3:cr@t@host:5432/db"),
            Some("s3:cr@t")
        );
        assert_eq!(password("redis://:word@host"), Some("word"));
        assert_eq!(password("postgres://app@host/db"), None);
        assert_eq!(password("mongodb://host:27017"), None);
    }
}
