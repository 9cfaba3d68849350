//! The members of published counts, read on one thread and decoded on others, handed over in their order.
//!
//! Decompression goes one way and cannot be shared out, so it has a thread of its own that does nothing else. What it
//! reads is decoded (parsed, encoded, hashed) by several threads, and taken in the order of the archive by the thread
//! that asked: whatever happens, happens as if one thread did everything. A member counts against [`IN_FLIGHT`] from before
//! it is read until it is taken, so what is in memory does not depend on the archive's size.

use super::archive::{Archive, Visit};
use crate::{CorpusError, progress::Reporter};
use std::{
    collections::BTreeMap,
    num::NonZero,
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

/// The most bytes of members that are read ahead, unless a single one has more.
pub(super) const IN_FLIGHT: usize = 32 << 20;

/// The most members that are read ahead: each may be a row of half a megabyte by then.
const MEMBERS: usize = 32;

/// The longest member whose memory is used again for the next one, in bytes.
const KEPT: usize = 1 << 20;

/// The most threads that decode: reading is slower than several of them together.
const THREADS: usize = 8;

/// A member that was read.
struct Read {
    number: u64,
    name: String,
    content: Vec<u8>,
}

/// A member that was decoded.
struct Decoded<T> {
    number: u64,
    /// What it counts against the limit.
    bytes: usize,
    outcome: Result<T, CorpusError>,
}

/// Reads the members of `archive` whose names are `wanted`, has each turned into something by `decode` on any thread,
/// with a state per thread, and calls `take` with these things in the order of the archive, on this thread.
///
/// # Errors
/// The first error in that order.
pub(super) fn run<S, T: Send>(
    archive: &Archive<'_>,
    reporter: &mut Reporter<'_>,
    wanted: impl Fn(&str) -> bool + Sync,
    state: impl Fn() -> S + Sync,
    decode: impl Fn(&mut S, &str, &[u8]) -> Result<T, CorpusError> + Sync,
    mut take: impl FnMut(T) -> Result<(), CorpusError>,
) -> Result<(), CorpusError> {
    let (passed, limit, spare) = (AtomicU64::new(0), Limit::default(), Mutex::new(Vec::new()));
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = threads.saturating_sub(1).clamp(1, THREADS);
    let (members, queue) = mpsc::channel::<Read>();
    let (results, decoded) = mpsc::channel::<Decoded<T>>();
    let queue = Mutex::new(queue);
    thread::scope(|scope| {
        let (queue, limit, spare, passed) = (&queue, &limit, &spare, &passed);
        let (wanted, state, decode) = (&wanted, &state, &decode);
        // Ends the reader also when this thread unwinds.
        let _closing = Closing(limit);

        let reader = scope.spawn(move || {
            let mut number = 0;
            let visit: &mut Visit<'_> = &mut |mut member| {
                if !wanted(member.name) {
                    return Ok(true);
                }
                let mut content: Vec<u8> = lock(spare).pop().unwrap_or_default();
                // What is claimed is reserved in the limit, but not in memory: `read` grows with what is there.
                let Some(reserved) = limit.acquire(member.length) else { return Ok(false) };
                member.read(&mut content)?;
                limit.correct(reserved, content.len());
                let read = Read { number, name: member.name.to_owned(), content };
                number += 1;
                Ok(members.send(read).is_ok())
            };
            archive.visit(passed, visit)
        });
        for _ in 0..threads {
            let results = results.clone();
            scope.spawn(move || {
                let mut state = state();
                loop {
                    let next = lock(queue).recv();
                    let Ok(Read { number, name, mut content }) = next else { break };
                    let (outcome, bytes) = (decode(&mut state, &name, &content), content.len());
                    content.clear();
                    if content.capacity() <= KEPT {
                        lock(spare).push(content);
                    }
                    if results.send(Decoded { number, bytes, outcome }).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);

        let (mut next, mut early) = (0, BTreeMap::new());
        for result in decoded {
            early.insert(result.number, result);
            while let Some(Decoded { bytes, outcome, .. }) = early.remove(&next) {
                next += 1;
                take(outcome?)?;
                limit.release(bytes);
                reporter.at(passed.load(Ordering::Relaxed));
            }
        }
        match reader.join() {
            Ok(read) => read,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    reporter.finish(passed.load(Ordering::Relaxed));
    Ok(())
}

/// How much is in memory.
#[derive(Default)]
struct Limit {
    state: Mutex<InFlight>,
    changed: Condvar,
}

#[derive(Default)]
struct InFlight {
    bytes: usize,
    members: usize,
    closed: bool,
}

impl Limit {
    /// Waits until there is room for so many bytes, or nothing else is in flight; `None` when all is over.
    fn acquire(&self, bytes: u64) -> Option<usize> {
        // A claim beyond all that is allowed waits until it is alone, whatever it is.
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(IN_FLIGHT);
        let full = |state: &mut InFlight| {
            !state.closed && state.members > 0 && (state.bytes + bytes > IN_FLIGHT || state.members >= MEMBERS)
        };
        let mut state = self.changed.wait_while(lock(&self.state), full).unwrap_or_else(PoisonError::into_inner);
        state.bytes += bytes;
        state.members += 1;
        (!state.closed).then_some(bytes)
    }

    /// Replaces what was acquired by what it came to.
    fn correct(&self, acquired: usize, bytes: usize) {
        let mut state = lock(&self.state);
        state.bytes = state.bytes - acquired + bytes;
    }

    /// Gives the room of one member back.
    fn release(&self, bytes: usize) {
        let mut state = lock(&self.state);
        state.bytes -= bytes;
        state.members -= 1;
        self.changed.notify_one();
    }
}

/// Lets nobody wait for room any longer when it is dropped.
struct Closing<'l>(&'l Limit);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).closed = true;
        self.0.changed.notify_one();
    }
}

/// What a mutex guards. Nothing that is guarded here is ever half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
