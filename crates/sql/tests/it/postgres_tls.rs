//! Connections to PostgreSQL that TLS protects. What is refused, and how that is said, is tested with the binary.

use std::path::{Path, PathBuf};

use colloquy_chassis::{StoreAddress, TlsFiles, store_address::Identity};
use colloquy_sql::postgres;

fn part(name: &str) -> String {
    std::env::var(name).expect("run the tests with `cargo xtask test`, which starts the real parts")
}

fn file(name: &str) -> Option<PathBuf> {
    Some(Path::new(&part("COLLOQUY_TEST_TLS")).join(name))
}

/// The user that we come as, and the version of TLS.
async fn user_and_version(address: StoreAddress) -> (String, String) {
    let pool = postgres::pool(address, 1).unwrap();
    let question =
        "SELECT session_user::text, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    sqlx::query_as(question).fetch_one(&pool).await.unwrap()
}

#[tokio::test]
async fn a_password_goes_over_tls() {
    let tls = TlsFiles {
        ca: file("ca.pem"),
        identity: None,
    };
    let url = part("COLLOQUY_TEST_TLS_POSTGRES");
    let (user, version) = user_and_version(StoreAddress { url, tls }).await;
    assert_eq!((user.as_str(), version.as_str()), ("colloquy", "TLSv1.3"));
}

#[tokio::test]
async fn a_certificate_is_a_login() {
    let url = part("COLLOQUY_TEST_TLS_POSTGRES");
    let login = format!("colloquy:{}@", part("COLLOQUY_TEST_TLS_PASSWORD"));
    let url = url.replace(&login, "certified@");
    let tls = TlsFiles {
        ca: file("ca.pem"),
        identity: file("client.pem")
            .zip(file("client.key"))
            .map(|(cert, key)| Identity { cert, key }),
    };
    let (user, version) = user_and_version(StoreAddress { url, tls }).await;
    assert_eq!((user.as_str(), version.as_str()), ("certified", "TLSv1.3"));
}
