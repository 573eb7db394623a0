//! Every service that has a port of its own, on embedded stores in a folder.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::Router;
use colloquy_auth::{
    Auth, LoginLimits, SessionSigner, SqlLoginThrottleStore,
    session_store::sqlite::SqliteSessionStore,
};
use colloquy_chassis::{Clock, Lifecycle, ServiceName, SystemClock, Tasks, readiness::Readiness};
use colloquy_chat_command::{ChatCommand, Membership, write_store::SqliteWriteStore};
use colloquy_chat_query::{ChatQuery, SqliteViewStore, ViewMembership};
use colloquy_contracts::{CustomerId, openapi::OpenApi, views::ChatRoomView};
use colloquy_credentials::{keys::KeyFolder, session_algorithm::Algorithms, token_keys::TokenKeys};
use colloquy_customer::{
    Credentials, Customers, Dependencies, HashingPool, HashingQueue, PasswordRule, ResetTicket,
    customer_store::SqlCustomerStore,
};
use colloquy_event_log::{EmbeddedLog, SqliteOutbox};
use colloquy_expiring_store::EmbeddedExpiringStore;
use colloquy_mail::{
    MailService, Retry, mail_store::sqlite::SqliteMailStore,
    mail_transport::folder::FolderTransport,
};
use colloquy_otp::{Otp, SystemRandomness};
use colloquy_service_api::{CallError, MembershipCheck, RoomsOfCustomer};
use colloquy_sql::sqlite::{Durability, SqliteDatabase};
use tempfile::TempDir;

/// One service: its routes, and the document of them.
pub struct Service {
    pub name: ServiceName,
    pub router: Router,
    pub openapi: OpenApi,
}

pub struct Services {
    pub all: Vec<Service>,
    folder: TempDir,
    _lifecycle: Lifecycle,
}

impl Services {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["keys", "elsewhere"] {
            keys(&folder, name).complete("k1").unwrap();
        }
        let lifecycle = Lifecycle::default();
        let (mut all, customers) = accounts(&folder, &lifecycle.tasks()).await;
        all.extend(chat(&folder, customers, &lifecycle.tasks()).await);
        Self {
            all,
            folder,
            _lifecycle: lifecycle,
        }
    }

    pub fn keys(&self, name: &str) -> KeyFolder {
        keys(&self.folder, name)
    }
}

/// No rooms.
struct NoRooms;

#[async_trait]
impl RoomsOfCustomer for NoRooms {
    async fn rooms_of(&self, _: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
        Ok(Vec::new())
    }
}

async fn accounts(folder: &TempDir, tasks: &Tasks) -> (Vec<Service>, Arc<Customers>) {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let expiring = Arc::new(EmbeddedExpiringStore::start(tasks));
    let customers = SqlCustomerStore::open(database(folder, "accounts.db").await);
    let queue = HashingQueue {
        capacity: 10,
        max_wait: Duration::MAX,
    };
    let hashing = HashingPool::start(NonZeroUsize::MIN, queue).unwrap();
    let credentials = Credentials::new(Arc::new(customers.await.unwrap()), hashing);
    let auth = auth(folder, credentials.clone()).await;
    let otp = Otp::new(
        expiring.clone(),
        &keys(folder, "keys").otp_seal().unwrap(),
        Arc::new(SystemRandomness::default()),
        clock.clone(),
    );
    let mails = SqliteMailStore::open(database(folder, "mail.db").await);
    let kept = FolderTransport::open(&folder.path().join("mails")).await;
    let settings = colloquy_mail::Settings {
        from: "no-reply@localhost".parse().unwrap(),
        retry: Retry::default(),
    };
    let mail = MailService::new(
        Arc::new(mails.await.unwrap()),
        &keys(folder, "keys").mail_seal().unwrap(),
        Arc::new(kept.unwrap()),
        clock.clone(),
        settings,
    );
    let dependencies = Dependencies {
        codes: otp.clone(),
        mailer: mail.clone(),
        sessions: auth.clone(),
        confirmations: expiring,
        rooms: Arc::new(NoRooms),
        new_ticket: ResetTicket::random,
    };
    let settings = colloquy_customer::Settings {
        passwords: PasswordRule::default(),
        secure_cookie: false,
        reset_without_ticket: false,
        code_requests_per_hour: 1,
        confirms_per_hour: 1,
        sign_ups_per_hour: 1,
        searches_per_minute: 1,
        phone_searches_per_day: 1,
    };
    let customers = Customers::start(credentials, dependencies, settings, clock, tasks);
    let all = vec![
        Service {
            name: ServiceName::Auth,
            router: colloquy_auth::router(auth),
            openapi: colloquy_auth::openapi(),
        },
        Service {
            name: ServiceName::Customer,
            router: colloquy_customer::router(customers.clone()),
            openapi: colloquy_customer::openapi(),
        },
        Service {
            name: ServiceName::Otp,
            router: colloquy_otp::router(otp),
            openapi: colloquy_otp::openapi(),
        },
        Service {
            name: ServiceName::Mail,
            router: colloquy_mail::router(mail),
            openapi: colloquy_mail::openapi(),
        },
    ];
    (all, customers)
}

