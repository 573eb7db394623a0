//! What operators are shown, and what the alert rules, the dashboard and the page about them say of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::{Context as _, Result, ensure};
use colloquy_e2e::harness::{System, eventually};

use crate::scene::scene;

const RULES: &str = "deploy/prometheus/alerts.yaml";
const RULES_TESTED: &str = "deploy/prometheus/alerts.test.yaml";
const DASHBOARD: &str = "deploy/grafana/colloquy.json";
const PAGE: &str = "docs/operating/watching.md";

/// How the names of figures begin.
const BEGINNINGS: [&str; 2] = ["colloquy_", "process_"];
/// What Prometheus makes of a histogram.
const OF_HISTOGRAMS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Figures by name: kind, and every value that any process shows.
struct Shown {
    kinds: BTreeMap<String, String>,
    helped: BTreeSet<String>,
    values: Vec<(String, f64)>,
}

impl Shown {
    async fn by_all_processes() -> Result<Self> {
        let mut shown = Self {
            kinds: BTreeMap::new(),
            helped: BTreeSet::new(),
            values: Vec::new(),
        };
        for figures in System::shared().await?.figures().await? {
            for line in figures.lines().filter(|line| !line.is_empty()) {
                shown.read(line).with_context(|| line.to_owned())?;
            }
        }
        Ok(shown)
    }

    fn read(&mut self, line: &str) -> Result<()> {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, meaning) = help.split_once(' ').context("no meaning")?;
            ensure!(meaning.ends_with('.'), "a meaning is a sentence");
            self.helped.insert(name.to_owned());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').context("no kind")?;
            self.kinds.insert(name.to_owned(), kind.to_owned());
        } else {
            let (series, value) = line.rsplit_once(' ').context("no value")?;
            self.values.push((series.to_owned(), value.parse()?));
        }
        Ok(())
    }

    /// Whether a series of this name is shown.
    fn has(&self, name: &str) -> bool {
        let of_histogram = OF_HISTOGRAMS
            .iter()
            .filter_map(|suffix| name.strip_suffix(suffix))
            .any(|name| self.kinds.get(name).is_some_and(|kind| kind == "histogram"));
        of_histogram || self.kinds.get(name).is_some_and(|kind| kind != "histogram")
    }

    /// The values of all series that begin like this.
    fn values(&self, series: &str) -> Vec<f64> {
        let all = self.values.iter();
        all.filter(|(name, _)| name.starts_with(series))
            .map(|(_, value)| *value)
            .collect()
    }
}

/// The names of figures in a text.
fn named(text: &str) -> BTreeSet<&str> {
    let is_of_a_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.split(|letter| !is_of_a_name(letter))
        .filter(|word| BEGINNINGS.iter().any(|begins| word.starts_with(begins)))
        .collect()
}

fn of_repository(path: &str) -> Result<String> {
    let path = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).context(path)
}

#[tokio::test]
async fn every_figure_that_rules_and_dashboard_ask_for_is_shown() -> Result<()> {
    // What is counted only once it happens has happened: a client was answered.
    scene().await?.user1.get("/query/rooms").await?;
    let shown = Shown::by_all_processes().await?;
    for file in [RULES, RULES_TESTED, DASHBOARD] {
        let text = of_repository(file)?;
        let asked_for = named(&text);
        assert!(asked_for.len() > 10, "{file} was not read: {asked_for:?}");
        let absent: Vec<_> = asked_for.iter().filter(|name| !shown.has(name)).collect();
        assert!(absent.is_empty(), "{file} asks for {absent:?}");
    }
    Ok(())
}

#[tokio::test]
async fn every_figure_that_is_shown_has_a_meaning_and_is_on_the_page() -> Result<()> {
    scene().await?.user1.get("/query/rooms").await?;
    let shown = Shown::by_all_processes().await?;
    let page = of_repository(PAGE)?;
    let explained = named(&page);
    for name in shown.kinds.keys() {
        assert!(shown.helped.contains(name), "{name} has no meaning");
        assert!(
            explained.contains(name.as_str()),
            "{name} is not on the page"
        );
    }
    for name in explained {
        assert!(shown.kinds.contains_key(name), "nothing shows {name}");
    }
    Ok(())
}

#[tokio::test]
async fn figures_follow_a_message_from_the_answer_to_the_push() -> Result<()> {
    let scene = scene().await?;
    let room = scene.room().await?;
    let mut socket = scene.socket(&scene.user2).await?;
    socket.subscribe_room(room).await?;
    scene.user1.send(room, "watched", None).await?;
    eventually("the figures of one message", || async {
        let shown = Shown::by_all_processes().await?;
        Ok(shown.is_of_a_busy_and_healthy_system().then_some(()))
    })
    .await
}

/// Figures that every process counts, or one of them, once a message was sent and pushed.
const COUNTED: [&str; 9] = [
    r#"colloquy_gateway_answers_total{service="chat-command-service",code="200"}"#,
    r#"colloquy_gateway_answer_seconds_count{service="chat-command-service"}"#,
    "colloquy_command_write_seconds_count",
    "colloquy_query_events_projected_total",
    "colloquy_query_projection_delay_seconds_count",
    "colloquy_websocket_push_delay_seconds_count",
    "colloquy_websocket_deliveries_total",
    "colloquy_store_connections{",
    "process_cpu_seconds_total",
];

impl Shown {
    /// Other tests write all the while, so how much waits is known, and not always nothing.
    fn is_of_a_busy_and_healthy_system(&self) -> bool {
        let are = |series: &str, expected: &dyn Fn(f64) -> bool| {
            let values = self.values(series);
            !values.is_empty() && values.into_iter().all(expected)
        };
        let happened = |series: &&str| self.values(series).iter().any(|value| *value > 0.0);
        COUNTED.iter().all(happened)
            && self.every_store_has_an_open_connection()
            && are("colloquy_ready", &|ready| ready > 0.5)
            && are("colloquy_revocations_age_seconds", &|age| age < 2.0)
            && are("colloquy_query_lag_events{", &|events| events >= 0.0)
            && are("colloquy_query_parked_events", &|events| events >= 0.0)
            && are("process_open_fds", &|open| open > 3.0)
            && are("process_max_fds", &|most| most > 3.0)
    }

    /// In the system of the mode, each store of which connections are counted has some.
    fn every_store_has_an_open_connection(&self) -> bool {
        let open = |store: &str| {
            let series = format!("colloquy_store_connections{{store=\"{store}\"");
            self.values(&series).iter().sum::<f64>() > 0.0
        };
        open("write.db") || open("postgres") && open("mongodb")
    }
}
