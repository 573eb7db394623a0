//! The examples of the documentation for operators are what it says: commands run as they are written, and settings are accepted.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    data_folder::{refusal, remove},
    disk::System,
};

/// Where the pages say that the authorities of stores are.
const AUTHORITIES: &str = "/etc/colloquy/ca.pem";

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// The examples of a page in one language, in their order.
fn examples(page: &Path, language: &str) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let (begin, mut examples) = (format!("```{language}\n"), Vec::new());
    for behind in text.split(&begin).skip(1) {
        examples.push(behind.split("```").next().unwrap().to_owned());
    }
    examples
}

/// Runs lines of a shell in which `colloquy` is the binary, and answers what they printed.
fn run(lines: &str) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_colloquy"));
    let path = env::var_os("PATH").unwrap();
    let path = [binary.parent().unwrap().to_owned()]
        .into_iter()
        .chain(env::split_paths(&path));
    let mut shell = Command::new("sh");
    shell
        .args(["-ec", lines])
        .env("PATH", env::join_paths(path).unwrap());
    let output = shell.stdin(Stdio::null()).output().unwrap();
    let (said, errors) = (&output.stdout, &output.stderr);
    let said = String::from_utf8_lossy(said).into_owned();
    let errors = String::from_utf8_lossy(errors);
    assert!(output.status.success(), "{lines}\n{said}{errors}");
    said
}

#[test]
fn the_commands_of_the_page_about_backups_do_what_it_says() {
    let parent = tempfile::tempdir().unwrap();
    let [data, backup] = ["data", "backup"].map(|name| parent.path().join(name));
    let page = examples(&docs().join("operating/backup-and-restore.md"), "sh");
    let here = page.iter().map(|lines| {
        lines
            .replace("/backup/2026-01-31", &backup.display().to_string())
            .replace("/var/lib/colloquy", &data.display().to_string())
    });
    let [back_up, restore, adopt, check] = here.collect::<Vec<_>>().try_into().unwrap();

    let system = System::start(&data);
    let session = system.session();
    let room = session.room();
    assert!(session.send(&room, "before").is_done());
    run(&back_up);
    assert!(session.send(&room, "after").is_done());
    assert_eq!(run(&check), "Everything is as it was written.\n");
    let compare = format!("cd {} && sha256sum --check SHA256SUMS", backup.display());
    run(&compare);
    drop(system);
    fs::rename(&data, parent.path().join("moved away")).unwrap();

    run(&restore);
    let system = System::start(&data);
    assert_eq!(system.session().history(&room), ["before"]);
    drop(system);
    remove("sessions.db", &data);
    refusal(&data);
    run(&adopt);
    let system = System::start(&data);
    assert_eq!(system.session().history(&room), ["before"]);
}

#[test]
fn every_example_of_settings_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("ca.pem").display().to_string();
    fs::write(&authorities, "-----BEGIN CERTIFICATE-----").unwrap();
    let settings = folder.path().join("colloquy.toml");
    let mut checked = 0;
    for folder in ["operating", "how-to"] {
        for entry in docs().join(folder).read_dir().unwrap() {
            let page = entry.unwrap().path();
            for example in examples(&page, "toml") {
                fs::write(&settings, example.replace(AUTHORITIES, &authorities)).unwrap();
                run(&format!(
                    "colloquy config check --config {}",
                    settings.display()
                ));
                checked += 1;
            }
        }
    }
    assert!(checked >= 5, "only {checked} examples were found");
}

#[test]
fn every_example_of_a_secret_in_a_file_is_read() {
    let secrets = tempfile::tempdir().unwrap();
    let mut lines = String::from("set -a\n");
    for example in examples(&docs().join("operating/tls.md"), "sh") {
        lines += &example.replace("/run/secrets", &secrets.path().display().to_string());
    }
    for (name, value) in [
        ("postgres", "postgres://chat:p%40ss@127.0.0.1/chat_db"),
        ("kafka", "a word"),
        ("mail", "a word"),
    ] {
        fs::write(secrets.path().join(name), value).unwrap();
    }
    // A password without a user, and without TLS, is refused.
    let check = "COLLOQUY_EVENT_LOG__SECURITY_PROTOCOL=sasl_ssl COLLOQUY_EVENT_LOG__USERNAME=chat MAIL_USERNAME=chat \
                 colloquy config check";
    assert_eq!(run(&format!("{lines}{check}")), "the settings are valid\n");
    fs::remove_file(secrets.path().join("kafka")).unwrap();
    let refused = run(&format!("{lines}{check} 2>&1 || true"));
    assert!(
        refused.contains("COLLOQUY_EVENT_LOG__PASSWORD_FILE"),
        "{refused}"
    );
}

#[test]
fn the_variables_of_a_start_behind_a_proxy_are_accepted() {
    let page = docs().join("operating/before-others-use-it.md");
    let [start] = examples(&page, "sh").try_into().unwrap();
    let (variables, _) = start.split_once("colloquy --data").unwrap();
    let said = run(&format!("{variables} colloquy config check"));
    assert_eq!(said, "the settings are valid\n");
}
