//! The gRPC contract of `proto/`, as generated code.

/// Version of the protocol. A coordinator refuses workers that speak another.
pub const PROTOCOL_VERSION: u32 = 2;

/// Largest message either side accepts, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 4 << 20;

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
