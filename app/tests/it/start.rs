#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
};

/// Runs the binary to its end with this data folder.
fn colloquy(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .arg("--data")
        .arg(data)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Exit 2 and one line that holds this.
fn assert_refuses(output: &Output, says: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(
        text.starts_with("colloquy: ") && text.contains(says),
        "{text}"
    );
}

#[test]
fn a_port_that_is_taken_is_one_line_and_exit_2() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = tempfile::tempdir().unwrap();
    assert_refuses(
        &colloquy(data.path(), &["--listen", &address]),
        &format!("cannot listen on {address}"),
    );
}

#[test]
fn decision_10_a_data_folder_in_use_is_one_line_and_exit_2() {
    let data = tempfile::tempdir().unwrap();
    let lock = fs::File::create(data.path().join("lock")).unwrap();
    lock.lock().unwrap();
    assert_refuses(
        &colloquy(data.path(), &["--listen", "127.0.0.1:0"]),
        "is in use by another process",
    );
}

#[test]
fn a_data_folder_that_cannot_be_made_is_one_line_and_exit_2() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("file");
    fs::write(&file, "").unwrap();
    assert_refuses(
        &colloquy(&file.join("below"), &["--listen", "127.0.0.1:0"]),
        "cannot be used",
    );
}

#[test]
fn a_bad_setting_is_one_line_and_exit_2() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("colloquy.toml");
    let config = file.to_str().unwrap();
    for (text, says) in [
        (
            "[chat]\nmax_content = 0\n",
            "chat.max_content is 0, and must be between",
        ),
        ("[chat]\nmax_contents = 1\n", "max_contents"),
        ("[stomp]\nheart_beat = \"often\"\n", "heart_beat"),
        ("[log]\nfilter = \"a=b=c\"\n", "log.filter"),
        ("[event_log\n", "colloquy.toml: "),
    ] {
        fs::write(&file, text).unwrap();
        assert_refuses(&colloquy(data.path(), &["--config", config]), says);
    }
    assert_refuses(
        &colloquy(data.path(), &["--config", "/nowhere/at/all.toml"]),
        "/nowhere/at/all.toml",
    );
}

#[test]
fn an_address_that_is_none_is_one_line_and_exit_2() {
    let data = tempfile::tempdir().unwrap();
    assert_refuses(
        &colloquy(data.path(), &["--listen", "here"]),
        "an address is IP:PORT",
    );
}

/// What is wrong is said once, and why.
#[test]
fn b26_a_folder_or_a_file_that_cannot_be_used_is_named_with_one_reason() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("file");
    fs::write(&file, "").unwrap();
    let output = colloquy(&file.join("below"), &["--listen", "127.0.0.1:0"]);
    assert_refuses(&output, "Not a directory");
    let printed = String::from_utf8_lossy(&output.stderr);
    assert_eq!(printed.matches("Not a directory").count(), 1, "{printed}");

    let nowhere = "/nowhere/at/all.toml";
    let output = colloquy(data.path(), &["--config", nowhere]);
    let says = "cannot read the settings file /nowhere/at/all.toml: No such file or directory";
    assert_refuses(&output, says);
}

/// The variable, what was read, and what is wanted.
#[test]
fn b26_a_setting_of_the_environment_is_refused_by_the_name_of_its_variable() {
    for (variable, value, says) in [
        (
            "COLLOQUY_STOMP__MAX_FRAME",
            "many",
            "COLLOQUY_STOMP__MAX_FRAME is \"many\", and must be a whole number, 0 or more",
        ),
        (
            "COLLOQUY_STOMP__MAX_FRAME",
            "1",
            "COLLOQUY_STOMP__MAX_FRAME is 1, and must be between 4096 and 1048576",
        ),
        (
            "COLLOQUY_HTTP__SECURE_COOKIE",
            "yes",
            "COLLOQUY_HTTP__SECURE_COOKIE is \"yes\", and must be true or false",
        ),
        (
            "COLLOQUY_HTTP__TRUSTED_PROXIES",
            "10.0.0.1",
            "COLLOQUY_HTTP__TRUSTED_PROXIES is \"10.0.0.1\", and must be a list",
        ),
        (
            "COLLOQUY_HTTP__TRUSTED_PROXIES",
            "[\"nginx\"]",
            "COLLOQUY_HTTP__TRUSTED_PROXIES is [\"nginx\"], and nginx is neither an IP address nor",
        ),
        (
            "COLLOQUY_MAIL__SMTP_PORT",
            "70000",
            "COLLOQUY_MAIL__SMTP_PORT is 70000, and must be a whole number from 0 to 65535",
        ),
        (
            "COLLOQUY_MAIL__SMTP_TLS",
            "ssl",
            "COLLOQUY_MAIL__SMTP_TLS is \"ssl\", and must be one of none, starttls, tls",
        ),
        (
            "COLLOQUY_CHAT__MAX_CONTENTS",
            "5",
            "COLLOQUY_CHAT__MAX_CONTENTS is no setting; of chat there are max_content",
        ),
        (
            "COLLOQUY_MAIL__FROM",
            "no-reply@my_chat.example",
            "mail.from must be an address or `Name <address>`, whose domain is a host name",
        ),
        (
            "COLLOQUY_LOG__FILTER",
            "a=b=c",
            "COLLOQUY_LOG__FILTER is \"a=b=c\", and must be a level such as info",
        ),
        (
            "COLLOQUY_ACCOUNTS__URL",
            "an:password@db",
            "COLLOQUY_ACCOUNTS__URL must be a URL such as postgres://",
        ),
    ] {
        let output = check_config(variable, value);
        assert_refuses(&output, &format!("bad setting: {says}"));
    }
}