async fn auth(folder: &TempDir, credentials: Arc<Credentials>) -> Arc<Auth> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (keys, algorithms) = (keys(folder, "keys"), Algorithms::default());
    let sessions = database(folder, "sessions.db").await;
    let throttle = SqlLoginThrottleStore::open(sessions.clone()).await.unwrap();
    let dependencies = colloquy_auth::Dependencies {
        credentials,
        sessions: Arc::new(SqliteSessionStore::open(sessions).await.unwrap()),
        throttle: Arc::new(throttle),
        signer: SessionSigner::load(&keys, algorithms.signing()).unwrap(),
        keys: TokenKeys::load(&keys, &algorithms, clock.clone()).unwrap(),
        clock,
    };
    let settings = colloquy_auth::Settings {
        secure_cookie: false,
        logins: LoginLimits::default(),
    };
    Auth::new(dependencies, settings)
}

async fn chat(folder: &TempDir, customers: Arc<Customers>, tasks: &Tasks) -> Vec<Service> {
    let written = SqliteOutbox::open(database(folder, "write.db").await).await;
    let announced = SqliteOutbox::open(database(folder, "views.db").await).await;
    let (written, announced) = (written.unwrap(), announced.unwrap());
    let writes = Arc::new(SqliteWriteStore::open(written.clone()).await.unwrap());
    let views = Arc::new(SqliteViewStore::open(announced.clone()).await.unwrap());
    let membership = MembershipCheck::new(
        Arc::new(ViewMembership(views.clone())),
        Arc::new(Membership::new(writes.clone())),
    );
    let foundation = colloquy_chat_query::Dependencies {
        store: views,
        log: Arc::new(EmbeddedLog::new(written, announced)),
        expiring_store: Arc::new(EmbeddedExpiringStore::start(tasks)),
        membership,
        clock: Arc::new(SystemClock),
    };
    let projecting = Readiness::default().gate("projector");
    let queries = ChatQuery::start(foundation, tasks, projecting);
    let commands = ChatCommand::start(
        colloquy_chat_command::Dependencies {
            store: writes,
            directory: customers,
            clock: Arc::new(SystemClock),
            flow: None,
        },
        colloquy_chat_command::Settings::default(),
        tasks,
    );
    vec![
        Service {
            name: ServiceName::ChatCommand,
            router: colloquy_chat_command::router(commands),
            openapi: colloquy_chat_command::openapi(),
        },
        Service {
            name: ServiceName::ChatQuery,
            router: colloquy_chat_query::router(queries),
            openapi: colloquy_chat_query::openapi(),
        },
    ]
}

fn keys(folder: &TempDir, name: &str) -> KeyFolder {
    KeyFolder::new(folder.path().join(name))
}

async fn database(folder: &TempDir, name: &str) -> SqliteDatabase {
    SqliteDatabase::open(&folder.path().join(name), Durability::Rebuildable)
        .await
        .unwrap()
}
