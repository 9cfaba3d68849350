//! Joint counts while they are counted, in a table and in lists.

use super::{
    head::{CountedHead, Head, HeadAdder},
    plan::Plan,
    spill::Spill,
    tail::{CountedTail, Tail, TailAdder},
};
use crate::CorpusError;

/// What all threads add to. Words are numbered by rank.
pub(super) struct Joint {
    head: Head,
    tail: Tail,
}

impl Joint {
    pub(super) fn new(plan: &Plan, spill: Spill) -> Self {
        Self { head: Head::new(plan), tail: Tail::new(plan, spill) }
    }

    /// What one thread adds with.
    pub(super) fn adder(&self) -> Adder<'_> {
        Adder { dense: self.head.words(), head: HeadAdder::new(&self.head), tail: TailAdder::new(&self.tail) }
    }

    /// What was counted, once all threads are done.
    pub(super) fn finish(self) -> Counted {
        Counted { head: self.head.finish(), tail: self.tail.finish() }
    }
}

/// What one thread adds with.
pub(super) struct Adder<'j> {
    dense: u32,
    head: HeadAdder<'j>,
    tail: TailAdder<'j>,
}

impl Adder<'_> {
    /// Adds to the count of two different words.
    #[inline]
    pub(super) fn add(&mut self, a: u32, b: u32, count: u32) {
        let (larger, smaller) = (a.max(b), a.min(b));
        if larger < self.dense {
            self.head.add(larger, smaller, count);
        } else {
            self.tail.add(a, b, count.into());
        }
    }

    /// Whether all could be kept so far; to be asked now and then.
    pub(super) fn check(&mut self) -> Result<(), CorpusError> {
        self.tail.check()
    }

    /// Adds what waits.
    pub(super) fn finish(self) -> Result<(), CorpusError> {
        self.head.finish();
        self.tail.finish()
    }
}

/// Joint counts when nothing is added any more.
pub(super) struct Counted {
    pub(super) head: CountedHead,
    pub(super) tail: CountedTail,
}
