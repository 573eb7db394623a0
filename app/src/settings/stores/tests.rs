//! What the settings of stores may say together.

use super::*;

/// What `config check` says of a settings file with this.
fn refusal(text: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("colloquy.toml");
    fs::write(&file, text).unwrap();
    let loaded = Settings::load(Some(&file));
    loaded.err().map(|error| error.to_string())
}

#[test]
fn what_contradicts_a_protection_is_refused_by_name() {
    for (text, says) in [
        (
            "[sessions]\ncert_file = \"a.pem\"",
            "sessions.cert_file is \"a.pem\", and must be set together with sessions.key_file",
        ),
        (
            "[expiring_store]\nurl = \"redis://:47/canary@db\"",
            "expiring_store.url has an @ behind a /, ? or #; write these as %40",
        ),
        (
            "[write_store]\nurl = \"postgres://app@db/chat?sslmode=disable\"\nca_file = \"ca.pem\"",
            "write_store.url must have no parameter of TLS but sslmode=verify-full",
        ),
        (
            "[accounts]\nurl = \"postgres://app@db/chat?sslrootcert=a\"\nca_file = \"ca.pem\"",
            "accounts.url must have no parameter of TLS",
        ),
        (
            "[expiring_store]\nca_file = \"ca.pem\"",
            "expiring_store.url must begin with rediss://",
        ),
        (
            "[view_store]\nurl = \"mongodb://db/?tls=false\"\ncert_key_file = \"a.pem\"",
            "view_store.url must have no parameter of TLS but tls=true",
        ),
        (
            "[event_log]\nca_file = \"ca.pem\"",
            "event_log.security_protocol is \"plaintext\", and must be \"ssl\" or \"sasl_ssl\"",
        ),
        (
            "[event_log]\nsecurity_protocol = \"ssl\"\nusername = \"a\"\npassword = \"b\"",
            "event_log.security_protocol is \"ssl\", and must be \"sasl_ssl\"",
        ),
        (
            "[event_log]\nsecurity_protocol = \"sasl_ssl\"",
            "event_log.security_protocol is \"sasl_ssl\", and needs event_log.username",
        ),
        (
            "[event_log]\nusername = \"a\"",
            "event_log.username is \"a\", and must be set together with event_log.password",
        ),
        (
            "[event_log]\nsecurity_protocol = \"sasl_plaintext\"",
            "event_log.security_protocol is \"sasl_plaintext\", and must be one of plaintext, ssl, sasl_ssl",
        ),
        (
            "[mail]\nsmtp_tls = \"none\"\nsmtp_ca_file = \"ca.pem\"",
            "mail.smtp_tls is \"none\", and must be \"starttls\" or \"tls\"",
        ),
    ] {
        let refused = refusal(text).unwrap();
        assert!(refused.contains(says), "{refused}");
        assert!(!refused.contains("canary"), "{refused}");
    }
}

#[test]
fn what_fits_together_is_taken() {
    for text in [
        "[write_store]\nurl = \"postgres://app@db/chat?sslmode=verify-full\"\nca_file = \"ca.pem\"",
        "[write_store]\nurl = \"postgres://app@db/chat?sslmode=require\"",
        "[expiring_store]\nurl = \"rediss://a:b@db\"\nca_file = \"ca.pem\"",
        "[view_store]\nurl = \"mongodb://a:b@db/?tls=true&authSource=admin\"\nca_file = \"ca.pem\"",
        "[view_store]\nurl = \"mongodb://a:b@db/?appName=@a@\"",
        "[event_log]\nsecurity_protocol = \"ssl\"\ncert_file = \"a.pem\"\nkey_file = \"a.key\"",
        "[event_log]\nsecurity_protocol = \"sasl_ssl\"\nusername = \"a\"\npassword = \"b\"",
    ] {
        assert_eq!(refusal(text), None, "{text}");
    }
}

#[test]
fn a_file_that_is_no_certificate_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    let file = folder.path().join("colloquy.toml");
    let text = format!("[sessions]\nca_file = \"{}\"", ca.display());
    fs::write(&file, text).unwrap();
    let settings = Settings::load(Some(&file)).unwrap();
    let refused = || settings.store(Section::Sessions).unwrap_err().to_string();
    let expected = format!("bad setting: sessions.ca_file is {}, which ", ca.display());
    assert!(refused().starts_with(&(expected.clone() + "cannot be read")));
    fs::write(&ca, "-----BEGIN PRIVATE KEY-----").unwrap();
    assert_eq!(refused(), expected + "holds no certificate");
    fs::write(&ca, "-----BEGIN CERTIFICATE-----").unwrap();
    assert_eq!(settings.store(Section::Sessions).unwrap().tls.ca, Some(ca));
}
