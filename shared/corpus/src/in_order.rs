//! Work on several threads, its results taken in order.

use std::{
    collections::BTreeMap,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

/// Which results may be made already.
struct Gate {
    state: Mutex<Progress>,
    changed: Condvar,
}

struct Progress {
    taken: usize,
    stopped: bool,
}

/// Does the pieces of work from 0 to below `pieces` on so many threads, each with a state of its own, and calls `take`
/// with the results in order on this thread. At most twice as many results as threads wait for their turn.
///
/// # Errors
/// The first error in the order of the pieces.
pub(crate) fn in_order<S, T: Send, E: Send>(
    pieces: usize,
    threads: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Result<T, E> + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let gate = Gate { state: Mutex::new(Progress { taken: 0, stopped: false }), changed: Condvar::new() };
    let next = AtomicUsize::new(0);
    let (results, made) = mpsc::channel();
    thread::scope(|scope| {
        let (gate, next, state, work) = (&gate, &next, &state, &work);
        // Ends the others also when this thread, or one of them, unwinds.
        let _stopping = Stopping(gate);
        for _ in 0..threads {
            let results = results.clone();
            scope.spawn(move || {
                let stopping = Stopping(gate);
                let mut state = state();
                loop {
                    let piece = next.fetch_add(1, Ordering::Relaxed);
                    if piece >= pieces || !gate.wait_for(piece, 2 * threads) {
                        break;
                    }
                    if results.send((piece, work(&mut state, piece))).is_err() {
                        break;
                    }
                }
                // All went well: the others go on.
                std::mem::forget(stopping);
            });
        }
        drop(results);
        let (mut turn, mut early) = (0, BTreeMap::new());
        for (piece, result) in made {
            early.insert(piece, result);
            while let Some(result) = early.remove(&turn) {
                take(result?)?;
                turn += 1;
                gate.open_to(turn);
            }
        }
        Ok(())
    })
}

impl Gate {
    /// Waits until a piece is less than `ahead` pieces before its turn; `false` when all is over.
    fn wait_for(&self, piece: usize, ahead: usize) -> bool {
        let early = |progress: &mut Progress| !progress.stopped && piece >= progress.taken + ahead;
        let progress = self.changed.wait_while(self.lock(), early).unwrap_or_else(PoisonError::into_inner);
        !progress.stopped
    }

    fn open_to(&self, taken: usize) {
        self.lock().taken = taken;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets nobody wait any longer when it is dropped.
struct Stopping<'g>(&'g Gate);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        collections::BTreeSet,
        panic::{AssertUnwindSafe, catch_unwind},
    };

    #[test]
    fn results_come_in_order_and_few_wait() {
        for threads in [1, 2, 7] {
            let (made, mut taken) = (Mutex::new(BTreeSet::new()), 0);
            let work = |_: &mut (), piece: usize| {
                made.lock().expect("nobody failed").insert(piece);
                Ok::<_, ()>(piece)
            };
            let take = |piece| {
                assert_eq!(piece, taken);
                taken += 1;
                let ahead = *made.lock().expect("nobody failed").last().expect("this one");
                assert!(ahead < piece + 2 * threads, "{ahead} is ahead of {piece}");
                Ok(())
            };
            in_order(500, threads, || (), work, take).expect("no error");
            assert_eq!(taken, 500);
        }
    }

    #[test]
    fn the_first_error_is_told_and_everybody_stops() {
        let work = |_: &mut (), piece: usize| if piece % 10 == 9 { Err(piece) } else { Ok(piece) };
        assert_eq!(in_order(1000, 4, || (), work, |_| Ok(())), Err(9));
        assert_eq!(
            in_order(1000, 4, || (), |_, piece| Ok(piece), |piece| if piece < 5 { Ok(()) } else { Err(piece) }),
            Err(5)
        );
        let panics = AssertUnwindSafe(|| {
            in_order(1000, 4, || (), |_, piece| if piece == 7 { panic!("7") } else { Ok::<_, ()>(()) }, |()| Ok(()))
        });
        assert!(catch_unwind(panics).is_err());
    }
}
