//! What the stages of a pipeline spend their time on.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, RecvError, SyncSender},
    },
    time::{Duration, Instant},
};

/// The stage behind is gone: the process ends.
#[derive(Debug)]
pub(super) struct Gone;

/// What a stage does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    Working,
    /// Waits for the stage before it.
    Starved,
    /// Waits for the stage behind it.
    Blocked,
}

/// How long a stage worked, waited for the stage before it, and waited for the stage behind it.
#[derive(Debug, Default)]
pub(super) struct StageClock(Mutex<Spent>);

#[derive(Debug, Default)]
struct Spent {
    /// By [`Doing`].
    sums: [Duration; 3],
    now: Option<(Doing, Instant)>,
}

impl StageClock {
    /// Does the stage's work.
    pub(super) fn work<T>(&self, work: impl FnOnce() -> T) -> T {
        self.timed(Doing::Working, work)
    }

    /// Waits for the stage before.
    pub(super) fn wait<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.timed(Doing::Starved, wait)
    }

    /// Waits for the stage behind, or for what it writes to.
    pub(super) fn hold_up<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.timed(Doing::Blocked, wait)
    }

    /// Takes what the stage before hands over.
    pub(super) fn receive<T>(&self, from: &Receiver<T>) -> Result<T, RecvError> {
        self.wait(|| from.recv())
    }

    /// Hands something to the stage behind.
    pub(super) fn send<T>(&self, to: &SyncSender<T>, item: T) -> Result<(), Gone> {
        self.hold_up(|| to.send(item)).map_err(|_| Gone)
    }

    fn timed<T>(&self, doing: Doing, what: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        self.spent().now = Some((doing, start));
        let result = what();
        let mut spent = self.spent();
        spent.sums[doing as usize] += start.elapsed();
        spent.now = None;
        result
    }

    /// With what is not over yet.
    fn seconds(&self) -> [f64; 3] {
        let spent = self.spent();
        let mut sums = spent.sums;
        if let Some((doing, since)) = spent.now {
            sums[doing as usize] += since.elapsed();
        }
        sums.map(|sum| sum.as_secs_f64())
    }

    fn is_working(&self) -> bool {
        self.spent().now.is_some_and(|(doing, _)| doing == Doing::Working)
    }

    /// Sums are whole whatever happened to who added to them.
    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How a stage's time was spent so far, in seconds of its one thread.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Share {
    /// At work; for mining and for a forward pass on the cores, however many threads did it.
    pub worked: f64,
    /// Waiting for the stage before it, or for leases.
    pub starved: f64,
    /// Waiting for the stage behind it.
    pub blocked: f64,
}

impl Share {
    /// What came to it since it was `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            worked: self.worked - before.worked,
            starved: self.starved - before.starved,
            blocked: self.blocked - before.blocked,
        }
    }
}

impl fmt::Display for Share {
    /// As percentages of all its time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { worked, starved, blocked } = *self;
        let all = (worked + starved + blocked).max(f64::MIN_POSITIVE);
        let [worked, starved, blocked] = [worked, starved, blocked].map(|part| 100.0 * part / all);
        write!(f, "{worked:.0} % at work, {starved:.0} % without input, {blocked:.0} % held up")
    }
}

/// What the stages of a running pipeline spend their time on.
#[derive(Debug, Clone, Default)]
pub struct StageShares {
    clocks: [Arc<StageClock>; 3],
}

impl StageShares {
    /// The stages, in their order.
    pub const NAMES: [&str; 3] = ["prepare", "mine", "deliver"];

    pub(super) fn new(clocks: [Arc<StageClock>; 3]) -> Self {
        Self { clocks }
    }

    /// Since the start, in the order of [`StageShares::NAMES`].
    #[must_use]
    pub fn so_far(&self) -> [Share; 3] {
        self.clocks.each_ref().map(|clock| {
            let [worked, starved, blocked] = clock.seconds();
            Share { worked, starved, blocked }
        })
    }

    /// Whether any of them is at work now.
    #[must_use]
    pub fn any_at_work(&self) -> bool {
        self.clocks.iter().any(|clock| clock.is_working())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::mpsc::sync_channel, thread};

    #[test]
    fn a_stage_knows_what_it_spent_its_time_on() {
        let clock = Arc::new(StageClock::default());
        let shares = StageShares::new([Arc::clone(&clock), Arc::default(), Arc::default()]);
        let (sender, receiver) = sync_channel(0);
        let (back, held) = sync_channel(0);
        let stage = thread::spawn(move || {
            let item: Duration = clock.receive(&receiver).expect("something is sent");
            clock.work(|| thread::park_timeout(item));
            clock.send(&back, ()).expect("somebody takes it");
        });
        let spent = Duration::from_millis(20);
        sender.send(spent).expect("the stage listens");
        held.recv().expect("the stage answers");
        stage.join().expect("the stage does not panic");
        let [share, idle, _] = shares.so_far();
        assert!(share.worked > 0.0 && share.starved > 0.0 && share.blocked > 0.0, "{share:?}");
        assert_eq!(idle, Share::default());
        assert_eq!(share.since(share), Share::default());
        let half = Share { worked: 1.0, starved: 0.5, blocked: 0.5 };
        assert_eq!(half.to_string(), "50 % at work, 25 % without input, 25 % held up");
    }

    #[test]
    fn what_is_not_over_counts_already() {
        let clock = Arc::new(StageClock::default());
        let shares = StageShares::new([Arc::clone(&clock), Arc::default(), Arc::default()]);
        assert!(!shares.any_at_work());
        clock.work(|| {
            let start = Instant::now();
            while start.elapsed().is_zero() {}
            assert!(shares.any_at_work() && shares.so_far()[0].worked > 0.0);
        });
        assert!(!shares.any_at_work() && shares.so_far()[0].starved == 0.0);
    }
}
