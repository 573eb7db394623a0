//! A process of the distributed system: sockets, keys, a clock, a lifecycle, and health on a listener of its own.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::Router;
use colloquy_chassis::{
    Clock, Lifecycle, ServiceName, SystemClock,
    figures::Figures,
    hosts::Hosts,
    http_server,
    lifecycle::Termination,
    origins::Origins,
    readiness::{Gate, Readiness},
};
use colloquy_credentials::{
    internal_token::{InternalSigner, InternalVerifier},
    keys::KeyFolder,
};
use colloquy_event_log::AwaitedLog;
use colloquy_expiring_store::{RedisExpiringStore, expiring_store::redis::RedisSettings};
use colloquy_service_api::{RevocationList, ServiceClient};
use tokio::net::TcpListener;

use crate::{
    admin_listener,
    cli::Serve,
    listening,
    settings::{Settings, stores::Section},
    waiting::warn_if_refused,
};

/// The port of the admin listener is the service's own plus this (decision 24).
const ADMIN_OFFSET: u16 = 1000;

/// What readiness waits for until the service is served.
pub const SERVING: &str = "the service";

/// One service's process, before its service exists.
pub struct Process {
    pub service: ServiceName,
    pub settings: Settings,
    pub keys: KeyFolder,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: Lifecycle,
    pub readiness: Readiness,
    /// What operators are shown.
    pub figures: Figures,
    listener: TcpListener,
    /// Closed until the service is served.
    serving: Gate,
    /// Hears also what comes before the service is served.
    termination: Termination,
}

impl Process {
    /// Binds both sockets and answers `/livez` and `/readyz` from now on.
    ///
    /// # Errors
    /// A port is taken.
    pub async fn begin(options: &Serve, settings: Settings) -> anyhow::Result<Self> {
        let termination = Termination::listen();
        let listen = options
            .listen
            .unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, port(options.service)).into());
        let admin = options.admin.unwrap_or_else(|| {
            SocketAddr::new(
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                listen.port().saturating_add(ADMIN_OFFSET),
            )
        });
        let (lifecycle, readiness) = (Lifecycle::default(), Readiness::default());
        let serving = readiness.gate(SERVING);
        let listener = listening::bind(listen).await?;
        let tasks = lifecycle.tasks();
        admin_listener::traces(&settings.telemetry, options.service.name(), &tasks)?;
        let (metrics, figures) = admin_listener::metrics(readiness.clone(), &tasks)?;
        admin_listener::serve(admin, readiness.clone(), metrics, &tasks).await?;
        Ok(Self {
            service: options.service,
            keys: KeyFolder::new(&settings.keys.folder),
            settings,
            clock: Arc::new(SystemClock),
            lifecycle,
            readiness,
            figures,
            listener,
            serving,
            termination,
        })
    }

    /// The log in Kafka. A process that starts while Kafka is away serves without, and is not ready until Kafka has come.
    ///
    /// # Errors
    /// Kafka is set up in a way that cannot work, or does not let us in.
    pub async fn event_log(&self) -> anyhow::Result<Arc<AwaitedLog>> {
        let (settings, gate) = (self.settings.kafka()?, self.readiness.gate("kafka"));
        let log = AwaitedLog::start(settings, gate, &self.lifecycle.tasks()).await?;
        Ok(Arc::new(log))
    }

    /// A client of another service, at the addresses of the settings.
    ///
    /// # Errors
    /// No address is set, one is none, or our key cannot be read.
    pub fn client(&self, callee: ServiceName) -> anyhow::Result<Arc<ServiceClient>> {
        let addresses = self.settings.peers(callee)?;
        let client = ServiceClient::new(callee, addresses, self.signer()?)?;
        Ok(Arc::new(client))
    }

    /// The sessions that have ended, read from auth; readiness waits for the first answer.
    ///
    /// # Errors
    /// As [`Process::client`].
    pub fn revocations(&self) -> anyhow::Result<RevocationList> {
        let list = RevocationList::follow(
            self.client(ServiceName::Auth)?,
            Arc::clone(&self.clock),
            self.readiness.gate("revocations"),
            &self.lifecycle.tasks(),
        );
        list.show(&self.figures);
        Ok(list)
    }

    /// Redis, under the names of the contract. The process does not wait for it: chat goes on without it (F17).
    ///
    /// # Errors
    /// The setting is no address.
    pub fn redis(&self) -> anyhow::Result<Arc<RedisExpiringStore>> {
        let settings = RedisSettings {
            address: self.settings.store(Section::ExpiringStore)?,
            key_prefix: String::new(),
        };
        let tasks = self.lifecycle.tasks();
        let store = Arc::new(RedisExpiringStore::start(settings, &tasks)?);
        let reached = Arc::clone(&store);
        warn_if_refused(&tasks, Section::ExpiringStore.names(), move || {
            let store = Arc::clone(&reached);
            async move { store.reach().await }
        });
        Ok(store)
    }

    /// Whether people are shown where events are; not unless it is set.
    pub fn shows_flow(&self) -> bool {
        self.settings.chat.show_flow.unwrap_or(false)
    }

    /// The origins whose pages may call: the public URL's and those of the settings.
    pub fn origins(&self) -> Origins {
        Origins::new(self.settings.http.origins())
    }

    /// Signs our calls to other services.
    ///
    /// # Errors
    /// Our key cannot be read.
    pub fn signer(&self) -> anyhow::Result<InternalSigner> {
        Ok(InternalSigner::load(
            &self.keys,
            self.service,
            Arc::clone(&self.clock),
        )?)
    }

    /// Serves a router that only other services may call, until a signal ends the process.
    ///
    /// # Errors
    /// A key cannot be read, or a vital task died.
    pub async fn serve_internal(self, router: Router) -> anyhow::Result<()> {
        let verifier = InternalVerifier::load(&self.keys, self.service, Arc::clone(&self.clock))?;
        self.serve(verifier.protect(router)).await
    }

    /// Serves a router that clients may call, under the public URL's host (without one, any), until a signal ends the
    /// process.
    ///
    /// # Errors
    /// A vital task died.
    pub async fn serve_public(self, router: Router) -> anyhow::Result<()> {
        let hosts = Hosts::new(self.settings.http.public_hosts());
        let router = listening::edge(hosts, router, &self.settings.http);
        self.serve(router).await
    }

    async fn serve(self, router: Router) -> anyhow::Result<()> {
        let tasks = self.lifecycle.tasks();
        tracing::info!(service = %self.service, address = ?self.listener.local_addr().ok(), "serving");
        tasks.spawn_vital(
            "listener",
            http_server::serve(self.listener, router, tasks.clone()),
        );
        self.serving.open();
        Ok(self.lifecycle.run_until(|| self.termination.next()).await?)
    }
}

/// The port of each service (contract §1).
const fn port(service: ServiceName) -> u16 {
    match service {
        ServiceName::ApiGateway => 8081,
        ServiceName::Websocket => 8082,
        ServiceName::Auth => 8083,
        ServiceName::Customer => 8084,
        ServiceName::ChatCommand => 8085,
        ServiceName::ChatQuery => 8086,
        ServiceName::Otp => 8087,
        ServiceName::Mail => 8088,
    }
}
