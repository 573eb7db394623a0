//! The whole system in one process, on embedded stores. One straight list: folder → stores → services → server.

mod accounts;
mod chat;

use std::sync::Arc;

use axum::Router;
use colloquy_api_gateway::{Gateway, InProcess, Upstream};
use colloquy_chassis::{
    Clock, Lifecycle, ServiceName, SystemClock, admin,
    figures::Figures,
    http_server,
    lifecycle::{Tasks, termination},
    readiness::Readiness,
};
use colloquy_chat_command::Membership;
use colloquy_chat_query::ViewMembership;
use colloquy_credentials::{keys::KeyFolder, session_verifier::SessionVerifier};
use colloquy_mail::dev_mail;
use colloquy_service_api::{MembershipCheck, RevocationList};
use colloquy_web_page::PageFacts;
use colloquy_websocket::Access;

use crate::{
    admin_listener,
    cli::AllInOne,
    data_folder::DataFolder,
    documents,
    embedded::Stores,
    greeting,
    listening::Listening,
    listening::edge,
    settings::{Http, Settings},
};

/// What the services of the process share.
struct Dependencies<'a> {
    settings: &'a Settings,
    keys: &'a KeyFolder,
    readiness: &'a Readiness,
    figures: &'a Figures,
    clock: Arc<dyn Clock>,
    tasks: Tasks,
}

/// Runs until a signal ends it.
///
/// # Errors
/// It cannot start, or a vital task died.
pub async fn run(options: &AllInOne, settings: &Settings) -> anyhow::Result<()> {
    let listening = Listening::bind(&options.listen).await?;
    let folder = DataFolder::open(options.data.as_deref())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (lifecycle, readiness) = (Lifecycle::default(), Readiness::default());
    let tasks = lifecycle.tasks();
    admin_listener::traces(&settings.telemetry, "colloquy", &tasks)?;
    let (metrics, figures) = admin_listener::metrics(readiness.clone(), &tasks)?;
    let stores = Stores::open(&folder, &readiness, &tasks).await?;
    stores.files.show(&figures);
    let keys = KeyFolder::new(folder.join("keys"));
    keys.first_session_key("k1", settings.sessions.algorithms.signing())?;
    keys.complete("k1")?;

    // Demo accounts and mails in a browser are for a user of this machine (decision 27).
    let is_demo = listening.is_for_this_machine(&settings.http);
    let shared = Dependencies {
        settings,
        keys: &keys,
        readiness: &readiness,
        figures: &figures,
        clock,
        tasks: tasks.clone(),
    };
    let view = Arc::new(ViewMembership(Arc::clone(&stores.chat.views)));
    let accounts =
        accounts::start(&shared, &folder, stores.accounts, view.clone(), is_demo).await?;
    let revocations = RevocationList::follow(
        accounts.auth.clone(),
        Arc::clone(&shared.clock),
        readiness.gate("revocations"),
        &tasks,
    );
    revocations.show(&figures);
    let algorithms = &settings.sessions.algorithms;
    let verifier = SessionVerifier::load(&keys, algorithms, Arc::clone(&shared.clock))?;
    let origins = listening.origins(&settings.http);
    let truth = Arc::new(Membership::new(Arc::clone(&stores.chat.writes)));
    let access = Access {
        verifier: verifier.clone(),
        revocations: revocations.clone(),
        membership: MembershipCheck::new(view, truth),
        origins: origins.clone(),
    };
    let shows_flow = settings.chat.show_flow.unwrap_or(is_demo);
    let customers = accounts.customers.clone();
    let chat = chat::start(&shared, stores.chat, customers, access, shows_flow)?;

    let routers = [
        colloquy_auth::router(accounts.auth),
        colloquy_customer::router(accounts.customers),
        colloquy_chat_command::router(chat.commands),
        colloquy_chat_query::router(chat.queries),
    ];
    let proxies = settings.trusted_proxies()?;
    let gateway = Gateway::new(verifier, revocations, proxies, upstreams(routers));
    let mut router = colloquy_api_gateway::router(gateway, origins)
        .merge(colloquy_websocket::router(chat.websocket))
        .merge(documents::router())
        .merge(admin::health_routes(readiness.clone()))
        .merge(colloquy_web_page::router(PageFacts {
            demo_users: accounts.demo_logins,
            flow: shows_flow,
            mail_at: (is_demo && accounts.dev_mail.is_some()).then_some(dev_mail::PATH),
            password_min_length: settings.accounts.password_length[0],
        }));
    if let Some(address) = options.admin {
        admin_listener::serve(address, readiness, metrics.clone(), &tasks).await?;
    }
    if is_demo {
        router = router
            .merge(accounts.dev_mail.unwrap_or_default())
            .merge(metrics);
    }
    greeting::greet(&listening.url(), folder.path());
    let outcome = serve(listening, router, &settings.http, lifecycle).await;
    stores.files.close().await;
    outcome
}

/// Auth, customer management, the write side and the read side, as the gateway calls them.
fn upstreams(
    [auth, customer, command, query]: [Router; 4],
) -> [(ServiceName, Arc<dyn Upstream>); 4] {
    [
        (ServiceName::Auth, auth),
        (ServiceName::Customer, customer),
        (ServiceName::ChatCommand, command),
        (ServiceName::ChatQuery, query),
    ]
    .map(|(service, router)| (service, Arc::new(InProcess(router)) as Arc<dyn Upstream>))
}

async fn serve(
    listening: Listening,
    router: Router,
    http: &Http,
    lifecycle: Lifecycle,
) -> anyhow::Result<()> {
    if listening.lacks_public_url(http) {
        tracing::warn!(
            "pages in browsers are refused until http.public_url says where they find this system"
        );
    }
    let router = edge(listening.hosts(http), router, http);
    let tasks = lifecycle.tasks();
    for listener in listening.listeners {
        tasks.spawn_vital(
            "listener",
            http_server::serve(listener, router.clone(), tasks.clone()),
        );
    }
    Ok(lifecycle.run_until(termination).await?)
}
