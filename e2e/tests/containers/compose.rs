//! docker-compose, and waiting for what it started.

use std::{
    env,
    future::Future,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use colloquy_e2e::harness::eventually;
use tokio::process::Command;

/// Several times the suite's deadline: PostgreSQL, Kafka and eight services start again on two cores.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs docker-compose, and answers what it prints.
pub async fn compose(arguments: &str) -> Result<String> {
    let line = env::var("COLLOQUY_E2E_COMPOSE")
        .context("COLLOQUY_E2E_COMPOSE is the docker-compose of the system, with its files")?;
    let done = Command::new("sh")
        .arg("-c")
        .arg(format!("{line} {arguments}"))
        .output()
        .await?;
    ensure!(
        done.status.success(),
        "docker-compose {arguments}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(String::from_utf8(done.stdout)?)
}

/// The services that go on running: those that end by themselves are left out.
pub async fn services() -> Result<Vec<String>> {
    let all = compose("config --services").await?;
    let names = all
        .lines()
        .filter(|name| !["keys", "migrate"].contains(name));
    Ok(names.map(str::to_owned).collect())
}

/// Puts a new container in the place of a service's, and waits until it is healthy.
pub async fn replace(service: &str) -> Result<()> {
    compose(&format!("rm --stop --force {service}")).await?;
    compose(&format!("up --detach --no-deps {service}")).await?;
    in_the_end(&format!("{service} is healthy"), || async {
        let state = compose(&format!("ps {service}")).await?;
        let is_up = state.contains(" Up") && !state.contains("health: starting");
        ensure!(!state.contains("(unhealthy)"), "{state}");
        Ok(is_up.then_some(()))
    })
    .await
}

/// [`eventually`] with a longer limit.
pub async fn in_the_end<T, F, Fut>(awaited: &str, ask: F) -> Result<T>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Option<T>>>,
{
    let start = Instant::now();
    loop {
        let answer = eventually(awaited, &ask).await;
        if answer.is_ok() {
            return answer;
        }
        if start.elapsed() > LIMIT {
            bail!(
                "{awaited}: not within {LIMIT:?}: {answer:?}",
                answer = answer.err()
            );
        }
    }
}
