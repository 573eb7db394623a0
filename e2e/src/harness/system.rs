//! The system under test, whichever it is. Tests never ask (invariant 9): they get an address.

use std::{
    env,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use anyhow::{Context as _, Result, anyhow, bail};
use tokio::sync::OnceCell;

use super::{Instance, Mailbox, Options, instance::free_address};
use crate::client::{Client, Seeded};

/// A running system and the sessions of its seeded customers.
#[derive(Debug)]
pub struct System {
    url: String,
    /// Where its processes serve their figures.
    admins: Vec<String>,
    /// Where its processes send traces.
    collector: SocketAddr,
    mailbox: Mailbox,
    tokens: [OnceCell<String>; 3],
    // An all-in-one instance lives as long as the system that was made of it.
    instance: Option<Instance>,
}

/// A suite makes more accounts, mistakes and wishes in a minute than people do. The file of `cargo xtask up` says the same.
const RAISED: [(&str, &str); 5] = [
    ("COLLOQUY_ACCOUNTS__SIGN_UPS_PER_HOUR", "100000"),
    ("COLLOQUY_ACCOUNTS__RESETS_PER_HOUR", "100000"),
    ("COLLOQUY_ACCOUNTS__CONFIRMS_PER_HOUR", "100000"),
    ("COLLOQUY_GUESSES__PER_ACCOUNT", "30"),
    ("COLLOQUY_GUESSES__PER_ADDRESS", "100000"),
];

/// The collector of a system that sends no traces.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

static SHARED: OnceCell<Result<System, String>> = OnceCell::const_new();

impl System {
    /// The one system that all tests of this process share; started by the first that asks.
    ///
    /// # Errors
    /// As [`System::from_env`]; every caller gets the same answer.
    pub async fn shared() -> Result<&'static Self> {
        let start = || async { Self::from_env().await.map_err(|error| format!("{error:#}")) };
        let shared = SHARED.get_or_init(start).await;
        shared.as_ref().map_err(|error| anyhow!("{error}"))
    }

    /// By `COLLOQUY_E2E_MODE`: `all-in-one` (also when unset) starts the built binary; `distributed` is already running
    /// at `COLLOQUY_E2E_URL`, its mail server keeps mails in the Maildir `COLLOQUY_E2E_MAIL_DIR`, and its processes serve
    /// figures at the addresses `COLLOQUY_E2E_ADMINS`, which commas separate, and send traces to `COLLOQUY_E2E_COLLECTOR`. In
    /// containers, which serve their figures to each other alone, the mail server is the Mailpit at `COLLOQUY_E2E_MAILPIT`.
    ///
    /// # Errors
    /// The variables make no sense, or the binary did not start.
    pub async fn from_env() -> Result<Self> {
        match env::var("COLLOQUY_E2E_MODE").as_deref() {
            Err(_) | Ok("all-in-one") => {
                let collector = free_address()?;
                let traces = [(
                    "COLLOQUY_TELEMETRY__OTLP_ENDPOINT",
                    format!("http://{collector}"),
                )];
                let raised = RAISED.map(|(name, value)| (name, value.to_owned()));
                let env = raised.into_iter().chain(traces);
                let options = Options {
                    env: env.map(|(name, value)| (name.to_owned(), value)).collect(),
                    ..Options::default()
                };
                Ok(Self {
                    collector,
                    ..Self::of(Instance::start(options).await?)
                })
            }
            Ok("distributed") => {
                let url = env::var("COLLOQUY_E2E_URL")
                    .context("COLLOQUY_E2E_URL says where the distributed system is")?;
                if let Ok(mailpit) = env::var("COLLOQUY_E2E_MAILPIT") {
                    return Ok(Self {
                        mailbox: Mailbox::Mailpit(mailpit),
                        ..Self::at(url.trim_end_matches('/'))
                    });
                }
                let mails = env::var("COLLOQUY_E2E_MAIL_DIR")
                    .context("COLLOQUY_E2E_MAIL_DIR says where its mails arrive")?;
                let admins = env::var("COLLOQUY_E2E_ADMINS")
                    .context("COLLOQUY_E2E_ADMINS says where its processes serve figures")?;
                Ok(Self {
                    collector: env::var("COLLOQUY_E2E_COLLECTOR")
                        .context("COLLOQUY_E2E_COLLECTOR says where its processes send traces")?
                        .parse()?,
                    admins: admins.split(',').map(|at| format!("http://{at}")).collect(),
                    mailbox: Mailbox::Maildir(mails.into()),
                    ..Self::at(url.trim_end_matches('/'))
                })
            }
            Ok(other) => bail!("COLLOQUY_E2E_MODE is all-in-one or distributed, not {other}"),
        }
    }

    /// A system that runs already, and that shows its mails itself.
    #[must_use]
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            admins: vec![url.to_owned()],
            collector: NOWHERE,
            mailbox: Mailbox::Page(url.to_owned()),
            tokens: [const { OnceCell::const_new() }; 3],
            instance: None,
        }
    }

    /// A system made of an instance of our own.
    #[must_use]
    pub fn of(instance: Instance) -> Self {
        let url = instance.url();
        Self {
            instance: Some(instance),
            ..Self::at(&url)
        }
    }

    /// The instance that it was made of, if any.
    #[must_use]
    pub fn into_instance(self) -> Option<Instance> {
        self.instance
    }

    /// Its address, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where its processes send traces; nothing listens there until a test does.
    #[must_use]
    pub fn collector(&self) -> SocketAddr {
        self.collector
    }

    /// What each of its processes shows an operator, in Prometheus's text format.
    ///
    /// # Errors
    /// One of them does not answer.
    pub async fn figures(&self) -> Result<Vec<String>> {
        let mut figures = Vec::new();
        for admin in &self.admins {
            let shown = reqwest::get(format!("{admin}/metrics")).await?;
            figures.push(shown.error_for_status()?.text().await?);
        }
        Ok(figures)
    }

    /// Where its mails arrive.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// A client without a session.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn anonymous(&self) -> Result<Client> {
        Client::new(&self.url)
    }

    /// A client of that customer. Sessions are kept, so that a hundred tests do not hash a hundred passwords;
    /// connections are not, because each test has a runtime of its own.
    ///
    /// # Errors
    /// The customer cannot log in.
    pub async fn client(&self, customer: Seeded) -> Result<Client> {
        let anonymous = self.anonymous()?;
        let token = self.tokens[customer.index()]
            .get_or_try_init(|| async {
                let client = anonymous
                    .login(customer.username, customer.password)
                    .await?;
                client.token().map(str::to_owned).context("no session")
            })
            .await?;
        Ok(anonymous.with_token(token))
    }
}
