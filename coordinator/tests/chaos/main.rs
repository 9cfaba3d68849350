//! Faults, one after the other in a seeded random order, while real campaigns are mined: a real Postgres, two
//! coordinators on it, three workers, a network between them that can be cut, a disk that can be full.
//!
//! Each fault is followed until what it hurt is well again, which is measured; at the end of each campaign every job
//! is done, none failed, the spans partition the ordinals, the results are the bytes of an undisturbed run with no
//! file beside them, and each job that was handed out or written more than once is accounted for. `docs/reliability.md`
//! says what was found, and how to run the long form:
//!
//! ```sh
//! SUPERPOSED_CHAOS_FAULTS=240 SUPERPOSED_CHAOS_SEED=1 cargo test -p superposed --test chaos -- --nocapture schedule
//! ```
//!
//! - [`installation`]: what is started, and where
//! - [`processes`]: coordinators and workers
//! - [`database`]: Postgres, as the test itself sees and restarts it
//! - [`proxy`]: the network
//! - [`disk`]: the destination's file system
//! - [`writes`]: how often each file is put into place
//! - [`schedule`]: which fault is next
//! - [`faults`]: what is done, and when it is over
//! - [`campaign`]: one campaign from its submission to what it must have come to
//! - [`report`]: the table

mod campaign;
mod database;
mod disk;
mod faults;
mod installation;
mod processes;
mod proxy;
mod report;
mod schedule;
mod waiting;
mod writes;

use campaign::Mined;
use faults::Fault;
use installation::Installation;
use report::Report;
use schedule::Schedule;
use std::{env, time::Duration};

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    let Ok(text) = env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}"))
}

/// Without settings, every kind of fault once.
#[tokio::test(flavor = "multi_thread")]
async fn a_random_schedule_of_faults_costs_time_and_nothing_else() {
    let seed = setting("SUPERPOSED_CHAOS_SEED", 1);
    let mut installation = Installation::start(Duration::from_secs(2)).await;
    let undisturbed = campaign::mine(&mut installation, "undisturbed", None, &mut Schedule::none()).await;
    let mut schedule = Schedule::new(seed, setting("SUPERPOSED_CHAOS_FAULTS", 0), installation.disk.can_be_full());
    let mut report = Report::default();
    let mut round = 0;
    while !schedule.is_over() {
        round += 1;
        let mined: Mined =
            campaign::mine(&mut installation, &format!("round-{round}"), Some(&undisturbed), &mut schedule).await;
        report.add(mined);
    }
    report.print(seed, &undisturbed);
}

/// The default lease, and a queue in which nothing else is left to do: the slowest case.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_workers_jobs_are_leased_elsewhere_within_thirty_seconds() {
    let mut installation = Installation::start(Duration::from_secs(20)).await;
    let id = campaign::submit(&installation, "killed").await;
    let mut draws = Schedule::new(1, 0, false).draws;
    let felt = faults::inject(Fault::WorkerKilled, &mut installation, id, &mut draws).await;
    let took = felt.expect("the campaign lasts longer than a worker needs to take a lease").recovery;
    eprintln!("a killed worker's jobs were leased elsewhere after {:.1} s", took.as_secs_f64());
    assert!(took < Duration::from_secs(30), "it took {took:?}");
}
