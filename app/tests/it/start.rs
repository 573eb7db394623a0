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
            "chat.max_content must be between",
        ),
        ("[chat]\nmax_contents = 1\n", "max_contents"),
        ("[stomp]\nheart_beat = \"often\"\n", "heart_beat"),
        ("[log]\nfilter = \"a=b=c\"\n", "log.filter"),
        ("[event_log\n", "bad setting"),
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
