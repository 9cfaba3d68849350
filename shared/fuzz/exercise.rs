//! Runs the body of a fuzz target over its seeds and many changes of them, and measures what it allocates. Included by
//! the tests of the crates that have such bodies; the including binary gets the allocator below.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// How many changes of each seed are tried.
const CHANGES: u64 = 10_000;

/// The system's allocator, which counts what each thread holds.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    // Without initializers or destructors that run, so that the allocator may use them.
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

#[allow(unsafe_code)]
// SAFETY: every call is handed on as it is to the system's allocator, which keeps the promises of the trait. What is
// done besides is arithmetic on two cells of the thread, which neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.get().saturating_add(layout.size());
        HELD.set(held);
        PEAK.set(PEAK.get().max(held));
        // SAFETY: the caller keeps the promises that `alloc` asks for.
        unsafe { System.alloc(layout) }
    }

    // Not `realloc`: as the trait has it, it is a new allocation beside the old one, which is the most it may be.

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().saturating_sub(layout.size()));
        // SAFETY: the caller keeps the promises that `dealloc` asks for; the memory is of the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What a target may allocate: so many bytes, and so many more for each byte that it is given.
pub(crate) struct Allowance {
    pub(crate) bytes: usize,
    pub(crate) per_byte: usize,
}

/// Runs `target` on every file of `seeds` and on many changes of it.
///
/// # Panics
/// When there are no seeds; when the target panics or allocates more than it may, with the input that made it do so.
pub(crate) fn exercise(seeds: &Path, allowance: &Allowance, target: impl Fn(&[u8])) {
    let mut files: Vec<_> =
        std::fs::read_dir(seeds).expect("a directory of seeds").map(|entry| entry.expect("an entry").path()).collect();
    files.sort_unstable();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).expect("a readable seed")).collect();
    assert!(!seeds.is_empty(), "there are no seeds");
    let run = |input: &[u8], origin: &str| {
        let before = HELD.get();
        PEAK.set(before);
        let outcome = catch_unwind(AssertUnwindSafe(|| target(input)));
        let allocated = PEAK.get() - before;
        assert!(outcome.is_ok(), "a panic for {origin}: {}", input.escape_ascii());
        let allowed = allowance.bytes + allowance.per_byte * input.len();
        assert!(
            allocated <= allowed,
            "{allocated} bytes, not {allowed}, were allocated for {origin}, {} bytes: {}",
            input.len(),
            input.escape_ascii()
        );
    };
    for (file, seed) in files.iter().zip(&seeds) {
        let mut random = Random(seed.len() as u64);
        run(seed, &file.display().to_string());
        for number in 0..CHANGES {
            let mut input = seed.clone();
            for _ in 0..=random.below(3) {
                change(&mut input, &seeds, &mut random);
            }
            run(&input, &format!("change {number} of {}", file.display()));
        }
    }
}

/// Changes an input: flipped bits, cuts, repeated or foreign stretches, and numbers where lengths may be.
fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = random.below(input.len() + 1);
    match random.below(7) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => input.truncate(at),
        2 => {
            let end = (at + 1 + random.below(16)).min(input.len());
            input.drain(at.min(end)..end);
        }
        3 => {
            let seed = &seeds[random.below(seeds.len())];
            let start = random.below(seed.len() + 1);
            let end = (start + random.below(64)).min(seed.len());
            input.splice(at..at, seed[start..end].iter().copied());
        }
        4 => {
            // A stretch many times over: what grows with each one grows a lot.
            let end = (at + 1 + random.below(4)).min(input.len());
            let stretch = input[at..end].repeat(1 + random.below(500));
            input.splice(at..at, stretch);
        }
        5 => {
            // A length, and the bytes or digits of a great one.
            let great: &[&[u8]] = &[&[0xff; 8], &[0xff, 0xff, 0xff, 0x7f], &[0; 8], &[0, 0, 0, 0, 1], b"99999999999"];
            let great = great[random.below(great.len())];
            let end = (at + great.len()).min(input.len());
            input.splice(at..end, great.iter().copied());
        }
        _ => {
            let byte = random.next() as u8;
            match input.get_mut(at) {
                Some(place) => *place = byte,
                None => input.push(byte),
            }
        }
    }
}

/// SplitMix64: the same changes every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}
