//! The configuration file that all processes of the system share.

use std::{collections::BTreeMap, path::Path};

use super::{layout, public_url};
use crate::{
    parts::{self, Part, certificates},
    places::Places,
};

const TEMPLATE: &str = include_str!("colloquy.toml");
const PLAIN: &str = include_str!("plain-stores.toml");

/// The file's text for a system whose keys lie in `folder`. The tests look at its traces; what is measured records none.
pub fn text(places: &Places, folder: &Path, database: &str, is_traced: bool) -> String {
    let telemetry = match is_traced {
        true => format!(
            "otlp_endpoint = \"http://{}\"",
            layout::collector_address(places)
        ),
        false => String::new(),
    };
    TEMPLATE
        .replace("{{keys}}", &folder.join("keys").display().to_string())
        .replace("{{postgres}}", &parts::postgres::tls_url(places, database))
        .replace("{{mongo}}", &parts::mongo::tls_url(places))
        .replace("{{kafka}}", &parts::kafka::secured(places))
        .replace("{{redis}}", &parts::redis::tls_url(places))
        .replace(
            "{{smtp_port}}",
            &parts::smtp::starttls_port(places).to_string(),
        )
        .replace(
            "{{ca}}",
            &certificates::file(places, "ca.pem").display().to_string(),
        )
        .replace("{{user}}", certificates::USER)
        .replace("{{password}}", certificates::PASSWORD)
        .replace("{{telemetry}}", &telemetry)
        .replace("{{public_url}}", &public_url(places))
        .replace("{{peers}}", &peers(places))
}

/// What a checker reads the same stores by: their plain ports.
pub fn plain_stores(places: &Places, database: &str) -> String {
    PLAIN
        .replace("{{postgres}}", &parts::postgres::url(places, database))
        .replace("{{mongo}}", &parts::address(places, Part::Mongo))
        .replace("{{kafka}}", &parts::address(places, Part::Kafka))
        .replace("{{redis}}", &parts::address(places, Part::Redis))
}

fn peers(places: &Places) -> String {
    let mut peers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for process in layout::processes(places) {
        // Only nginx calls the edge.
        if !matches!(process.service, "api-gateway" | "websocket-service") {
            let url = format!("\"http://{}\"", process.address());
            peers.entry(process.service).or_default().push(url);
        }
    }
    let lines: Vec<String> = peers
        .iter()
        .map(|(service, urls)| format!("{service} = [{}]", urls.join(", ")))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_toml_and_names_every_instance() {
        let places = Places::fixture(Path::new("/nowhere"));
        let text = text(&places, Path::new("/nowhere/system"), "chat_db", true);
        let file: toml::Table = text.parse().unwrap();
        assert_eq!(
            file["keys"]["folder"].as_str(),
            Some("/nowhere/system/keys")
        );
        assert_eq!(
            file["write_store"]["url"].as_str(),
            Some("postgres://colloquy:only-for-tests-7391@127.0.0.1:25432/chat_db")
        );
        let queries = file["peers"]["chat-query-service"].as_array().unwrap();
        assert_eq!(queries.len(), 2);
        assert!(!text.contains("{{"));
    }
}
