//! MongoDB: the views, and the events that were put aside.

use colloquy_chassis::ServiceName;
use colloquy_chat_query::{
    MongoViewStore, ViewStore as _,
    view_store::{ViewStoreError, mongodb::MongoFacts},
};

use super::{
    events,
    finding::Finding,
    store::{Hosts, clock, tls, unreadable, unusable},
};
use crate::settings::{Settings, stores::Section};

const REACH: &str = "mongodb";
const TLS: &str = "mongodb.tls";
const RIGHTS: &str = "mongodb.rights";
const CLOCK: &str = "mongodb.clock";

pub async fn check(settings: &Settings, service: Option<ServiceName>) -> Vec<Finding> {
    if service.is_some_and(|service| service != ServiceName::ChatQuery) {
        return Vec::new();
    }
    let views = &settings.view_store;
    let hosts = Hosts::of(&views.url);
    let address = match settings.store(Section::ViewStore) {
        Ok(address) => address,
        Err(error) => return vec![unreadable(REACH, &error)],
    };
    let asked_encrypted = !address.tls.is_empty();
    let asked = async {
        let store = MongoViewStore::new(address, &views.database).await?;
        let facts = store.facts().await?;
        let parked = store.count_parked().await?;
        Ok::<_, ViewStoreError>((facts, parked))
    };
    match asked.await {
        Ok((facts, parked)) => judge(
            &facts,
            parked,
            &hosts,
            asked_encrypted || is_encrypted(&views.url),
        ),
        Err(error) => vec![unusable(REACH, &hosts, &error, &Section::ViewStore.names())],
    }
}

fn is_encrypted(url: &str) -> bool {
    url.starts_with("mongodb+srv") && !url.contains("tls=false")
        || ["tls=true", "ssl=true"]
            .iter()
            .any(|option| url.contains(option))
}

fn judge(facts: &MongoFacts, parked: u64, hosts: &Hosts, is_encrypted: bool) -> Vec<Finding> {
    let kind = if facts.is_replicated {
        "replicated"
    } else {
        "one server"
    };
    let mut findings = vec![
        Finding::ok(
            REACH,
            format!("MongoDB {} at {hosts}, {kind}", facts.version),
        ),
        tls(TLS, hosts, is_encrypted, "add ?tls=true to view_store.url"),
        match &facts.refusal {
            None => Finding::ok(RIGHTS, "the user may read and change the views"),
            Some(refusal) => Finding::fail(
                RIGHTS,
                format!("the views cannot be changed: {refusal}"),
                "give the user the role readWrite of that database",
            ),
        },
    ];
    findings.extend(facts.unix_millis.map(|millis| clock(CLOCK, millis)));
    findings.push(events::parked(parked, "colloquy parked list"));
    findings
}
