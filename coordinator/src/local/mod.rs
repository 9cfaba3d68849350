//! A whole installation on one machine, for the time of a campaign: a private Postgres, a coordinator and workers, each
//! a process of its own, as they would be on a cluster.
//!
//! - [`machine`]: the processes: started, watched over, stopped
//! - [`campaign`]: a campaign on them, from its submission to its end
//! - [`display`]: how far it is, for people

pub mod campaign;
pub mod display;
pub mod machine;
mod process;

pub use campaign::{LocalOutcome, mine};
pub(crate) use machine::own_program;
pub use machine::{LocalError, Machine, MachineSettings, Reservation};
