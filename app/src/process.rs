//! What every process of the distributed system has: sockets, keys, a clock, a lifecycle, health on a listener of its own.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::Router;
use colloquy_chassis::{
    Clock, Lifecycle, ServiceName, SystemClock, admin, http_server,
    internal_token::{InternalSigner, InternalVerifier},
    keys::KeyFolder,
    lifecycle::termination,
    readiness::Readiness,
    telemetry,
};
use colloquy_service_api::ServiceClient;
use tokio::net::TcpListener;

use crate::{cli::Serve, listening, settings::Settings};

/// How far a service's admin listener is from its own port (decision 24).
const ADMIN_OFFSET: u16 = 1000;

/// One service's process, before its service exists.
pub struct Process {
    pub service: ServiceName,
    pub settings: Settings,
    pub keys: KeyFolder,
    pub clock: Arc<dyn Clock>,
    pub lifecycle: Lifecycle,
    pub readiness: Readiness,
    listener: TcpListener,
    admin: TcpListener,
}

impl Process {
    /// Binds both sockets and answers `/livez` and `/readyz` from now on.
    ///
    /// # Errors
    /// A port is taken.
    pub async fn begin(options: &Serve, settings: Settings) -> anyhow::Result<Self> {
        let listen = options.listen.unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, port(options.service)).into());
        let admin = options.admin.unwrap_or_else(|| {
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), listen.port().saturating_add(ADMIN_OFFSET))
        });
        Ok(Self {
            service: options.service,
            keys: KeyFolder::new(&settings.keys.folder),
            settings,
            clock: Arc::new(SystemClock),
            lifecycle: Lifecycle::default(),
            readiness: Readiness::default(),
            listener: listening::bind(listen).await?,
            admin: listening::bind(admin).await?,
        })
    }

    /// A client of another service, at the addresses of the settings.
    ///
    /// # Errors
    /// No address is set, or our key cannot be read.
    pub fn client(&self, callee: ServiceName) -> anyhow::Result<Arc<ServiceClient>> {
        Ok(Arc::new(ServiceClient::new(callee, self.settings.peers(callee)?, self.signer()?)))
    }

    /// Signs our calls to other services.
    ///
    /// # Errors
    /// Our key cannot be read.
    pub fn signer(&self) -> anyhow::Result<InternalSigner> {
        Ok(InternalSigner::load(&self.keys, self.service, Arc::clone(&self.clock))?)
    }

    /// Serves a router that only other services may call, until the process is told to end.
    ///
    /// # Errors
    /// A key cannot be read, or a vital task died.
    pub async fn serve_internal(self, router: Router) -> anyhow::Result<()> {
        let verifier = InternalVerifier::load(&self.keys, self.service, Arc::clone(&self.clock))?;
        self.serve_public(verifier.protect(router)).await
    }

    /// Serves a router as it is, until the process is told to end.
    ///
    /// # Errors
    /// A vital task died.
    pub async fn serve_public(self, router: Router) -> anyhow::Result<()> {
        let tasks = self.lifecycle.tasks();
        let metrics = telemetry::start_metrics().map_err(anyhow::Error::from_boxed)?;
        let admin = admin::health_routes(self.readiness).merge(admin::metrics_route(metrics));
        tracing::info!(service = %self.service, address = ?self.listener.local_addr().ok(), "serving");
        tasks.spawn_vital("admin listener", http_server::serve(self.admin, admin, tasks.clone()));
        tasks.spawn_vital("listener", http_server::serve(self.listener, router, tasks.clone()));
        Ok(self.lifecycle.run_until(termination).await?)
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
