//! How old a name may be, and what counts when there is none (decision 3). Time stands still but for what a test lets pass.

use std::sync::{
    Mutex,
    atomic::{AtomicU32, Ordering::SeqCst},
};

use async_trait::async_trait;
use colloquy_credentials::identity::SessionId;
use tokio::time::advance;

use super::*;

const AN: CustomerId = CustomerId(1);

/// What the directory answers.
#[derive(Clone, Copy)]
enum Answer {
    Is(&'static str),
    Unknown,
    Down,
    Never,
}

struct Directory {
    answer: Mutex<Answer>,
    asked: AtomicU32,
}

#[async_trait]
impl CustomerDirectory for Directory {
    async fn full_names(
        &self,
        ids: &[CustomerId],
    ) -> Result<HashMap<CustomerId, String>, CallError> {
        self.asked.fetch_add(1, SeqCst);
        let answer = *self.answer.lock().unwrap();
        match answer {
            Answer::Is(name) => Ok(ids.iter().map(|id| (*id, name.to_owned())).collect()),
            Answer::Unknown => Ok(HashMap::new()),
            Answer::Down => Err(CallError::Unavailable(ServiceName::Customer, None)),
            Answer::Never => std::future::pending().await,
        }
    }
}

struct Service {
    directory: Arc<Directory>,
    names: FullNames,
}

impl Service {
    fn with(answer: Answer) -> Self {
        let directory = Arc::new(Directory {
            answer: Mutex::new(answer),
            asked: AtomicU32::new(0),
        });
        Self {
            names: FullNames::new(directory.clone()),
            directory,
        }
    }

    fn answers(&self, answer: Answer) {
        *self.directory.answer.lock().unwrap() = answer;
    }

    /// What An is called as a sender, and how often the directory was asked for it.
    async fn sender(&self) -> (String, u32) {
        let caller = Caller {
            customer_id: AN,
            full_name: "An of the token".to_owned(),
            session_id: SessionId::from_bits(1),
        };
        let before = self.directory.asked.load(SeqCst);
        let name = self.names.of_sender(&caller).await;
        (name, self.directory.asked.load(SeqCst) - before)
    }

    async fn assert_sender(&self, name: &str, asked: u32) {
        assert_eq!(self.sender().await, (name.to_owned(), asked));
    }
}

async fn pass(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn decision_3_a_name_is_asked_for_again_after_60_s() {
    let service = Service::with(Answer::Is("An"));
    service.assert_sender("An", 1).await;
    service.answers(Answer::Is("An who married"));
    pass(59).await;
    service.assert_sender("An", 0).await;
    pass(2).await;
    service.assert_sender("An who married", 1).await;
    // Being used does not keep a name fresh, and its time begins anew with each answer.
    service.answers(Answer::Is("An"));
    for _ in 0..2 {
        pass(29).await;
        service.assert_sender("An who married", 0).await;
    }
    pass(3).await;
    service.assert_sender("An", 1).await;
}

#[tokio::test(start_paused = true)]
async fn decision_3_the_names_of_a_new_room_are_asked_for_and_known_for_60_s() {
    let service = Service::with(Answer::Is("An"));
    service.assert_sender("An", 1).await;
    service.answers(Answer::Is("An who married"));
    let names = service.names.of_existing(&[AN]).await.unwrap();
    assert_eq!(names[&AN], "An who married");
    pass(59).await;
    service.assert_sender("An who married", 0).await;
    pass(2).await;
    service.assert_sender("An who married", 1).await;
}

#[tokio::test(start_paused = true)]
async fn decision_3_while_the_directory_is_down_the_token_names_a_sender_without_a_fresh_name() {
    let service = Service::with(Answer::Is("An"));
    service.assert_sender("An", 1).await;
    service.answers(Answer::Down);
    pass(59).await;
    service.assert_sender("An", 0).await;
    pass(2).await;
    service.assert_sender("An of the token", 1).await;
    // After a failure the directory is not asked for a second, and the name of the token is not cached.
    for _ in 0..3 {
        service.assert_sender("An of the token", 0).await;
    }
    pass(1).await;
    service.assert_sender("An of the token", 1).await;
    service.answers(Answer::Is("An"));
    pass(1).await;
    service.assert_sender("An", 1).await;
}

#[tokio::test(start_paused = true)]
async fn decision_3_a_sender_waits_half_a_second_for_a_directory_that_does_not_answer() {
    let service = Service::with(Answer::Never);
    let begun = Instant::now();
    service.assert_sender("An of the token", 1).await;
    let waited = begun.elapsed();
    assert!(waited >= SENDER_TIMEOUT, "{waited:?}");
    assert!(waited < Duration::from_secs(1), "{waited:?}");
    service.assert_sender("An of the token", 0).await;
}

#[tokio::test(start_paused = true)]
async fn decision_3_the_token_names_an_unknown_sender_and_that_name_is_not_cached() {
    let service = Service::with(Answer::Unknown);
    service.assert_sender("An of the token", 1).await;
    service.answers(Answer::Is("An"));
    service.assert_sender("An", 1).await;
}
