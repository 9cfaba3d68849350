//! One campaign, from its submission to what it must have come to.

use crate::{
    database::Jobs,
    faults::{self, Felt},
    installation::Installation,
    processes::superposed,
    schedule::Schedule,
    waiting::until,
    writes::Writes,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// A campaign that was mined, and what was noted of it.
#[derive(Debug)]
pub(crate) struct Mined {
    pub(crate) jobs: usize,
    pub(crate) took: Duration,
    pub(crate) faults: Vec<Felt>,
    /// Jobs in leases, each as often as it was handed out.
    pub(crate) handed_out: usize,
    /// Jobs whose files were put into place, each as often as they were.
    pub(crate) written: usize,
    /// Jobs that were handed out twice or more.
    pub(crate) twice_handed_out: usize,
    /// Jobs whose files were put into place twice or more.
    pub(crate) twice_written: usize,
    /// Jobs that were leased and not finished, by what ended the lease.
    pub(crate) returned: BTreeMap<String, usize>,
    /// Jobs that stood alone and used up attempts.
    pub(crate) burnt: i64,
    tree: BTreeMap<PathBuf, Vec<u8>>,
}

const MODES: [&str; 2] = ["i", "ii"];

/// Queues a campaign over all of the demo's model, 2,304 jobs; its results go to the disk.
pub(crate) async fn submit(installation: &Installation, name: &str) -> i64 {
    let text = format!(
        "name = '{name}'\nsize = 'demo'\nmodel = 'demo/model'\ncorpus = 'demo/corpus'\ndestination = 'disk/{name}'\n\
         modes = ['i', 'ii']\n[parameters]\nmin_freq = 20\n"
    );
    let file = installation.path(&format!("{name}.toml"));
    fs::write(&file, text).expect("a writable directory");
    let url = format!("http://{}", installation.coordinators[0].address);
    let mut submit = superposed(&["submit", file.to_str().expect("a UTF-8 path"), "--coordinator", &url]);
    let output = tokio::task::spawn_blocking(move || submit.output().expect("the program starts")).await;
    let output = output.expect("no panic");
    let said = String::from_utf8_lossy(&output.stdout);
    let id = said.strip_prefix("campaign ").and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    id.unwrap_or_else(|| panic!("the campaign was not queued: {said}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Mines a campaign while faults happen, until it ends or the schedule is over; then checks all of it, the results
/// against those of an undisturbed one.
pub(crate) async fn mine(
    installation: &mut Installation,
    name: &str,
    undisturbed: Option<&Mined>,
    schedule: &mut Schedule,
) -> Mined {
    let destination = installation.disk.root().join(name);
    let size = destination.join("demo");
    for mode in MODES {
        fs::create_dir_all(size.join(mode)).expect("a writable directory");
    }
    let mut writes = Writes::watch(&size, &MODES);
    let start = Instant::now();
    let id = submit(installation, name).await;
    let mut felt: Vec<Felt> = Vec::new();
    while let Some(fault) = schedule.next() {
        let Some(mut next) = faults::inject(fault, installation, id, &mut schedule.draws).await else {
            schedule.put_back(fault);
            break;
        };
        writes.look();
        installation.check_all_run();
        // What ended before this one is the last one's doing.
        if let Some(last) = felt.last_mut() {
            last.handed_back = next.handed_back_before - last.handed_back_before;
        }
        next.handed_back = 0;
        eprintln!("{name}: {next}");
        felt.push(next);
    }
    let standing = until("the campaign ends", async || {
        writes.look();
        installation.database.standing(id).await.ok().filter(|standing| standing.ended())
    });
    let standing = standing.await;
    let took = start.elapsed();
    assert_eq!(standing.state, "completed", "{standing:?}");
    assert_eq!(standing.trouble, None);
    let database = &installation.database;
    let jobs = usize::try_from(database.check_all_done(id).await).expect("a number of jobs");
    let (returned_jobs, causes) = database.returned(id).await;
    if let Some(last) = felt.last_mut() {
        last.handed_back = count(&returned_jobs) - last.handed_back_before;
    }

    // A worker whose lease was lost may be at the last of its files still; then it has none left to write.
    until("no worker has files left to write", async || {
        writes.look();
        let idle = faults::all_idle(installation).await;
        idle.then_some(())
    })
    .await;
    writes.look();
    let tree = tree(&destination);
    if let Some(undisturbed) = undisturbed {
        assert_eq!(differences(&undisturbed.tree, &tree), BTreeSet::<&PathBuf>::new(), "the results differ");
    }
    fs::remove_dir_all(&destination).expect("own directory");

    let granted = database.granted(id).await;
    let dispatches = by_job(&granted);
    let mut mined = Mined {
        jobs,
        took,
        faults: felt,
        handed_out: count(&granted),
        written: 0,
        twice_handed_out: 0,
        twice_written: 0,
        returned: BTreeMap::new(),
        burnt: database.burnt(id).await,
        tree,
    };
    for (cause, jobs) in causes.into_iter().zip(&returned_jobs) {
        *mined.returned.entry(cause).or_default() += count(std::slice::from_ref(jobs));
    }
    assert_eq!(dispatches.len(), jobs, "a job was done that was never handed out");
    let returns = by_job(&returned_jobs);
    for (job, &times) in &dispatches {
        let pool = pool(*job);
        let writes = writes.of(&pool);
        // Each time but the last, the lease ended before the job was reported done; once done, it is never handed out.
        assert_eq!(times, 1 + returns.get(job).copied().unwrap_or(0), "{pool} was handed out {times} times");
        assert!((1..=times).contains(&writes), "{pool} was handed out {times} times and written {writes} times");
        mined.written += writes;
        mined.twice_handed_out += usize::from(times > 1);
        mined.twice_written += usize::from(writes > 1);
    }
    mined
}

fn count(jobs: &[Jobs]) -> usize {
    jobs.iter().map(|jobs| jobs.ordinals.len()).sum()
}

/// How often each job is among these: by mode, layer and ordinal.
fn by_job(jobs: &[Jobs]) -> BTreeMap<(i16, i32, i32), usize> {
    let mut counts = BTreeMap::new();
    for Jobs { mode, layer, ordinals } in jobs {
        for ordinal in ordinals.clone() {
            *counts.entry((*mode, *layer, ordinal)).or_default() += 1;
        }
    }
    counts
}

/// The pool of a job in a campaign over all neurons and both polarities, below its size.
fn pool((mode, layer, ordinal): (i16, i32, i32)) -> String {
    let mode = MODES[usize::try_from(mode - 1).expect("modes are numbered from 1")];
    format!("{mode}/{layer}_{}_{}.pkl", ordinal / 2, ["neg", "pos"][usize::from(ordinal % 2 == 1)])
}

/// All files by their path, but for the campaigns' records and the solver records: these say when, by what name, and how
/// long it took.
fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).expect("a readable directory") {
            let path = entry.expect("a readable directory").path();
            if path.is_dir() && path.file_name().is_none_or(|name| name != "campaigns" && name != "solves") {
                directories.push(path);
            } else if path.is_file() {
                let content = fs::read(&path).expect("a readable file");
                files.insert(path.strip_prefix(root).expect("a path below the root").to_owned(), content);
            }
        }
    }
    files
}

/// The names of files that one of two trees has alone, leftovers included, or that differ.
fn differences<'a>(
    left: &'a BTreeMap<PathBuf, Vec<u8>>,
    right: &'a BTreeMap<PathBuf, Vec<u8>>,
) -> BTreeSet<&'a PathBuf> {
    left.keys().chain(right.keys()).filter(|name| left.get(*name) != right.get(*name)).collect()
}
