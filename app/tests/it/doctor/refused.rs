//! A store that refuses us, or that we refuse: the line names the setting, as a start does.

use super::{doctor, variables};
use crate::refused_stores::{
    WRONG_PASSWORD, file, has_no_secret, part, password, servers::for_certified_clients,
    with_wrong_password,
};

/// Variables of the environment.
type Variables<'a> = &'a [(&'a str, &'a str)];

/// A service, what is looked at, and what the doctor's line about it says with these variables.
type Case<'a> = (&'a str, &'a str, Variables<'a>, &'a [&'a str]);

/// The doctor's line about this, of one service with these variables.
fn line(service: &str, check: &str, set: Variables<'_>) -> String {
    let set: Vec<_> = set.iter().flat_map(|one| variables([*one])).collect();
    let lines = doctor(&["--service", service], &set, &[], 8192).lines;
    has_no_secret(&lines.concat());
    let is_about = |line: &String| line.split_whitespace().nth(1) == Some(check);
    lines.into_iter().find(is_about).unwrap()
}

#[track_caller]
fn assert_names(cases: &[Case<'_>]) {
    for (service, check, set, says) in cases {
        let line = line(service, check, set);
        let remedy = "→ correct that setting, or the server";
        assert!(line.starts_with("FAIL") && line.ends_with(remedy), "{line}");
        for part in *says {
            assert!(line.contains(part), "{part}: {line}");
        }
    }
}

fn tls(part_name: &str) -> String {
    part(&format!("COLLOQUY_TEST_TLS_{part_name}"))
}

#[test]
fn a_certificate_that_no_authority_of_ours_signed_leads_to_the_setting_of_authorities() {
    let (ca, password) = (&*file("other-ca.pem"), &*password());
    let says = "does not hold the authority that signed the certificate";
    assert_names(&[
        (
            "auth-service",
            "postgres",
            &[
                ("COLLOQUY_SESSIONS__URL", &tls("POSTGRES")),
                ("COLLOQUY_SESSIONS__CA_FILE", ca),
            ],
            &["(sessions.url)", "sessions.ca_file", says],
        ),
        (
            "otp-service",
            "redis",
            &[
                ("COLLOQUY_EXPIRING_STORE__URL", &tls("REDIS")),
                ("COLLOQUY_EXPIRING_STORE__CA_FILE", ca),
            ],
            &["expiring_store.ca_file", says],
        ),
        (
            "chat-query-service",
            "mongodb",
            &[
                ("COLLOQUY_VIEW_STORE__URL", &tls("MONGO")),
                ("COLLOQUY_VIEW_STORE__CA_FILE", ca),
            ],
            &["view_store.ca_file", says],
        ),
        (
            "websocket-service",
            "kafka",
            &[
                ("COLLOQUY_EVENT_LOG__BROKERS", &tls("KAFKA")),
                ("COLLOQUY_EVENT_LOG__SECURITY_PROTOCOL", "sasl_ssl"),
                ("COLLOQUY_EVENT_LOG__CA_FILE", ca),
                ("COLLOQUY_EVENT_LOG__USERNAME", "colloquy"),
                ("COLLOQUY_EVENT_LOG__PASSWORD", password),
            ],
            &["event_log.ca_file does not hold its authority"],
        ),
        (
            "mail-service",
            "mail",
            &[
                ("COLLOQUY_MAIL__SMTP_HOST", "127.0.0.1"),
                ("COLLOQUY_MAIL__SMTP_PORT", &tls("SMTP")),
                ("COLLOQUY_MAIL__SMTP_CA_FILE", ca),
            ],
            &["mail.smtp_ca_file", says],
        ),
    ]);
}

#[test]
fn a_wrong_password_leads_to_its_setting() {
    let ca = &*file("ca.pem");
    let says = |setting| format!("the server refuses the user or the password of {setting}");
    assert_names(&[
        (
            "auth-service",
            "postgres",
            &[
                (
                    "COLLOQUY_SESSIONS__URL",
                    &with_wrong_password(&tls("POSTGRES")),
                ),
                ("COLLOQUY_SESSIONS__CA_FILE", ca),
            ],
            &[&says("sessions.url")],
        ),
        (
            "otp-service",
            "redis",
            &[
                (
                    "COLLOQUY_EXPIRING_STORE__URL",
                    &with_wrong_password(&tls("REDIS")),
                ),
                ("COLLOQUY_EXPIRING_STORE__CA_FILE", ca),
            ],
            &[&says("expiring_store.url")],
        ),
        (
            "websocket-service",
            "kafka",
            &[
                ("COLLOQUY_EVENT_LOG__BROKERS", &tls("KAFKA")),
                ("COLLOQUY_EVENT_LOG__SECURITY_PROTOCOL", "sasl_ssl"),
                ("COLLOQUY_EVENT_LOG__CA_FILE", ca),
                ("COLLOQUY_EVENT_LOG__USERNAME", "colloquy"),
                ("COLLOQUY_EVENT_LOG__PASSWORD", WRONG_PASSWORD),
            ],
            &[&says("event_log.username")],
        ),
        (
            "mail-service",
            "mail",
            &[
                ("COLLOQUY_MAIL__SMTP_HOST", "127.0.0.1"),
                ("COLLOQUY_MAIL__SMTP_PORT", &tls("SMTP")),
                ("COLLOQUY_MAIL__SMTP_CA_FILE", ca),
                ("MAIL_USERNAME", "colloquy"),
                ("MAIL_PASSWORD", WRONG_PASSWORD),
            ],
            &[&says("mail.username")],
        ),
    ]);
}

/// The address of a part that asks for a certificate: behind it is the one that the other tests use.
async fn certified(part_name: &str) -> String {
    let plain = part(part_name);
    let (_, server) = plain.split_once("://").unwrap();
    for_certified_clients(server).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_asks_for_a_certificate_lets_us_in_with_ours() {
    let url = format!("rediss://{}", certified("COLLOQUY_TEST_REDIS").await);
    let ca = file("ca.pem");
    let without: Variables<'_> = &[
        ("COLLOQUY_EXPIRING_STORE__URL", &url),
        ("COLLOQUY_EXPIRING_STORE__CA_FILE", &ca),
    ];
    let says = ["asks for a certificate", "expiring_store.cert_file"];
    assert_names(&[("otp-service", "redis", without, &says)]);
    let ours: Variables<'_> = &[
        ("COLLOQUY_EXPIRING_STORE__CERT_FILE", &file("client.pem")),
        ("COLLOQUY_EXPIRING_STORE__KEY_FILE", &file("client.key")),
    ];
    let line = line("otp-service", "redis", &[without, ours].concat());
    assert!(line.starts_with("ok "), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mongo_that_asks_for_a_certificate_lets_us_in_with_ours() {
    let url = format!("mongodb://{}", certified("COLLOQUY_TEST_MONGO").await);
    let ca = file("ca.pem");
    let without: Variables<'_> = &[
        ("COLLOQUY_VIEW_STORE__URL", &url),
        ("COLLOQUY_VIEW_STORE__CA_FILE", &ca),
    ];
    let says = ["asks for a certificate", "view_store.cert_key_file"];
    assert_names(&[("chat-query-service", "mongodb", without, &says)]);
    let both = file("client.both.pem");
    let ours: Variables<'_> = &[("COLLOQUY_VIEW_STORE__CERT_KEY_FILE", &both)];
    let line = line("chat-query-service", "mongodb", &[without, ours].concat());
    assert!(line.starts_with("ok "), "{line}");
}
