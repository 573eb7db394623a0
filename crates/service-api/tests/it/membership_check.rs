use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use colloquy_chassis::ServiceName;
use colloquy_contracts::{CustomerId, RoomId};
use colloquy_service_api::{
    CallError, MembershipCheck, RoomMembership, membership_check::MembershipError,
};

const ROOM: RoomId = RoomId(1);
const CUSTOMER: CustomerId = CustomerId(7);

/// Answers the same each time, and counts how often it was asked.
struct Says(Option<bool>, AtomicU32);

impl Says {
    fn new(answer: Option<bool>) -> Arc<Self> {
        Arc::new(Self(answer, AtomicU32::new(0)))
    }

    fn asked(&self) -> u32 {
        self.1.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl RoomMembership for Says {
    async fn is_member(&self, _: RoomId, _: CustomerId) -> Result<bool, CallError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0
            .ok_or(CallError::Unavailable(ServiceName::ChatCommand, None))
    }
}

#[tokio::test]
async fn decision_11_a_yes_of_the_view_is_final_and_remembered() {
    let (view, truth) = (Says::new(Some(true)), Says::new(Some(false)));
    let check = MembershipCheck::new(view.clone(), truth.clone());
    for _ in 0..3 {
        check.check(ROOM, CUSTOMER).await.unwrap();
    }
    assert_eq!((view.asked(), truth.asked()), (1, 0));
}

#[tokio::test]
async fn decision_11_a_no_of_the_view_is_asked_again_at_the_truth() {
    let (view, truth) = (Says::new(Some(false)), Says::new(Some(true)));
    MembershipCheck::new(view, truth.clone())
        .check(ROOM, CUSTOMER)
        .await
        .unwrap();
    assert_eq!(truth.asked(), 1);
}

#[tokio::test]
async fn decision_11_a_no_of_the_truth_is_a_refusal_and_not_remembered() {
    let truth = Says::new(Some(false));
    let check = MembershipCheck::new(Says::new(Some(false)), truth.clone());
    for _ in 0..2 {
        assert!(matches!(
            check.check(ROOM, CUSTOMER).await,
            Err(MembershipError::NotAMember)
        ));
    }
    assert_eq!(truth.asked(), 2);
}

#[tokio::test]
async fn decision_11_a_view_that_is_down_leaves_it_to_the_truth() {
    MembershipCheck::new(Says::new(None), Says::new(Some(true)))
        .check(ROOM, CUSTOMER)
        .await
        .unwrap();
}

/// Never answers.
struct Hangs;

#[async_trait]
impl RoomMembership for Hangs {
    async fn is_member(&self, _: RoomId, _: CustomerId) -> Result<bool, CallError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn decision_11_a_view_that_hangs_leaves_it_to_the_truth() {
    let check = MembershipCheck::new(Arc::new(Hangs), Says::new(Some(true)));
    check.check(ROOM, CUSTOMER).await.unwrap();
    let check = MembershipCheck::new(Arc::new(Hangs), Says::new(Some(false)));
    assert!(matches!(
        check.check(ROOM, CUSTOMER).await,
        Err(MembershipError::NotAMember)
    ));
}

#[tokio::test(start_paused = true)]
async fn decision_11_undecided_is_neither_and_said_after_two_seconds() {
    let truth = Says::new(None);
    let check = MembershipCheck::new(Says::new(Some(false)), truth.clone());
    let began = tokio::time::Instant::now();
    assert!(matches!(
        check.check(ROOM, CUSTOMER).await,
        Err(MembershipError::Undecided(_))
    ));
    assert_eq!(began.elapsed().as_secs(), 2);
    assert!(truth.asked() > 2, "it was tried again");
}
