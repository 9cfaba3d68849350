//! Campaigns on a model that lies elsewhere.

use crate::support::{Place, demo_campaign, differences, succeed, superposed, told};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use superposed_fetch::test_hub::Server;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A command on a machine whose hub and whose cache these are.
fn with_hub(mut command: Command, endpoint: &str, cache: &Path) -> Command {
    for name in ["HF_TOKEN", "HF_HOME", "HF_HUB_OFFLINE", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    command.env("HF_ENDPOINT", endpoint).env("HF_HUB_CACHE", cache);
    command
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

#[test]
fn a_model_of_a_hub_is_mined_as_its_directory_is_and_fetched_once_for_all_processes() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let local = |name: &str, campaign: &str| place.superposed(&["local", text(&place.file(name, campaign))]);
    let select = "select = [{ neurons = '0-40' }]\n[parameters]";
    let plain = demo_campaign("from-directory").replace("[parameters]", select);
    succeed(local("directory.toml", &plain));

    let server = Server::of(&place.path("demo/model"), COMMIT);
    let hub = |command| with_hub(command, &server.endpoint(), &place.path("hub"));
    let published = plain.replace("from-directory", "from-hub").replace("'demo/model'", "'hf:tiny/model'");
    succeed(hub(local("hub.toml", &published)));
    assert_eq!(differences(&place.path("from-directory"), &place.path("from-hub")), Vec::<PathBuf>::new());
    let mut requests = server.requests();
    requests.retain(|request| !request.contains("/api/"));
    let all = requests.len();
    requests.sort();
    requests.dedup();
    assert_eq!(all, requests.len(), "two workers and a coordinator asked for a file more than once: {requests:?}");
    assert!(requests.contains(&"@cdn model.safetensors".to_owned()), "{requests:?}");

    // The record says which commit it was; what makes the results is the same wherever it lies.
    let record = |tree: &str| -> Value {
        let path = place.path(tree).join("demo/campaigns/whole.json");
        serde_json::from_slice(&fs::read(path).expect("a record")).expect("JSON")
    };
    let (ours, theirs) = (record("from-hub"), record("from-directory"));
    assert_eq!(ours["description"]["input"]["model"]["directory"], format!("hf:tiny/model@{COMMIT}"));
    assert_eq!(ours["description"]["input"]["model"]["digest"], theirs["description"]["input"]["model"]["digest"]);

    // Without the hub, from the cache.
    let endpoint = server.endpoint();
    drop(server);
    let mine = |model: &str| {
        let (corpus, neuron) = (place.path("demo/corpus"), "i/0_3_neg");
        let command = superposed(&["mine", "--model", model, "--corpus", text(&corpus), "--min-freq", "20", neuron]);
        succeed(with_hub(command, &endpoint, &place.path("hub")))
    };
    assert_eq!(mine(&format!("hf:tiny/model@{COMMIT}")), mine(text(&place.path("demo/model"))));
}

#[test]
fn a_model_that_a_hub_does_not_give_is_refused_before_anything_is_started() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let server = Server::of(&place.path("demo/model"), COMMIT);
    server.now().token = Some("secret".to_owned());
    let campaign = demo_campaign("results").replace("'demo/model'", "'hf:tiny/model'");
    let file = place.file("campaign.toml", &campaign);
    let local = || with_hub(place.superposed(&["local", text(&file)]), &server.endpoint(), &place.path("hub"));
    let refused = local().output().expect("the program starts");
    let said = told(&refused);
    assert!(!refused.status.success(), "{said}");
    let line = format!(
        "superposed: hf:tiny/model: {} answers 401 (RepoNotFound): there is no such model, or it wants to know who asks: \
         check the name, or set HF_TOKEN",
        server.endpoint()
    );
    assert!(said.lines().any(|said| said == line), "{said}");
    assert!(!place.path("state").exists() && !place.path("results").exists());

    // Workers are told of the token as the coordinator is, and it is in no file.
    let mut known = local();
    known.env("HF_TOKEN", "secret").args(["--topics", "1"]);
    let select = "select = [{ modes = ['ii'], layers = 1, neurons = '0-7' }]\n[parameters]";
    place.file("campaign.toml", &campaign.replace("[parameters]", select));
    succeed(known);
    let holds = Command::new("grep").args(["-rl", "secret", text(&place.path(""))]).output().expect("grep");
    assert_eq!(String::from_utf8_lossy(&holds.stdout), "");
}
