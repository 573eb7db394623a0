//! A reset that is not brought to its end uses nothing up (S07).

use std::{num::NonZeroUsize, time::Duration};

use async_trait::async_trait;
use colloquy_chassis::{Lifecycle, ServiceName, SystemClock};
use colloquy_contracts::{CustomerId, views::ChatRoomView};
use colloquy_expiring_store::EmbeddedExpiringStore;
use colloquy_service_api::{
    CallError, CredentialCheck as _, Mailer, OneTimeCodes, RoomsOfCustomer, SessionEnding,
    credential_check::Credential,
    mailer::Mail,
    one_time_codes::{Asking, IssuedCode, Typed},
    session_ending::EndSessions,
};
use colloquy_sql::sqlite::{Durability, SqliteDatabase};
use tempfile::TempDir;

use super::*;
use crate::{
    Credentials, Dependencies, HashingPool, HashingQueue, PasswordRule, Settings,
    customer_store::SqlCustomerStore, hashing::tests::Full,
};

const NEW: &str = "correct horse";

/// Ends sessions at once; codes and mails are not used here.
struct Others;

#[async_trait]
impl OneTimeCodes for Others {
    async fn generate(&self, _: &str, _: &Asking) -> Result<IssuedCode, CallError> {
        Err(CallError::Unavailable(ServiceName::Otp, None))
    }

    async fn resend(&self, _: &str, _: &Asking) -> Result<IssuedCode, CallError> {
        Err(CallError::Unavailable(ServiceName::Otp, None))
    }

    async fn validate(&self, _: &str, _: &Typed) -> Result<bool, CallError> {
        Err(CallError::Unavailable(ServiceName::Otp, None))
    }
}

#[async_trait]
impl RoomsOfCustomer for Others {
    async fn rooms_of(&self, _: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
        Err(CallError::Unavailable(ServiceName::ChatQuery, None))
    }
}

#[async_trait]
impl Mailer for Others {
    async fn send(&self, _: &Mail) -> Result<(), CallError> {
        Err(CallError::Unavailable(ServiceName::Mail, None))
    }
}

#[async_trait]
impl SessionEnding for Others {
    async fn end_earlier(&self, _: &EndSessions) -> Result<(), CallError> {
        Ok(())
    }

    async fn ready(&self) -> Result<(), CallError> {
        Ok(())
    }
}

/// Customer management with the demo accounts, and the ticket of user1, who has confirmed.
struct System {
    _folder: TempDir,
    _lifecycle: Lifecycle,
    customers: Arc<Customers>,
    email: Email,
    ticket: ResetTicket,
}

impl System {
    async fn start(hashing: HashingPool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.db");
        let database = SqliteDatabase::open(&path, Durability::Full).await.unwrap();
        let store = SqlCustomerStore::open(database).await.unwrap();
        let (lifecycle, others) = (Lifecycle::default(), Arc::new(Others));
        let dependencies = Dependencies {
            codes: others.clone(),
            mailer: others.clone(),
            sessions: others.clone(),
            rooms: others,
            confirmations: Arc::new(EmbeddedExpiringStore::start(&lifecycle.tasks())),
            new_ticket: ResetTicket::random,
        };
        let settings = Settings {
            passwords: PasswordRule::default(),
            secure_cookie: false,
            reset_without_ticket: false,
            code_requests_per_hour: 1,
            confirms_per_hour: 1,
            sign_ups_per_hour: 1,
            searches_per_minute: 1,
            phone_searches_per_day: 1,
        };
        let customers = Customers::start(
            Credentials::new(Arc::new(store), hashing),
            dependencies,
            settings,
            Arc::new(SystemClock),
            &lifecycle.tasks(),
        );
        assert!(customers.seed_demo().await.unwrap());
        let email = Email::parse("user1@example.com").unwrap();
        let ticket = ResetTicket::random();
        let confirming = customers.confirmations.confirm(&email, &ticket, None);
        confirming.await.unwrap();
        Self {
            _folder: folder,
            _lifecycle: lifecycle,
            customers,
            email,
            ticket,
        }
    }

    async fn reset(&self) -> Result<(), ApiError> {
        let proof = Some(Proof::Tickets(vec![self.ticket.clone()]));
        let client = ClientAddress::Unknown;
        reset(
            &self.customers,
            &self.email,
            Password::new(NEW),
            proof,
            client,
        )
        .await
    }

    async fn is_confirmed(&self) -> bool {
        let found = self.customers.confirmations.find(&self.email).await;
        let proof = Proof::Tickets(vec![self.ticket.clone()]);
        found.unwrap().is_some_and(|found| found.fits(&proof))
    }

    async fn is_password(&self, password: &str) -> bool {
        let credential = Credential {
            username: "user1".to_owned(),
            password: password.to_owned(),
        };
        let checking = self.customers.credentials.check(&credential);
        checking.await.unwrap().is_some()
    }
}

#[tokio::test]
async fn s07_a_full_hashing_queue_leaves_the_confirmation_as_it_is() {
    let queue = HashingQueue {
        capacity: 1,
        max_wait: Duration::MAX,
    };
    let hashing = HashingPool::start(NonZeroUsize::MIN, queue).unwrap();
    let system = System::start(hashing.clone()).await;
    let full = Full::of(&hashing).await;
    for _ in 0..2 {
        let refused = system.reset().await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Unavailable, "503, so try again");
        assert!(system.is_confirmed().await);
    }
    full.free().await;
    assert!(system.is_password("123").await);

    system.reset().await.unwrap();
    assert!(system.is_password(NEW).await);
    assert!(!system.is_confirmed().await, "it is used up by success");
    let again = system.reset().await.unwrap_err();
    assert_eq!(again.message(), NotConfirmed.message());
}
