//! The JSON API answers as `docs/openapi.json` says that it does.

use crate::installation::Installation;
use futures::StreamExt;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs, path::Path};

/// What stands for the parameters of a path, by their names.
fn filled(path: &str) -> String {
    let known = [
        ("{id}", "1"),
        ("{mode}", "i"),
        ("{layer}", "0"),
        ("{neuron}", "1"),
        ("{polarity}", "pos"),
        ("{action}", "pause"),
    ];
    let filled = known.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
    assert!(!filled.contains('{'), "{path} has a parameter that this test has no value for");
    // The one query that cannot be left out.
    if filled.ends_with("/npmi") { format!("{filled}?ids=1,2,3") } else { filled }
}

/// What holds answers against a schema of the description.
fn validator(description: &Value, schema: &Value) -> Validator {
    let mut schema = schema.clone();
    schema["components"] = description["components"].clone();
    jsonschema::validator_for(&schema).expect("the description has schemas")
}

fn check(description: &Value, schema: &Value, answer: &Value, what: &str) {
    let errors: Vec<String> = validator(description, schema)
        .iter_errors(answer)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what} is answered otherwise than described: {errors:#?}\n{answer:#}");
}

/// The data of the first event of a stream.
async fn first_event(response: reqwest::Response) -> Value {
    let mut stream = response.bytes_stream();
    let mut text = String::new();
    while !text.contains("\n\n") {
        text.push_str(
            std::str::from_utf8(&stream.next().await.expect("an event").expect("it goes on")).expect("UTF-8"),
        );
    }
    let data = text.lines().find_map(|line| line.strip_prefix("data:")).expect("an event has data");
    serde_json::from_str(data.trim()).expect("an event's data is JSON")
}

#[test]
fn the_description_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let written = fs::read_to_string(&path).unwrap_or_default();
    let now = superposed::http::description().to_pretty_json().expect("it has a form in JSON");
    assert!(
        written.trim() == now.trim(),
        "the API has changed: cargo run -p superposed --example openapi > docs/openapi.json"
    );
}

#[tokio::test]
async fn every_answer_is_as_it_is_described() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let installation = Installation::start().await;
    installation.submit("described");
    let worker = installation.worker("a-worker");
    installation.run(&["watch", "1"]);

    let description: Value = serde_json::to_value(superposed::http::description()).expect("it has a form in JSON");
    let client = reqwest::Client::new();
    let mut asked = BTreeSet::new();
    for (path, operations) in description["paths"].as_object().expect("the description has paths") {
        for (method, operation) in operations.as_object().expect("a path has methods") {
            let url = format!("{}{}", installation.url, filled(path));
            let what = format!("{method} {path}");
            if method == "post" {
                // Without the header, it could be another site's page.
                let refused = client.post(&url).send().await.expect("it answers");
                assert_eq!(refused.status(), 403, "{what} without the header of an action");
                let problem = &operation["responses"]["default"]["content"]["application/problem+json"]["schema"];
                check(&description, problem, &refused.json().await.expect("JSON"), &what);
                // The campaign has ended: nothing can be done to it.
                let conflict = client.post(&url).header("x-superposed-action", "1").send().await.expect("it answers");
                assert_eq!(conflict.status(), 409, "{what} of a campaign that has ended");
                check(&description, problem, &conflict.json().await.expect("JSON"), &what);
                asked.insert(what);
                continue;
            }
            let response = client.get(&url).send().await.expect("it answers");
            let (status, headers) = (response.status(), response.headers().clone());
            let kind = headers["content-type"].to_str().expect("text");
            assert_eq!(status, 200, "{what}: {}", response.text().await.unwrap_or_default());
            let content = operation["responses"]["200"]["content"].as_object().expect("an answer has content");
            let (described, body) = content.iter().next().expect("of one type");
            assert!(kind.starts_with(described), "{what} is {kind}, not {described}");
            let answer = if kind == "text/event-stream" {
                first_event(response).await
            } else {
                response.json().await.expect("JSON")
            };
            check(&description, &body["schema"], &answer, &what);

            if path.contains("{id}") {
                let none = url.replace("/campaigns/1", "/campaigns/99");
                let response = client.get(&none).send().await.expect("it answers");
                assert_eq!(response.status(), 404, "{what} of no campaign");
                let problem = &operation["responses"]["default"]["content"]["application/problem+json"]["schema"];
                check(&description, problem, &response.json().await.expect("JSON"), &what);
            }
            asked.insert(what);
        }
    }
    assert!(asked.len() >= 12, "{asked:?}");
    drop(worker);
}

