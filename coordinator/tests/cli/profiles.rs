//! Profiles: which coordinator is asked when nobody names one.

use crate::{
    served::{Served, refusal},
    support::{Place, succeed, superposed},
};
use std::{fs, process::Command};

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_says_which_coordinator_and_flags_and_environment_say_it_louder() {
    let served = Served::start().await;
    served.submit("one", "0-9").await;
    let place = Place::new();
    fs::create_dir(place.path("superposed")).expect("a new directory");
    let lab = format!(
        "default = 'nowhere'\n[profile.nowhere]\ncoordinator = 'http://127.0.0.1:1'\n[profile.lab]\ncoordinator = '{}'\n",
        served.url
    );
    place.file("superposed/profiles.toml", &lab);
    let list = |arguments: &[&str]| -> Command {
        let mut command = superposed(&["list"]);
        command.args(arguments).env("XDG_CONFIG_HOME", place.path("")).env_remove("SUPERPOSED_PROFILE");
        command
    };
    let (code, line) = refusal(list(&[]));
    assert!(code == Some(4) && line.starts_with("no coordinator answers at http://127.0.0.1:1 "), "{line}");
    assert!(succeed(list(&["--profile", "lab"])).contains("one"));
    let mut by_environment = list(&[]);
    by_environment.env("SUPERPOSED_PROFILE", "lab");
    assert!(succeed(by_environment).contains("one"));
    assert!(succeed(list(&["--coordinator", &served.url])).contains("one"));
    let mut by_environment = list(&["--profile", "nowhere"]);
    by_environment.env("SUPERPOSED_COORDINATOR", &served.url);
    assert!(succeed(by_environment).contains("one"));

    let (code, line) = refusal(list(&["--profile", "home"]));
    assert_eq!(code, Some(1));
    assert!(line.ends_with("superposed/profiles.toml has no profile \"home\"; it has lab, nowhere"), "{line}");
    place.file("superposed/profiles.toml", &format!("{lab}token = 'hunter2'\n"));
    let (_, line) = refusal(list(&["--profile", "lab"]));
    assert!(line.contains("line 6: unknown field `token`") && !line.contains("hunter2"), "{line}");
}
