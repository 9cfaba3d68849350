//! The gRPC services over the queue.

mod campaigns;
mod status;
mod workers;

pub use campaigns::Campaigns;
pub use workers::Workers;
