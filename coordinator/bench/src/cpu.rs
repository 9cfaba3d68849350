//! Who used the processor, as Linux accounts for it.

use anyhow::{Context, Result};
use nix::unistd::{SysconfVar, sysconf};
use std::{fs, path::Path, time::Duration};

/// Processor time, in user and system mode.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CpuTime {
    pub(crate) postgres: Duration,
    pub(crate) coordinator: Duration,
    pub(crate) clients: Duration,
}

impl CpuTime {
    pub(crate) fn all(&self) -> Duration {
        self.postgres + self.coordinator + self.clients
    }

    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            postgres: self.postgres.saturating_sub(before.postgres),
            coordinator: self.coordinator.saturating_sub(before.coordinator),
            clients: self.clients.saturating_sub(before.clients),
        }
    }
}

/// Fields of `/proc/<pid>/stat`.
#[derive(Debug)]
struct Stat {
    parent: u32,
    /// Its own, in clock ticks.
    own: u64,
    /// That of its children that ended and were waited for.
    children: u64,
}

fn stat(pid: u32) -> Result<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may hold anything.
    let fields: Vec<&str> = text.rsplit_once(')').context("no name")?.1.split_whitespace().collect();
    let number = |index: usize| Ok::<u64, anyhow::Error>(fields.get(index).context("too short")?.parse()?);
    Ok(Stat { parent: u32::try_from(number(1)?)?, own: number(11)? + number(12)?, children: number(13)? + number(14)? })
}

fn time(ticks: u64) -> Result<Duration> {
    let per_second = sysconf(SysconfVar::CLK_TCK)?.context("Linux knows its clock")?;
    Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
}

/// A process's own time.
pub(crate) fn of_process(pid: u32) -> Result<Duration> {
    time(stat(pid)?.own)
}

/// The time of a process and its children, those included that ended: what all of Postgres used.
pub(crate) fn of_family(pid: u32) -> Result<Duration> {
    let parent = stat(pid)?;
    let mut ticks = parent.own + parent.children;
    for entry in fs::read_dir("/proc")? {
        let Some(child) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that ends meanwhile is counted with its parent the next time.
        ticks += stat(child).ok().filter(|child| child.parent == pid).map_or(0, |child| child.own);
    }
    time(ticks)
}

/// The process id of a private Postgres's first process.
pub(crate) fn postmaster(state: &Path) -> Result<u32> {
    let text = fs::read_to_string(state.join("postgres/data/postmaster.pid"))?;
    Ok(text.lines().next().context("an empty file")?.parse()?)
}
