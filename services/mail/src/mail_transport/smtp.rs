//! A mail server.
//!
//! Each mail has a connection of its own: mails are few, and a connection that was kept may have died meanwhile.

use std::{
    fmt, fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;
use colloquy_chassis::Secret;
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials as Login, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
    commands::Mail,
    extension::ClientId,
};
use serde::Deserialize;
use tokio::time::timeout;

use super::{MailTransport, TransportError};
use crate::Letter;

/// The limit of one delivery, from the connection to the server's yes.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);
/// The limit of the farewell.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);
/// Codes that refuse the sender, not the mail: an authentication that is missing, wrong, or needs TLS first.
const SENDER_REFUSED: [u16; 3] = [530, 535, 538];

/// A mail server, and how it is reached.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// The name or address of the server. TLS expects a certificate for it.
    pub host: String,
    /// Usually 587 with STARTTLS and 465 with TLS.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// The authorities whose signature on the certificate of the server is believed, in PEM; without it, those of this
    /// machine.
    pub ca_file: Option<PathBuf>,
    /// The login, if the server wants one.
    pub credentials: Option<Credentials>,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// The connection is plain.
    None,
    /// By TLS after a plain beginning. Without it no mail is sent.
    StartTls,
    /// By TLS from the first byte.
    Tls,
}

/// A login. Usernames are often mail addresses, so that neither half is shown.
#[derive(Clone)]
pub struct Credentials {
    /// The name of the login.
    pub username: String,
    /// The password of the login.
    pub password: Secret,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SmtpSettingsError {
    /// The password would be readable on the way to the server.
    #[error("a password is sent to another machine only over tls")]
    PasswordInTheClear,
    /// There is no certificate for such a host, or the list of authorities of this machine cannot be read.
    #[error("tls cannot be set up")]
    Tls(#[source] Error),
    /// The authorities cannot be read.
    #[error("the authorities cannot be read")]
    Authorities(#[source] io::Error),
}

/// Delivers mails to a mail server.
#[derive(Clone)]
pub struct SmtpTransport {
    host: String,
    port: u16,
    mode: TlsMode,
    tls: Option<TlsParameters>,
    login: Option<Login>,
    timeout: Duration,
}

impl SmtpTransport {
    /// A transport to this server. Nothing is connected yet.
    ///
    /// # Errors
    /// The settings cannot be used.
    pub fn new(settings: SmtpSettings) -> Result<Self, SmtpSettingsError> {
        let SmtpSettings { host, port, .. } = settings;
        if settings.credentials.is_some()
            && settings.tls == TlsMode::None
            && !is_this_machine(&host)
        {
            return Err(SmtpSettingsError::PasswordInTheClear);
        }
        let tls = match settings.tls {
            TlsMode::None => None,
            TlsMode::StartTls | TlsMode::Tls => {
                Some(tls_parameters(&host, settings.ca_file.as_deref())?)
            }
        };
        let login = settings
            .credentials
            .map(|Credentials { username, password }| {
                Login::new(username, password.reveal().to_owned())
            });
        Ok(Self {
            host,
            port,
            mode: settings.tls,
            tls,
            login,
            timeout: DELIVERY_TIMEOUT,
        })
    }

    /// The same transport, with this limit of one delivery.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Whether the server would take mails from us: connects, logs in and begins as for a mail, and sends none.
    ///
    /// # Errors
    /// It would not, for now.
    pub async fn check(&self) -> Result<(), TransportError> {
        let begun = async {
            let mut connection = self.connect().await?;
            // Some ask for TLS or a login only now. What else is said here is about a sender that is none.
            match connection.command(Mail::new(None, Vec::new())).await {
                Err(error) if is_of_sender(&error) => Err(error),
                _ => Ok(connection),
            }
        };
        let begun = timeout(self.timeout, begun).await.map_err(|_| too_slow())?;
        let mut connection = begun.map_err(|error| TransportError::NotNow(reason(&error)))?;
        let _ = timeout(QUIT_TIMEOUT, connection.quit()).await;
        Ok(())
    }

    /// A connection over which mails can be sent. A failure here says nothing about the mail.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let (tls_at_once, tls_then) = match self.mode {
            TlsMode::StartTls => (None, self.tls.clone()),
            TlsMode::None | TlsMode::Tls => (self.tls.clone(), None),
        };
        let (server, name) = ((self.host.as_str(), self.port), ClientId::default());
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, None, &name, tls_at_once, None).await?;
        if let Some(tls) = tls_then {
            connection.starttls(tls, &name).await?;
        }
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login).await?;
        }
        Ok(connection)
    }

    async fn send(&self, letter: &Letter) -> Result<AsyncSmtpConnection, TransportError> {
        let mut connection = self
            .connect()
            .await
            .map_err(|error| TransportError::NotNow(reason(&error)))?;
        let message = letter.message.formatted();
        match connection.send(letter.message.envelope(), &message).await {
            Ok(_) => Ok(connection),
            Err(error) if is_permanent_for_this_mail(&error) => {
                Err(TransportError::Refused(reason(&error)))
            }
            Err(error) => Err(TransportError::NotNow(reason(&error))),
        }
    }
}

