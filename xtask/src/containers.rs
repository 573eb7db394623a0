//! `cargo xtask containers`: builds our image, brings `compose.yaml` up, goes through a person's first hour, replaces every
//! container under load, then all of them at once, looks whether anything was lost, and takes it down.
//!
//! It needs no Docker engine: Debian's podman serves Docker's interface to docker-compose, and images under the official
//! names are made of packages (`xtask/stand-ins`). It is run by hand, before a release.

mod engine;
pub mod guard;
mod inspection;
mod stand_ins;

use std::{
    fs,
    io::Read as _,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use engine::Engine;

use crate::{places::Places, probe, test, wait};

/// As `compose.yaml` has it, in full.
const OUR_IMAGE: &str = "docker.io/library/colloquy:local";
/// Our file, and the limits of a suite that signs up more people than an hour has.
const SYSTEM: &[&str] = &["compose.yaml", "xtask/src/containers/compose.tests.yaml"];
const SERVICES: usize = 8;
const ALL_IN_ONE: &[&str] = &["deploy/compose.all-in-one.yaml"];
const PUBLIC_PORT: u16 = 8080;
/// Mailpit, Adminer, mongo-express.
const PAGES: [u16; 3] = [8025, 8089, 8090];
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
const LOGIN_LIMIT: Duration = Duration::from_secs(10);
/// Megabytes of our image, at most.
const LARGEST_IMAGE: u64 = 120;

/// The tests that a person's first hour is made of. The others need addresses of their own (127.0.0.2 …), which all become
/// one on their way into a container, or what only a system of `cargo xtask up` has.
const FIRST_HOUR: &[&str] = &[
    "path_of_one_message",
    "auth::login",
    "auth::logout",
    "command::",
    "customer::create_account",
    "customer::info",
    "customer::search",
    "customer::reset_password::contract_customer_forget_pass_a_browser_that_keeps_cookies_resets_by_mail",
    "documents",
    "gateway::origin",
    "query::",
    "web_page",
    "ws::presence",
    "ws::push",
    "ws::reading",
];

/// What is run.
pub struct Options {
    /// Takes the image of an earlier run.
    pub is_built: bool,
    /// The profile that cargo builds the image's binary with.
    pub profile: String,
}

/// Runs everything.
///
/// # Errors
/// A step failed. Nothing is left running in any case.
pub fn run(places: &Places, options: &Options) -> Result<()> {
    for port in [PUBLIC_PORT].into_iter().chain(PAGES) {
        ensure!(
            !probe::is_open(port),
            "port {port} is in use by another process"
        );
    }
    let password = password()?;
    let engine = Engine::start(places, &password)?;
    stand_ins::build_missing(places, &engine)?;
    if !options.is_built {
        build(places, &engine, &options.profile)?;
    }
    let size = engine.ask(&["image", "inspect", "--format", "{{.Size}}", OUR_IMAGE])?;
    let megabytes = size.trim().parse::<u64>()? / 1_000_000;
    println!("image                         {megabytes} MB");
    ensure!(
        megabytes <= LARGEST_IMAGE,
        "the image has more than {LARGEST_IMAGE} MB"
    );
    let outcome = system(places, &engine, &password).and_then(|()| all_in_one(&engine));
    if outcome.is_err() {
        engine.show_logs();
    }
    outcome
}

fn build(places: &Places, engine: &Engine, profile: &str) -> Result<()> {
    let start = Instant::now();
    let options = ["--build-arg".to_owned(), format!("PROFILE={profile}")];
    engine.build(
        places.repository(),
        "deploy/Dockerfile",
        OUR_IMAGE,
        &options,
    )?;
    println!("image built in                {}", seconds(start));
    Ok(())
}

fn system(places: &Places, engine: &Engine, password: &str) -> Result<()> {
    start(engine, SYSTEM)?;
    for page in PAGES {
        ensure!(
            wait::until(ANSWER_LIMIT, || probe::is_ok(page, "/")),
            "no page at port {page}"
        );
    }
    inspection::rights(engine, SERVICES)?;
    let first_hour = suite(places, engine, "e2e", FIRST_HOUR)?;
    let alone = ["--nocapture", "--test-threads", "1"];
    let restarts = suite(places, engine, "containers", &alone)?;
    println!("a person's first hour         {first_hour}");
    println!("restarts                      {restarts}");
    inspection::rights(engine, SERVICES)?;
    inspection::secrets(engine, password)?;
    engine.compose(SYSTEM, "down --volumes")
}

/// The container of all-in-one: its file holds, a demo account gets in, and again after the container was replaced.
fn all_in_one(engine: &Engine) -> Result<()> {
    start(engine, ALL_IN_ONE)?;
    inspection::rights(engine, 1)?;
    engine.compose(ALL_IN_ONE, "down")?;
    start(engine, ALL_IN_ONE)?;
    engine.compose(ALL_IN_ONE, "down --volumes")
}

/// Brings the containers up and logs in.
fn start(engine: &Engine, files: &[&str]) -> Result<()> {
    let start = Instant::now();
    engine.compose(files, "up --detach")?;
    ensure!(
        wait::until(ANSWER_LIMIT, || probe::is_ok(PUBLIC_PORT, "/page.json")),
        "port {PUBLIC_PORT} does not answer within {ANSWER_LIMIT:?} of its container's start"
    );
    ensure!(log_in(), "user1 cannot log in");
    println!(
        "first login after             {} ({})",
        seconds(start),
        files[0]
    );
    Ok(())
}

/// A suite against the containers.
fn suite(places: &Places, engine: &Engine, name: &str, which: &[&str]) -> Result<test::Tally> {
    let arguments = [&["--workspace", "--test", name, "--"], which].concat();
    let environment = vec![
        ("COLLOQUY_E2E_MODE", "distributed".to_owned()),
        (
            "COLLOQUY_E2E_URL",
            format!("http://127.0.0.1:{PUBLIC_PORT}"),
        ),
        ("COLLOQUY_E2E_MAILPIT", "http://127.0.0.1:8025".to_owned()),
        ("COLLOQUY_E2E_COMPOSE", engine.compose_line(SYSTEM)),
    ];
    test::suite(places, &arguments, &environment)
}

/// Whether a demo account gets in.
fn log_in() -> bool {
    let body = r#"{"username":"user1","password":"123"}"#;
    let question = format!(
        "POST /auth/login HTTP/1.1\r\nHost: 127.0.0.1:{PUBLIC_PORT}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    probe::answers_within(LOGIN_LIMIT, PUBLIC_PORT, &question, "HTTP/1.1 200")
}

/// Of this run alone, so that it is found wherever it got to.
fn password() -> Result<String> {
    let mut octets = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut octets)?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

fn seconds(start: Instant) -> String {
    format!("{:.1} s", start.elapsed().as_secs_f64())
}
