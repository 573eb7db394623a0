//! The whole system in one process, on embedded stores. One straight list: folder → stores → services → server.

use std::{num::NonZeroUsize, sync::Arc};

use axum::Router;
use colloquy_api_gateway::{Gateway, InProcess, Upstream, admission::Admission};
use colloquy_chassis::{
    Clock, Lifecycle, ServiceName, SystemClock, admin, http_server, keys::KeyFolder,
    lifecycle::termination, readiness::Readiness, router::wrap, session_token::SessionVerifier,
};
use colloquy_chat_command::{ChatCommand, Membership, write_store::SqliteWriteStore};
use colloquy_chat_query::{ChatQuery, SqliteViewStore, ViewMembership, ViewStore};
use colloquy_customer::{Customers, HashingPool, customer_store::sqlite::SqliteCustomerStore};
use colloquy_event_log::{EmbeddedLog, EventLog, SqliteOutbox};
use colloquy_service_api::MembershipCheck;
use colloquy_sql::sqlite::{Durability, SqliteDatabase};
use colloquy_websocket::{Access, Websocket};

use crate::{
    cli::AllInOne,
    data_folder::DataFolder,
    home,
    listening::Listening,
    retention,
    settings::{Settings, services},
};

/// Runs until it is told to end.
///
/// # Errors
/// It cannot start, or a vital task died.
pub async fn run(options: &AllInOne, settings: &Settings) -> anyhow::Result<()> {
    let listening = Listening::bind(&options.listen).await?;
    let folder = DataFolder::open(options.data.as_deref())?;
    let keys = KeyFolder::new(folder.join("keys"));
    keys.complete("k1")?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (lifecycle, readiness) = (Lifecycle::default(), Readiness::default());
    let tasks = lifecycle.tasks();
    let verifier = SessionVerifier::load(&keys, Arc::clone(&clock))?;

    let accounts = SqliteDatabase::open(&folder.join("accounts.db"), Durability::Full).await?;
    let written =
        SqliteOutbox::open(SqliteDatabase::open(&folder.join("write.db"), Durability::Full).await?)
            .await?;
    let viewed = SqliteDatabase::open(&folder.join("views.db"), Durability::Rebuildable).await?;
    let announced = SqliteOutbox::open(viewed).await?;
    retention::start(announced.clone(), &tasks);
    let views = SqliteViewStore::open(announced.clone()).await?;
    let log = EmbeddedLog::new(written.clone(), announced);
    if log.is_ahead(colloquy_chat_query::projector::GROUP).await? {
        tracing::warn!(
            "the views are ahead of the write store, as after restoring a backup: rebuilding them"
        );
        views.wipe().await?;
    }
    let (log, views): (Arc<dyn EventLog>, Arc<dyn ViewStore>) = (Arc::new(log), Arc::new(views));
    let writes = Arc::new(SqliteWriteStore::open(written).await?);

    let customers = Customers::new(
        Arc::new(SqliteCustomerStore::open(accounts).await?),
        HashingPool::start(NonZeroUsize::MIN, services::HASHING_QUEUE)?,
    );
    if listening.is_loopback() || settings.accounts.seed_demo_customers {
        home::say_if_seeded(customers.seed_demo().await?);
    }
    let auth = services::auth(settings, &keys, customers.clone(), &clock)?;
    let commands = ChatCommand::start(
        writes.clone(),
        customers.clone(),
        Arc::clone(&clock),
        services::chat(settings),
        &tasks,
    );
    let membership = MembershipCheck::new(
        Arc::new(ViewMembership(Arc::clone(&views))),
        Arc::new(Membership::new(writes)),
    );
    let queries = ChatQuery::start(
        views,
        Arc::clone(&log),
        membership.clone(),
        &tasks,
        readiness.gate("projector"),
    );
    let origins = listening.origins(&settings.http);
    let access = Access {
        verifier: verifier.clone(),
        membership,
        origins: origins.clone(),
    };
    let push = services::stomp(settings);
    let websocket = Websocket::start(
        log,
        access,
        clock,
        push,
        readiness.gate("websocket"),
        &tasks,
    );

    let in_process = |router| Arc::new(InProcess(router)) as Arc<dyn Upstream>;
    let upstreams = [
        (ServiceName::Auth, in_process(colloquy_auth::router(auth))),
        (
            ServiceName::Customer,
            in_process(colloquy_customer::router(customers)),
        ),
        (
            ServiceName::ChatCommand,
            in_process(colloquy_chat_command::router(commands)),
        ),
        (
            ServiceName::ChatQuery,
            in_process(colloquy_chat_query::router(queries)),
        ),
    ];
    let admission = Admission::new(listening.hosts(&settings.http), origins);
    let router = colloquy_api_gateway::router(Gateway::new(verifier, upstreams), admission)
        .merge(home::router())
        .merge(admin::health_routes(readiness))
        .merge(colloquy_websocket::router(websocket));

    home::greet(&listening.url(), folder.path());
    serve(listening, wrap(router), lifecycle).await
}

async fn serve(listening: Listening, router: Router, lifecycle: Lifecycle) -> anyhow::Result<()> {
    let tasks = lifecycle.tasks();
    for listener in listening.listeners {
        tasks.spawn_vital(
            "listener",
            http_server::serve(listener, router.clone(), tasks.clone()),
        );
    }
    Ok(lifecycle.run_until(termination).await?)
}
