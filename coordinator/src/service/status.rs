//! One mapping from errors to gRPC status.

use crate::{admission::AdmissionError, queue::QueueError};
use superposed_shared::wire::WireError;
use tonic::Status;

impl From<QueueError> for Status {
    fn from(error: QueueError) -> Self {
        let message = error.to_string();
        match error {
            QueueError::NoSuchCampaign(_) => Self::not_found(message),
            QueueError::WrongState { .. } => Self::failed_precondition(message),
            QueueError::Migrate(_) | QueueError::Corrupt(_) => Self::internal(message),
            QueueError::Database(_) => {
                tracing::error!(error = message, "database");
                Self::unavailable(message)
            }
        }
    }
}

pub(super) fn bad_message(error: &WireError) -> Status {
    Status::invalid_argument(error.to_string())
}

impl From<AdmissionError> for Status {
    fn from(error: AdmissionError) -> Self {
        Self::invalid_argument(error.to_string())
    }
}
