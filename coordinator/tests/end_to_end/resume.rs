//! Results whose queue is lost: their files are adopted, and only what is missing is mined.

use crate::{
    interruption::until,
    support::{Place, demo_campaign, differences, succeed, superposed, told},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    collections::BTreeMap,
    fs,
    io::{BufReader, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::SystemTime,
};
use superposed_storage::test_server::TestServer;

/// A campaign with a queue of its own, which knows of nothing that was before.
fn afresh(place: &Place, name: &str, campaign: &str, options: &[&str]) -> Command {
    let file = place.file(&format!("{name}.toml"), campaign);
    let mut command = superposed(&["local", file.to_str().expect("a UTF-8 path"), "--topics", "0"]);
    command.args(options).arg("--state").arg(place.path(name));
    command
}

/// When the files of jobs were written.
fn written(root: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let of_mode = |mode: &str| fs::read_dir(root.join("demo").join(mode)).into_iter().flatten();
    let files = ["i", "ii"].into_iter().flat_map(of_mode).map(|entry| entry.expect("a readable directory").path());
    files.map(|path| (path.clone(), fs::metadata(&path).and_then(|meta| meta.modified()).expect("a file"))).collect()
}

/// How many jobs have three files.
fn whole(files: &BTreeMap<PathBuf, SystemTime>) -> usize {
    let has = |stem: &str, ending: &str| files.contains_key(Path::new(&format!("{stem}{ending}")));
    let stems = files.keys().filter_map(|path| path.to_str()?.strip_suffix(".pkl").map(str::to_owned));
    stems.filter(|stem| has(stem, "_isets.csv") && has(stem, "_topics.csv")).count()
}

#[test]
fn what_is_missing_of_a_tree_whose_queue_is_lost_is_mined_and_nothing_else() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    succeed(afresh(&place, "undisturbed", &demo_campaign("undisturbed-results"), &[]));
    let undisturbed = place.path("undisturbed-results");

    let mut running = afresh(&place, "lost", &demo_campaign("results"), &[])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stderr = BufReader::new(running.stderr.take().expect("piped"));
    let mut said = until(&mut stderr, |line| line.contains("/2304 jobs") && !line.starts_with("0/"));
    kill(Pid::from_raw(i32::try_from(running.id()).expect("a process id")), Signal::SIGINT).expect("it runs");
    stderr.read_to_string(&mut said).expect("text");
    assert_eq!(running.wait().expect("an own child").code(), Some(130), "{said}");
    let results = place.path("results");
    // A job whose pool a power cut emptied, and one that has lost its topics.
    let one =
        fs::read_dir(results.join("demo/i")).expect("some were mined").map(|entry| entry.expect("an entry").path());
    let [emptied, halved] = {
        let mut pools: Vec<_> = one.filter(|path| path.extension().is_some_and(|ending| ending == "pkl")).collect();
        pools.sort();
        [pools[0].clone(), pools[1].clone()]
    };
    fs::write(&emptied, "").expect("a writable file");
    fs::remove_file(halved.to_str().expect("UTF-8").replace(".pkl", "_topics.csv")).expect("it has topics");
    let before = written(&results);
    let there = whole(&before) - 1;
    assert!(there > 0 && there < 2304, "the campaign was over before it was interrupted");

    let output = afresh(&place, "found", &demo_campaign("results"), &["--resume"]).output().expect("it starts");
    let said = told(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains(&format!("adopted {there} of 2304 jobs, whose files are there")), "{said}");
    let first = said.lines().find(|line| line.contains("/2304 jobs")).expect("a line of progress");
    assert!(first.starts_with(&format!("{there}/2304 jobs")), "{said}");
    assert_eq!(differences(&undisturbed, &results), Vec::<PathBuf>::new());
    let after = written(&results);
    let kept = before.iter().filter(|(path, time)| after.get(*path) == Some(time)).count();
    // Of jobs that were whole no file was written again; of the others all were.
    assert_eq!(kept, there * 3);

    // All of it is there: another name, another queue, nothing to do. So it is with a copy in a bucket.
    let another = |destination: &str| demo_campaign(destination).replace("'whole'", "'another'");
    let all = |output: &str| assert!(output.contains("adopted 2304 of 2304 jobs"), "{output}");
    all(&told(&afresh(&place, "third", &another("results"), &["--resume"]).output().expect("it starts")));
    assert_eq!(written(&results), after);
    let server = TestServer::start(&["lab"]);
    let copied = Command::new("cp").arg("-r").arg(&results).arg(server.bucket("lab").join("copy")).status();
    assert!(copied.expect("cp").success());
    let mut command = afresh(&place, "bucket", &another("s3://lab/copy"), &["--resume"]);
    let output = command.envs(server.environment()).output().expect("it starts");
    assert!(output.status.success(), "{}", told(&output));
    all(&told(&output));

    // Made with other parameters, it is another's.
    let other = another("results").replace("'another'", "'other'").replace("min_freq = 20", "min_freq = 21");
    let said = told(&afresh(&place, "fourth", &other, &["--resume"]).output().expect("it starts"));
    assert!(said.contains("made with another set of parameters"), "{said}");
}

#[test]
fn a_tree_without_a_record_is_adopted_only_by_who_trusts_it_and_if_its_scores_are_those_of_the_corpus() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let campaign = demo_campaign("results").replace("['i', 'ii']", "['ii']");
    succeed(afresh(&place, "first", &campaign, &[]));
    let results = place.path("results");
    fs::remove_dir_all(results.join("demo/campaigns")).expect("records");
    let before = written(&results);

    let said = told(&afresh(&place, "second", &campaign, &["--resume"]).output().expect("it starts"));
    assert!(said.contains("has files of 1152 of these jobs and no record of what made them: say --trust"), "{said}");
    assert!(!results.join("demo/campaigns").exists(), "what was refused left a record");

    let topics = before.keys().filter(|path| path.to_str().is_some_and(|path| path.ends_with("_topics.csv")));
    let (path, content) = topics
        .map(|path| (path, fs::read_to_string(path).expect("a file")))
        .find(|(_, content)| !content.is_empty())
        .expect("a job with topics");
    let (ids, score) = content.trim_end().rsplit_once(',').expect("a topic");
    let score: f64 = score.parse().expect("a score");
    fs::write(path, format!("{ids},{}\n", score + 1e-8)).expect("a writable file");
    let said = told(&afresh(&place, "third", &campaign, &["--resume", "--trust"]).output().expect("it starts"));
    assert!(said.contains("has files of 1 jobs that these parameters and this corpus did not make"), "{said}");
    assert!(said.contains("the score is"), "{said}");
    fs::write(path, &content).expect("a writable file");

    let output = afresh(&place, "fourth", &campaign, &["--resume", "--trust"]).output().expect("it starts");
    assert!(output.status.success() && told(&output).contains("adopted 1152 of 1152 jobs"), "{}", told(&output));
    let after = written(&results);
    let again = before.iter().filter(|(path, time)| after.get(*path) != Some(time)).count();
    // The one that this test wrote itself.
    assert_eq!(again, 1);
}