#[async_trait]
impl MailTransport for SmtpTransport {
    async fn deliver(&self, letter: &Letter) -> Result<(), TransportError> {
        let mut connection = timeout(self.timeout, self.send(letter))
            .await
            .map_err(|_| too_slow())??;
        // The mail is the server's now, also if the farewell fails.
        let _ = timeout(QUIT_TIMEOUT, connection.quit()).await;
        Ok(())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(redacted)")
    }
}

fn tls_parameters(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, SmtpSettingsError> {
    let mut tls = TlsParameters::builder(host.to_owned());
    if let Some(file) = ca_file {
        let pem = fs::read(file).map_err(SmtpSettingsError::Authorities)?;
        let authorities = Certificate::from_pem(&pem).map_err(SmtpSettingsError::Tls)?;
        tls = tls
            .certificate_store(CertificateStore::None)
            .add_root_certificate(authorities);
    }
    tls.build().map_err(SmtpSettingsError::Tls)
}

fn too_slow() -> TransportError {
    TransportError::NotNow("the mail server took too long".to_owned())
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

fn is_permanent_for_this_mail(error: &Error) -> bool {
    error.is_permanent() && !is_of_sender(error)
}

fn is_of_sender(error: &Error) -> bool {
    let code = error.status();
    code.is_some_and(|code| SENDER_REFUSED.contains(&u16::from(code)))
}

/// The failure, without a word of the server: it may have quoted the recipient.
fn reason(error: &Error) -> String {
    match error.status() {
        Some(code) if asks_for_tls(error) => format!("the mail server asks for TLS ({code})"),
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_response() => "the mail server broke off or is none".to_owned(),
        None => error.to_string(),
    }
}

/// 530 is said of a login that is missing and of TLS that is (RFC 3207 §4, RFC 4954 §6); 538 only of TLS.
fn asks_for_tls(error: &Error) -> bool {
    match error.status().map(u16::from) {
        Some(530) => error.to_string().to_ascii_uppercase().contains("TLS"),
        code => code == Some(538),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(host: &str, tls: TlsMode) -> SmtpSettings {
        SmtpSettings {
            host: host.to_owned(),
            port: 25,
            tls,
            ca_file: None,
            credentials: Some(Credentials {
                username: "canary-name".to_owned(),
                password: "canary-word".into(),
            }),
        }
    }

    #[test]
    fn style_11_the_login_does_not_show_in_debug() {
        let shown = format!("{:?}", settings("mail.example", TlsMode::Tls));
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn a_password_leaves_this_machine_only_over_tls() {
        for host in ["mail.example", "192.0.2.1", "localhost.example"] {
            let refused = SmtpTransport::new(settings(host, TlsMode::None));
            assert!(matches!(
                refused.err(),
                Some(SmtpSettingsError::PasswordInTheClear)
            ));
            assert!(SmtpTransport::new(settings(host, TlsMode::StartTls)).is_ok());
        }
        for host in ["localhost", "127.0.0.1", "::1"] {
            assert!(SmtpTransport::new(settings(host, TlsMode::None)).is_ok());
        }
    }
}
