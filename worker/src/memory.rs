//! How much memory a worker takes: said before it takes it, and kept to.
//!
//! What grows with a campaign is the model on its device and the batches of logits on their way through the
//! [pipeline](crate::pipeline). The rest is small and nearly the same for all campaigns: the program, its threads'
//! scratch space, the vocabulary as words. Mapped files (the corpus store, weights that wait to be read) are no part of it:
//! the system takes those pages back when it needs them.

use crate::pipeline::BATCHES_IN_MEMORY;
use bytesize::ByteSize;
use superposed_forward::{Device, MemoryPlan};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Bytes of the program itself: code's data, connections, vocabularies and tables of logarithms.
const PROGRAM: u64 = 32 << 20;

/// Bytes of a mining thread: its ranking and graph, its stack, what its allocator keeps, and the results of its last jobs.
const MINER: u64 = 24 << 20;

/// Of memory that is free on a device, others may want some too.
const SHARE_OF_FREE: f64 = 0.9;

/// What a worker computes on, and how much memory it may take there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resources {
    /// Where forward passes are computed.
    pub device: Device,
    /// Threads that mine.
    pub cores: usize,
    /// The most bytes of the device's memory that may be taken; what is free there when absent.
    pub memory: Option<u64>,
}

impl Resources {
    /// Bytes that mining takes beside a model, with batches of so many logits, in the machine's own memory.
    #[must_use]
    pub fn beside(&self, logits: u64) -> u64 {
        PROGRAM + MINER * self.cores as u64 + BATCHES_IN_MEMORY as u64 * logits
    }

    /// Bytes that a model and its passes may take on the device beside those that are taken by models that are open
    /// already; `None` where nobody can tell.
    #[must_use]
    pub fn left(&self, taken: u64, logits: u64) -> Option<u64> {
        // On the cores a pass computes into the batch that the pipeline waits for.
        let beside = match self.device {
            Device::Cpu => self.beside(logits) - logits,
            Device::Cuda { .. } => 0,
        };
        match (self.memory, self.device) {
            (Some(most), _) => Some(most.saturating_sub(taken + beside)),
            (None, Device::Cpu) => free_memory().map(|free| share(free).saturating_sub(beside)),
            (None, device) => device.free_memory().map(share),
        }
    }

    /// Bytes of the device's memory, as workers report them: what may be taken, or what is free.
    #[must_use]
    pub fn device_memory(&self) -> u64 {
        let free = || match self.device {
            Device::Cpu => free_memory(),
            device => device.free_memory(),
        };
        self.memory.or_else(free).unwrap_or(0)
    }

    /// What the worker says of a model that it is about to use.
    #[must_use]
    pub fn announcement(&self, plan: &MemoryPlan, taken: u64) -> String {
        let bytes = |bytes| ByteSize(bytes).display().iec().to_string();
        let MemoryPlan { resident, blocks, logits, .. } = *plan;
        let stay = if resident == blocks {
            format!("all {blocks} blocks stay")
        } else {
            format!("{resident} of {blocks} blocks stay, the others are read for each pass")
        };
        let others = if taken == 0 { String::new() } else { format!(", beside {} of other models", bytes(taken)) };
        match self.device {
            Device::Cpu => {
                let all = plan.peak() - logits + self.beside(logits) + taken;
                format!("at most {} of memory: {stay}{others}", bytes(all))
            }
            device => {
                let (there, here) = (plan.peak() + taken, self.beside(logits));
                format!(
                    "at most {} of {device}'s memory and {} of this machine's: {stay}{others}",
                    bytes(there),
                    bytes(here)
                )
            }
        }
    }
}

/// Bytes of this machine's memory that could be taken now; a container's limit counts.
fn free_memory() -> Option<u64> {
    let system =
        System::new_with_specifics(RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram()));
    let machine = Some(system.available_memory()).filter(|bytes| *bytes > 0);
    let container = system.cgroup_limits().map(|limits| limits.free_memory);
    machine.into_iter().chain(container).min()
}

fn share(free: u64) -> u64 {
    (free as f64 * SHARE_OF_FREE) as u64
}
