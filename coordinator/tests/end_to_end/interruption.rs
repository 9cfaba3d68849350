//! Ctrl-C in the middle of a campaign: nothing is lost, and the same command goes on.

use crate::support::{Place, demo_campaign, differences, succeed, told};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

/// Reads what the program says until a line of it; returns what it said.
pub(crate) fn until(said: &mut impl BufRead, is_last: impl Fn(&str) -> bool) -> String {
    let mut lines = String::new();
    for line in said.lines().map_while(Result::ok) {
        lines.push_str(&line);
        lines.push('\n');
        if is_last(&line) {
            break;
        }
    }
    lines
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
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut stderr = BufReader::new(running.stderr.take().expect("piped"));
    let mut said = until(&mut stderr, |line| line.contains("/2304 jobs") && !line.starts_with("0/"));
    let pid = i32::try_from(running.id()).expect("a process id");
    kill(Pid::from_raw(pid), Signal::SIGINT).expect("a running process");
    stderr.read_to_string(&mut said).expect("text");
    let status = running.wait().expect("an own child");
    assert_eq!(status.code(), Some(130), "{said}");
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

    // Run once more, it has nothing to do; files removed, it makes them again.
    succeed(local("interrupted"));
    std::fs::remove_file(place.path("interrupted/demo/ii/1_7_pos.pkl")).expect("an own file");
    let output = local("interrupted").output().expect("the program starts");
    assert!(told(&output).contains("files of 1 finished jobs were removed: the campaign is mined again"), "{output:?}");
    assert_eq!(differences(&place.path("undisturbed"), &place.path("interrupted")), Vec::<std::path::PathBuf>::new());

    // Another campaign under its name would make its record lie.
    let other = demo_campaign("interrupted").replace("['i', 'ii']", "['i']");
    let file = place.file("other.toml", &other);
    let output = place.superposed(&["local", file.to_str().expect("a UTF-8 path")]).output().expect("it starts");
    assert!(!output.status.success() && told(&output).contains("give this one another name"), "{}", told(&output));
}
