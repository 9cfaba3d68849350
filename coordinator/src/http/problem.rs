//! What is refused, as RFC 9457 has it: `application/problem+json`.

use crate::queue::QueueError;
use axum::{
    Json,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Problem {
    /// The status of the answer.
    #[schema(example = 404)]
    status: u16,
    /// What is wrong and what to do, in one line.
    #[schema(example = "there is no campaign 7")]
    detail: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status: status.as_u16(), detail: detail.into() }
    }
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        let status = match &error {
            QueueError::NoSuchCampaign(_) | QueueError::NoSuchWorker(_) => StatusCode::NOT_FOUND,
            QueueError::WrongState { .. } | QueueError::WorkerLeft(_) | QueueError::NameTaken { .. } => {
                StatusCode::CONFLICT
            }
            QueueError::Database(_) | QueueError::Unreachable { .. } | QueueError::NoDatabase(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            QueueError::NewerSchema(_) | QueueError::Migrate(_) | QueueError::Corrupt(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        if status.is_server_error() {
            tracing::error!(%error, "a request failed");
        }
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(CONTENT_TYPE, "application/problem+json")], Json(self)).into_response()
    }
}