#[tokio::test]
async fn what_was_mined_is_told_in_words_with_their_scores() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let installation = Installation::start().await;
    installation.submit("mined");
    let worker = installation.worker("a-worker");
    installation.run(&["watch", "1"]);
    drop(worker);
    let client = reqwest::Client::new();
    let get = async |path: &str| {
        let response = client.get(format!("{}/api/v1/campaigns/1/{path}", installation.url)).send().await;
        response.expect("it answers")
    };
    // The best topics, as the command shows them.
    let mut stream = get("topics?limit=3").await.bytes_stream();
    let mut told = String::new();
    while !told.contains("event: end") {
        told.push_str(std::str::from_utf8(&stream.next().await.expect("an end").expect("it goes on")).expect("UTF-8"));
    }
    let last = told.lines().filter_map(|line| line.strip_prefix("data: {")).next_back().expect("topics were told");
    let last: Value = serde_json::from_str(&format!("{{{last}")).expect("JSON");
    let best = &last["topics"][0];
    let place = installation.path().join("results-mined");
    let shown = installation.run(&["show", place.to_str().expect("UTF-8"), "--limit", "1", "--output", "json"]);
    let shown: Value = serde_json::from_str(shown.trim()).expect("a line of JSON");
    assert_eq!((&best["job"], &best["score"]), (&shown["job"], &shown["score"]));
    assert_eq!(last["layers"], last["of_layers"]);
    let words: Vec<&Value> = best["words"].as_array().expect("words").iter().map(|word| &word["word"]).collect();
    assert_eq!(json!(words), shown["words"]);

    // The job it is of has it too, and its pool has the topic's words.
    let (layer, neuron, polarity) = (&best["layer"], &best["neuron"], best["polarity"].as_str().expect("text"));
    let job: Value = get(&format!("jobs/i/{layer}/{neuron}/{polarity}")).await.json().await.expect("JSON");
    let topics = job["topics"].as_array().expect("topics");
    assert!(topics.iter().any(|topic| topic["score"] == best["score"] && topic["words"] == best["words"]), "{job:#}");
    let pool = job["pool"].as_array().expect("a pool");
    assert!(best["words"].as_array().expect("words").iter().all(|word| pool.contains(word)), "{job:#}");

    // Its score is the mean of what its words have with each other.
    let ids: Vec<String> = best["words"].as_array().expect("words").iter().map(|word| word["id"].to_string()).collect();
    let affinity: Value = get(&format!("npmi?ids={}", ids.join(","))).await.json().await.expect("JSON");
    let rows = affinity["npmi"].as_array().expect("rows");
    let scores: Vec<f64> =
        rows.iter().flat_map(|row| row.as_array().expect("a row")).filter_map(Value::as_f64).collect();
    assert_eq!(scores.len(), ids.len() * (ids.len() - 1));
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    let score = best["score"].as_f64().expect("a score");
    assert!((mean - score).abs() < 1e-9, "{mean} is not {score}");

    // What is not there is refused in words.
    for (path, status, said) in [
        ("jobs/i/0/4000000/pos", 404, "there is no result of i/0_4000000_pos"),
        ("jobs/v/0/1/pos", 400, "v"),
        ("npmi?ids=1,x", 400, "\"x\" is no word's id"),
        ("npmi?ids=99999999", 400, "is no word's id"),
        ("npmi", 400, "ids"),
    ] {
        let response = get(path).await;
        assert_eq!(response.status(), status, "{path}");
        let problem: Value = response.json().await.expect("JSON");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(said)), "{path}: {problem}");
    }
    let unknown = get("topics?words=no-such-word").await.text().await.expect("text");
    assert!(unknown.contains("event: problem") && unknown.contains("no-such-word"), "{unknown}");
}

#[tokio::test]
async fn other_sites_and_other_names_are_turned_away() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let installation = Installation::start().await;
    let client = reqwest::Client::new();
    let list = format!("{}/api/v1/campaigns", installation.url);
    let rebound = client.get(&list).header("host", "evil.example").send().await.expect("it answers");
    assert_eq!(rebound.status(), 421);
    let action = format!("{}/api/v1/campaigns/1/cancel", installation.url);
    let of_other_site = client
        .post(&action)
        .header("x-superposed-action", "1")
        .header("sec-fetch-site", "cross-site")
        .send()
        .await
        .expect("it answers");
    assert_eq!(of_other_site.status(), 403);
    for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/", 200), ("/nothing", 404), ("/api/v1/nothing", 404)]
    {
        let response = client.get(format!("{}{path}", installation.url)).send().await.expect("it answers");
        assert_eq!(response.status(), status, "{path}");
    }
    let page = client.get(&installation.url).send().await.expect("it answers");
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.starts_with("default-src 'self'"), "{policy}");
}
