//! F14: the views are wiped under load, and once more in the quiet: rebuilt from the log without an operator, they are
//! what they were. All-in-one `views.db` is removed; in the distributed system the collections are dropped under the projectors.

use std::{fs, time::Duration};

use anyhow::{Result, ensure};
use mongodb::Client;
use tokio::time::{Instant, sleep};

use super::load;
use crate::{
    evidence::{Contents, Distributed},
    nemesis::Fault,
    plan::{Build, Mode, Size},
    run::run_under_load,
    target::Target,
};

const ROOMS: &str = "chatRoomViews";
const BETWEEN: Duration = Duration::from_millis(100);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How long a rebuild may take before it does not end.
const REBUILD_TIMEOUT: Duration = Duration::from_secs(300);

/// # Errors
/// The views did not come back, or not as they were.
pub async fn they_are_rebuilt_equal(mode: Mode, size: Size) -> Result<()> {
    let mut target = Target::start(mode, Build::Product).await?;
    let rate = size.of(120, 200);
    let plan = load(mode, size, rate);
    // More than the part of the load that has to meet a rebuild.
    let wanted = Duration::from_secs((plan.messages / rate).into()) * 2 / 5;
    let report = run_under_load(&mut target, &plan, async |target, _| {
        let (mut faults, mut lasted) = (Vec::new(), Duration::ZERO);
        while lasted < wanted {
            // So that there is something to wipe, and something comes while it is rebuilt.
            sleep(BETWEEN).await;
            let before = target.evidence().await?.viewed.messages.len();
            let began = Instant::now();
            wipe(target).await?;
            rebuilt(target, |viewed| viewed.messages.len() >= before).await?;
            let ended = Instant::now();
            lasted += ended - began;
            faults.push(Fault { began, ended });
        }
        Ok(faults)
    })
    .await?;
    report.verify(&plan)?;

    let before = digest(&target.evidence().await?.viewed);
    wipe(&mut target).await?;
    let took = rebuilt(&target, |viewed| digest(viewed) == before).await?;
    let per_second = before.len() as u128 * 1_000 / took.as_millis().max(1);
    println!(
        "F14: {} views wiped and rebuilt equal in {took:?}, {per_second} a second while the load wrote {rate} a second",
        before.len()
    );
    target.end().await
}

/// Waits until the views are right again, and answers how long that took.
async fn rebuilt(target: &Target, are_right: impl Fn(&Contents) -> bool) -> Result<Duration> {
    let began = Instant::now();
    while !are_right(&target.evidence().await?.viewed) {
        ensure!(
            began.elapsed() < REBUILD_TIMEOUT,
            "the views are not rebuilt"
        );
        sleep(POLL_INTERVAL).await;
    }
    Ok(began.elapsed())
}

/// Every view, in an order of its own.
fn digest(viewed: &Contents) -> Vec<String> {
    let rooms = viewed.rooms.iter().map(|room| format!("{room:?}"));
    let messages = viewed.messages.iter().map(|message| format!("{message:?}"));
    let markers = viewed.markers.iter().map(|marker| format!("{marker:?}"));
    let mut digest: Vec<String> = rooms.chain(messages).chain(markers).collect();
    digest.sort_unstable();
    digest
}

async fn wipe(target: &mut Target) -> Result<()> {
    if let Ok(system) = target.all_in_one() {
        system.kill()?;
        for file in ["views.db", "views.db-wal", "views.db-shm"] {
            let path = system.data().join(file);
            if path.exists() {
                fs::remove_file(path)?;
            }
        }
        return system.revive().await;
    }
    drop_views(&target.distributed()?.stores()).await
}

async fn drop_views(stores: &Distributed) -> Result<()> {
    let database = Client::with_uri_str(&stores.mongo).await?;
    let database = database.database(&stores.mongo_database);
    let mut collections = database.list_collection_names().await?;
    // Last: with the rooms goes the note of what the views hold, and only then is it known that they are wiped.
    collections.sort_by_key(|name| name == ROOMS);
    for collection in collections {
        let documents = database.collection::<mongodb::bson::Document>(&collection);
        documents.drop().await?;
    }
    Ok(())
}
