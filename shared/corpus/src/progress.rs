//! What long work reports while it runs.

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Reading published counts; in bytes of the source as it lies on disk.
    ReadingCounts,
    /// Counting words to choose the vocabulary; in bytes of the inputs as they lie on disk.
    ChoosingVocabulary,
    /// Counting windows; in bytes of the inputs as they lie on disk, or in documents when they do not come from files.
    CountingWindows,
    /// Encoding, hashing and writing what is left of the store; in words.
    WritingStore,
    /// Writing counts as they are published; in words.
    WritingCounts,
}

/// How far one stage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// How much of it is done, in the unit of the stage.
    pub done: u64,
    /// How much there is to do, where that is known.
    pub total: Option<u64>,
}

/// Called now and then, from the thread that does the work, with how far it is.
pub type Callback<'a> = &'a dyn Fn(Progress);

/// Reports the progress of one stage to whoever listens, at most once for every `step` units.
pub(crate) struct Reporter<'a> {
    callback: Option<Callback<'a>>,
    stage: Stage,
    total: Option<u64>,
    step: u64,
    next: u64,
}

impl<'a> Reporter<'a> {
    /// A reporter of `stage`; it speaks whenever `step` more units are done.
    pub(crate) fn new(callback: Option<Callback<'a>>, stage: Stage, total: Option<u64>, step: u64) -> Self {
        Self { callback, stage, total, step, next: 0 }
    }

    /// Says that `done` units are done.
    pub(crate) fn at(&mut self, done: u64) {
        if let Some(callback) = self.callback
            && done >= self.next
        {
            self.next = done.saturating_add(self.step);
            callback(Progress { stage: self.stage, done, total: self.total });
        }
    }

    /// Says that the stage is complete, whatever was said before.
    pub(crate) fn finish(&self, done: u64) {
        if let Some(callback) = self.callback {
            callback(Progress { stage: self.stage, done, total: self.total });
        }
    }
}
