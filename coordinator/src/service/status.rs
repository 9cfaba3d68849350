//! One mapping from errors to gRPC status, and what every request must pass.

use crate::{admission::AdmissionError, queue::QueueError};
use superposed_shared::{proto, wire::WireError};
use tonic::Status;

impl From<QueueError> for Status {
    fn from(error: QueueError) -> Self {
        let message = error.to_string();
        match error {
            QueueError::NoSuchCampaign(_) | QueueError::NoSuchWorker(_) => Self::not_found(message),
            QueueError::NameTaken { free_in, .. } => {
                let mut status = Self::already_exists(message);
                let free_in_ms = u64::try_from(free_in.as_millis()).unwrap_or(u64::MAX);
                status.metadata_mut().insert(proto::FREE_IN_MS, free_in_ms.into());
                status
            }
            QueueError::WrongState { .. } | QueueError::WorkerLeft(_) => Self::failed_precondition(message),
            QueueError::NoDatabase(_)
            | QueueError::NewerSchema(_)
            | QueueError::Migrate(_)
            | QueueError::Corrupt(_) => Self::internal(message),
            QueueError::Database(_) | QueueError::Unreachable { .. } => {
                tracing::error!(error = message, "database");
                Self::unavailable(message)
            }
        }
    }
}

pub(super) fn bad_message(error: &WireError) -> Status {
    Status::invalid_argument(error.to_string())
}

/// Refuses a name that is empty, endless, or would spoil a log or the database.
pub(super) fn check_name(field: &str, name: &str, longest: usize) -> Result<(), Status> {
    if name.is_empty() || name.len() > longest || name.contains(char::is_control) {
        let message = format!("{field}: must have 1 to {longest} bytes and no control characters");
        return Err(Status::invalid_argument(message));
    }
    Ok(())
}

impl From<AdmissionError> for Status {
    fn from(error: AdmissionError) -> Self {
        Self::invalid_argument(error.to_string())
    }
}
