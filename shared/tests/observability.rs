//! The scrape configuration, the alerts and the dashboard of deploy/observability, against the metrics that docs/metrics.md
//! lists (which tests of coordinator and worker hold against what is exported), and against `promtool` where there is one.

use serde_json::Value;
use std::{
    collections::BTreeSet,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Command,
};
use superposed_shared::metrics;

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace")
}

fn observability(file: &str) -> PathBuf {
    workspace().join("deploy/observability").join(file)
}

fn text(file: &str) -> String {
    fs::read_to_string(observability(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// All names of metrics in a text, with what histograms' series add taken off.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|word| {
        ["superposed_worker_", "superposed_coordinator_", "superposed_queue_"].iter().any(|room| word.starts_with(room))
    });
    let series = ["_bucket", "_count", "_sum"];
    ours.map(|name| series.iter().find_map(|added| name.strip_suffix(added)).unwrap_or(name).to_owned()).collect()
}

/// The queries of the dashboard's panels, by their panel.
fn queries(dashboard: &Value) -> Vec<(String, String)> {
    let panels = dashboard["panels"].as_array().expect("panels");
    let of_panel = |panel: &Value| {
        let title = panel["title"].as_str().expect("a title").to_owned();
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        targets.into_iter().map(move |target| (title.clone(), target["expr"].as_str().expect("a query").to_owned()))
    };
    panels.iter().flat_map(of_panel).collect()
}

fn dashboard() -> Value {
    serde_json::from_str(&text("grafana-dashboard.json")).expect("JSON")
}

/// Runs `promtool`; false where there is none.
fn promtool(arguments: &[&str]) -> bool {
    let run = Command::new("promtool").args(arguments).current_dir(observability("")).output();
    match run {
        Ok(output) => {
            let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
            assert!(output.status.success(), "promtool {}:\n{}", arguments.join(" "), said.concat());
            true
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped: promtool is not installed (Debian: apt-get install prometheus)");
            false
        }
        Err(error) => panic!("promtool: {error}"),
    }
}

#[test]
fn alerts_and_dashboard_name_documented_metrics_and_all_but_a_few_are_looked_at() {
    let page = fs::read_to_string(workspace().join("docs/metrics.md")).expect("the page");
    let documented = metrics::documented(&page, "superposed_");
    let (alerts, dashboard) = (named(&text("alerts.yml")), named(&text("grafana-dashboard.json")));
    for (file, names) in
        [("alerts.yml", &alerts), ("alerts-test.yml", &named(&text("alerts-test.yml"))), ("the dashboard", &dashboard)]
    {
        assert!(!names.is_empty(), "{file} names no metric");
        let unknown: Vec<_> = names.difference(&documented).collect();
        assert!(unknown.is_empty(), "{file} names what docs/metrics.md does not: {unknown:?}");
    }
    // A worker's own counts of what coordinators count too.
    let alone = ["superposed_worker_syncs_total", "superposed_worker_leases_taken_total"].map(str::to_owned);
    let unseen: BTreeSet<String> = documented.difference(&dashboard).cloned().collect();
    assert_eq!(unseen, BTreeSet::from(alone), "the dashboard shows everything else");
}

#[test]
fn each_alert_is_described_and_tested() {
    let (alerts, tests, readme) = (text("alerts.yml"), text("alerts-test.yml"), text("README.md"));
    let mut names = BTreeSet::new();
    for name in alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(names.insert(name), "{name} is there twice");
        assert!(readme.contains(&format!("| `{name}` |")), "README.md does not describe {name}");
        assert!(tests.contains(&format!("alertname: {name}\n")), "alerts-test.yml does not test {name}");
    }
    assert!(!names.is_empty());
}

#[test]
fn panels_of_the_dashboard_have_places_and_identities_of_their_own() {
    let dashboard = dashboard();
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for panel in dashboard["panels"].as_array().expect("panels") {
        let title = panel["title"].as_str().expect("a title");
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{title}: its id is another's");
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().expect("a place"));
        assert!(x + w <= 24, "{title}: wider than the page");
        for cell in (x..x + w).flat_map(|column| (y..y + h).map(move |line| (column, line))) {
            assert!(cells.insert(cell), "{title}: lies over another");
        }
        let is_row = panel["type"] == "row";
        assert_eq!(panel["targets"].as_array().is_none_or(Vec::is_empty), is_row, "{title}: its queries");
    }
}

#[test]
fn promtool_takes_configuration_rules_and_every_query_of_the_dashboard() {
    if !promtool(&["check", "config", "prometheus.yml"]) {
        return;
    }
    promtool(&["check", "rules", "alerts.yml"]);
    // Queries as rules, with what Grafana puts in for its variables.
    let rules: Vec<Value> = queries(&dashboard())
        .into_iter()
        .map(|(_, query)| query.replace("$__rate_interval", "1m").replace("$campaign", ".*"))
        .enumerate()
        .map(|(number, query)| serde_json::json!({ "record": format!("query_{number}"), "expr": query }))
        .collect();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("queries.yml");
    let group = serde_json::json!({ "groups": [{ "name": "dashboard", "rules": rules }] });
    fs::write(&file, group.to_string()).expect("a writable file");
    promtool(&["check", "rules", file.to_str().expect("a UTF-8 path")]);
}

#[test]
fn alerts_fire_when_they_should_and_not_before() {
    promtool(&["test", "rules", "alerts-test.yml"]);
}
