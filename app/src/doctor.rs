//! `colloquy doctor`: looks for what would keep a system from working, with the settings that a start would read.
//!
//! Nothing is made or changed, in no store and in no folder, so that it may look beside a running system. Each finding is
//! one line: what was looked at, what was found and why that matters, and what to do.

mod data;
mod events;
mod finding;
mod http;
mod kafka;
mod keys;
mod machine;
mod mail;
mod mongodb;
mod peers;
mod postgres;
mod redis;
mod store;

use std::process::ExitCode;

use colloquy_chassis::ServiceName;
use colloquy_credentials::keys::KeyFolder;

use self::{
    finding::{Finding, Report},
    http::Exposure,
};
use crate::{cli::Doctor, data_folder::DataFolder, settings::Settings};

/// The exit code if a finding says FAIL.
const SICK: u8 = 1;

/// Prints what was found.
///
/// # Errors
/// Never for what was found; this platform has no data folder and none is named.
pub async fn run(options: &Doctor) -> anyhow::Result<ExitCode> {
    let report = match Settings::load(options.config.as_deref()) {
        Err(error) => {
            let why = colloquy_chassis::answer::chain(&error);
            let remedy = "correct it; `colloquy config defaults` prints every setting";
            Report::new([Finding::fail("settings", why, remedy)], [])
        }
        Ok(settings) if options.distributed || options.service.is_some() => {
            let findings = distributed(&settings, options.service).await;
            Report::new(findings, settings.passwords().map(|(_, secret)| secret))
        }
        Ok(settings) => {
            let findings = all_in_one(options, &settings).await?;
            Report::new(findings, settings.passwords().map(|(_, secret)| secret))
        }
    };
    print!(
        "{}",
        if options.json {
            report.json()
        } else {
            report.lines()
        }
    );
    Ok(if report.is_sick() {
        ExitCode::from(SICK)
    } else {
        ExitCode::SUCCESS
    })
}

async fn all_in_one(options: &Doctor, settings: &Settings) -> anyhow::Result<Vec<Finding>> {
    let path = DataFolder::path_of(options.data.as_deref())?;
    let is_running = data::is_in_use(&path);
    let mut findings = vec![Finding::ok("settings", "all of them can be used")];
    findings.extend(http::check(&settings.http, Exposure::of(&options.listen)));
    findings.push(machine::listener(&options.listen, is_running).await);
    findings.extend(data::folder(&path));
    let keys = path.join("keys");
    if keys.exists() {
        findings.extend(keys::check(&KeyFolder::new(keys), None, settings));
    }
    findings.extend(data::files(&path, is_running).await);
    findings.push(mail::all_in_one(settings).await);
    findings.push(machine::descriptors());
    Ok(findings)
}

async fn distributed(settings: &Settings, service: Option<ServiceName>) -> Vec<Finding> {
    let is_looked_at =
        |those: &[ServiceName]| service.is_none_or(|service| those.contains(&service));
    let mut findings = vec![match settings.refuse_example_secrets() {
        Ok(()) => Finding::ok("settings", "all of them can be used"),
        Err(error) => Finding::fail(
            "settings",
            format!("{error}: no service starts with it"),
            "set a password of your own, best with a variable that ends in _FILE",
        ),
    }];
    if is_looked_at(&[ServiceName::ApiGateway, ServiceName::Websocket]) {
        findings.extend(http::check(&settings.http, Exposure::behind_nginx()));
    }
    let folder = &settings.keys.folder;
    findings.extend(keys::folder(folder).unwrap_or_else(|| {
        let keys = KeyFolder::new(folder);
        keys::check(&keys, service, settings)
    }));
    let (postgres, kafka, mongodb, redis, mail, peers) = tokio::join!(
        postgres::check(settings, service),
        kafka::check(settings, service),
        mongodb::check(settings, service),
        redis::check(settings, service),
        mail::distributed(settings, service),
        peers::check(settings, service),
    );
    findings.extend([postgres, kafka, mongodb, redis, mail, peers].concat());
    findings.push(machine::descriptors());
    findings
}