/// `config check` with one variable.
fn check_config(variable: &str, value: &str) -> Output {
    check_config_with(&[(variable, value)])
}

fn check_config_with(variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(["config", "check"])
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Nothing of what a file holds is repeated.
#[test]
fn b26_config_check_reads_the_files_that_settings_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let [missing, empty, other] = ["missing", "empty", "other"].map(path);
    fs::write(&empty, "").unwrap();
    fs::write(&other, "canary").unwrap();
    let kafka = [("COLLOQUY_EVENT_LOG__SECURITY_PROTOCOL", "ssl")];
    for (variable, setting) in [
        ("COLLOQUY_ACCOUNTS__CA_FILE", "accounts.ca_file"),
        ("COLLOQUY_SESSIONS__CA_FILE", "sessions.ca_file"),
        ("COLLOQUY_MAIL__CA_FILE", "mail.ca_file"),
        ("COLLOQUY_WRITE_STORE__CA_FILE", "write_store.ca_file"),
        (
            "COLLOQUY_VIEW_STORE__CERT_KEY_FILE",
            "view_store.cert_key_file",
        ),
        ("COLLOQUY_EVENT_LOG__CA_FILE", "event_log.ca_file"),
        ("COLLOQUY_MAIL__SMTP_CA_FILE", "mail.smtp_ca_file"),
    ] {
        for (file, says) in [
            (&missing, "cannot be read: No such file or directory"),
            (&empty, "holds no certificate"),
            (&other, "holds no certificate"),
        ] {
            let output = check_config_with(&[&kafka[..], &[(variable, file)]].concat());
            let says = format!("bad setting: {setting} is {file}, which {says}");
            assert_refuses(&output, &says);
            assert!(!String::from_utf8_lossy(&output.stderr).contains("canary"));
        }
    }
    let says = "cannot read the file that COLLOQUY_WRITE_STORE__URL_FILE names: No such file";
    assert_refuses(
        &check_config("COLLOQUY_WRITE_STORE__URL_FILE", &missing),
        says,
    );
    let says = "bad setting: the file that MAIL_PASSWORD_FILE names is empty";
    assert_refuses(&check_config("MAIL_PASSWORD_FILE", &empty), says);
}

#[test]
fn b17_an_address_that_no_browser_opens_is_refused_and_others_are_taken() {
    for bad in [
        "https://chat example",
        "https://:8080",
        "https://*",
        "https://chat.example/app",
        "https://an@chat.example",
        "capacitor://localhost",
    ] {
        let says = format!("COLLOQUY_HTTP__PUBLIC_URL is {bad:?}, and must");
        assert_refuses(&check_config("COLLOQUY_HTTP__PUBLIC_URL", bad), &says);
    }
    for good in [
        "https://Chat.Example:443",
        "https://bücher.example",
        "",
        "https://[2001:DB8:0::1]",
    ] {
        let output = check_config("COLLOQUY_HTTP__PUBLIC_URL", good);
        assert_eq!(output.status.code(), Some(0), "{good}: {output:?}");
    }
    let origins = check_config("COLLOQUY_HTTP__ALLOWED_ORIGINS", "[\"https://*\"]");
    assert_refuses(
        &origins,
        "COLLOQUY_HTTP__ALLOWED_ORIGINS is [\"https://*\"], and must be an address",
    );
    let peers = check_config("COLLOQUY_PEERS__AUTH-SERVICE", "[\"auth:8083\"]");
    assert_refuses(
        &peers,
        "COLLOQUY_PEERS__AUTH-SERVICE is [\"auth:8083\"], and must be a list",
    );
}

#[test]
fn b26_config_check_refuses_what_a_start_refuses_and_serve_names_the_services() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("colloquy.toml");
    fs::write(&file, "[log]\nfilter = \"a=b=c\"\n").unwrap();
    let config = file.to_str().unwrap();
    let check = Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(["config", "check", "--config", config])
        .output()
        .unwrap();
    assert_refuses(&check, "log.filter is \"a=b=c\", and must be a level");
    let serve = Command::new(env!("CARGO_BIN_EXE_colloquy"))
        .args(["serve", "nothing"])
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&serve.stderr);
    assert_eq!(serve.status.code(), Some(2), "{printed}");
    assert!(
        printed.contains("there are api-gateway, websocket-service, "),
        "{printed}"
    );
}
