//! The gRPC services over the queue.

mod campaigns;
mod doorbell;
mod status;
mod workers;

pub use campaigns::Campaigns;
pub use doorbell::Doorbell;
pub use workers::Workers;
