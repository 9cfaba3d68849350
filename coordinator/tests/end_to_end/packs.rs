//! Campaigns whose results are packs.

use crate::support::{Place, demo_campaign, differences, succeed, superposed, tree};
use std::process::Command;
use superposed_storage::test_server::TestServer;

#[test]
fn a_campaign_in_packs_found_what_one_in_files_found_in_a_directory_and_in_a_bucket() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let server = TestServer::start(&["lab"]);
    let run = |mut command: Command| {
        command.envs(server.environment());
        succeed(command)
    };
    let local = |name: &str, campaign: &str| {
        let file = place.file(&format!("{name}.toml"), campaign);
        run(place.superposed(&["local", file.to_str().expect("a UTF-8 path")]))
    };
    let best = local("files", &demo_campaign("files"));
    assert!(best.starts_with("best 20 topics of 2304 jobs"), "{best}");
    let directory = place.path("packs").display().to_string();
    for (name, destination, there) in [
        ("packs", directory.as_str(), place.path("packs")),
        ("bucket", "s3://lab/packs", server.bucket("lab").join("packs")),
    ] {
        let campaign = demo_campaign(destination).replace("modes =", "layout = 'packs'\nmodes =");
        assert_eq!(local(name, &campaign), best);
        let files = tree(&there);
        let results = files.keys().filter(|path| path.starts_with("demo/i") || path.starts_with("demo/ii"));
        let results: Vec<_> = results.map(|path| path.display().to_string()).collect();
        assert!(results.iter().all(|path| path.ends_with(".parquet") && !path.contains(".parts")), "{results:?}");
        assert!(results.len() >= 2 && results.len() < 100, "{results:?}");
        let verified = run(superposed(&["verify", destination]));
        assert!(verified.contains("2304 jobs"), "{verified}");
        let back = place.path(&format!("{name}-back"));
        let to = back.to_str().expect("a UTF-8 path");
        run(superposed(&["export", destination, to, "--format", "legacy"]));
        assert_eq!(differences(&place.path("files"), &back), Vec::<std::path::PathBuf>::new());
    }
}
