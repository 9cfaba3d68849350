//! The gRPC services over the queue.

mod campaigns;
mod doorbell;
mod health;
mod status;
mod workers;

pub use campaigns::Campaigns;
pub use doorbell::Doorbell;
pub use health::Health;
pub use workers::Workers;
