//! Ctrl-C in the middle of a campaign: nothing is lost, and the same command goes on.

use crate::support::{Place, demo_campaign, differences, succeed, told};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    path::Path,
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Waits until the first job has its files, and says whether the process still runs then.
fn first_files(local: &mut Child, mode: &Path) -> bool {
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        if mode.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            return true;
        }
        if local.try_wait().expect("an own child").is_some() {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    false
}

#[test]
fn an_interrupted_campaign_goes_on_where_it_stopped() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let local = |destination: &str| {
        let file = place.file(&format!("{destination}.toml"), &demo_campaign(destination));
        place.superposed(&["local", file.to_str().expect("a UTF-8 path")])
    };
    succeed(local("undisturbed"));

    let mut command = local("interrupted");
    let mut running = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    assert!(first_files(&mut running, &place.path("interrupted/demo/i")), "no job was done");
    let pid = i32::try_from(running.id()).expect("a process id");
    kill(Pid::from_raw(pid), Signal::SIGINT).expect("a running process");
    let output = running.wait_with_output().expect("an own child");
    let said = told(&output);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("the same command goes on from here"), "{said}");
    let missing = differences(&place.path("undisturbed"), &place.path("interrupted"));
    assert!(!missing.is_empty(), "the campaign was over before it was interrupted");

    let output = local("interrupted").output().expect("the program starts");
    let said = told(&output);
    assert!(output.status.success(), "{said}");
    // What was finished before is not mined again.
    let first = said.lines().find(|line| line.contains("/2304 jobs")).expect("a line of progress");
    assert!(!first.starts_with("0/"), "{said}");
    assert_eq!(differences(&place.path("undisturbed"), &place.path("interrupted")), Vec::<std::path::PathBuf>::new());

    // Run once more, it has nothing to do; its results removed, it starts afresh.
    succeed(local("interrupted"));
    std::fs::remove_dir_all(place.path("interrupted")).expect("own files");
    succeed(local("interrupted"));
    assert_eq!(differences(&place.path("undisturbed"), &place.path("interrupted")), Vec::<std::path::PathBuf>::new());
}
