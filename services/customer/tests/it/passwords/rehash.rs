//! Hashes from before the parameters were raised (S01).

use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};

use crate::system::System;

/// As the store keeps it.
pub async fn hash_of_user1(system: &System) -> String {
    sqlx::query_scalar("SELECT password FROM customers WHERE customer_id = 1")
        .fetch_one(&system.database().readers)
        .await
        .unwrap()
}

/// Keeps user1's password under a hash as it is no longer made.
pub async fn outdate_user1(system: &System) -> String {
    let weak = Params::new(8, 1, 1, None).unwrap();
    let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, weak);
    let outdated = weak.hash_password(b"123").unwrap().to_string();
    sqlx::query("UPDATE customers SET password = ?1 WHERE customer_id = 1")
        .bind(&outdated)
        .execute(&system.database().writer)
        .await
        .unwrap();
    outdated
}

#[tokio::test]
async fn s01_a_password_is_hashed_anew_at_login_when_the_parameters_were_raised() {
    let system = System::start().await;
    let outdated = outdate_user1(&system).await;
    assert!(!system.is_password("user1", "1234").await);
    assert_eq!(hash_of_user1(&system).await, outdated);
    assert!(system.is_password("user1", "123").await);
    let upgraded = hash_of_user1(&system).await;
    assert!(
        upgraded.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{upgraded}"
    );
    assert!(system.is_password("user1", "123").await);
    assert_eq!(hash_of_user1(&system).await, upgraded);
}

#[tokio::test]
async fn s01_a_hash_that_cannot_be_upgraded_still_lets_its_owner_in() {
    let system = System::start().await;
    let outdated = outdate_user1(&system).await;
    sqlx::query(
        "CREATE TRIGGER full BEFORE UPDATE ON customers BEGIN SELECT RAISE(ABORT, 'full'); END",
    )
    .execute(&system.database().writer)
    .await
    .unwrap();
    assert!(system.is_password("user1", "123").await);
    assert_eq!(hash_of_user1(&system).await, outdated);
}
