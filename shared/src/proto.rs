//! The gRPC contract of `proto/`, as generated code.

use std::time::Duration;

/// Version of the protocol. A coordinator refuses workers that speak another.
pub const PROTOCOL_VERSION: u32 = 3;

/// Largest message either side accepts, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 4 << 20;

/// Keep-alive of HTTP/2, on both sides: a peer that is silent this long is asked whether it is there, and is taken for
/// gone when it does not answer within this time.
pub const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Metadata of a Sync that is refused because another worker has the name: in how many milliseconds the name is free,
/// should that one not be heard of any more.
pub const FREE_IN_MS: &str = "free-in-ms";

/// Package `superposed.v1`.
#[allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::needless_pass_by_value,
    clippy::semicolon_if_nothing_returned,
    reason = "generated code"
)]
pub mod v1 {
    tonic::include_proto!("superposed.v1");
}

/// The compiled descriptors, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
