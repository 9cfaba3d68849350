//! How a request is refused: as a gRPC status to those who speak gRPC, else as a problem in JSON.

use http::{
    HeaderMap, HeaderValue, Response, StatusCode,
    header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE},
};
use tonic::{Code, Status, body::Body};

/// What is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nobody knows who asks.
    Unauthenticated(&'static str),
    /// Who asks may not.
    Denied(String),
    /// It is too large.
    TooLarge(String),
}

impl Refusal {
    pub(super) fn detail(&self) -> &str {
        match self {
            Self::Unauthenticated(detail) => detail,
            Self::Denied(detail) | Self::TooLarge(detail) => detail,
        }
    }

    const fn codes(&self) -> (Code, StatusCode) {
        match self {
            Self::Unauthenticated(_) => (Code::Unauthenticated, StatusCode::UNAUTHORIZED),
            Self::Denied(_) => (Code::PermissionDenied, StatusCode::FORBIDDEN),
            Self::TooLarge(_) => (Code::ResourceExhausted, StatusCode::PAYLOAD_TOO_LARGE),
        }
    }

    /// The answer to a request with these headers.
    pub(super) fn answer(&self, asked: &HeaderMap) -> Response<Body> {
        let (code, status) = self.codes();
        if speaks_grpc(asked) {
            return Status::new(code, self.detail()).into_http();
        }
        if matches!(self, Self::Unauthenticated(_)) && is_browsing(asked) {
            return Response::builder()
                .status(StatusCode::SEE_OTHER)
                .header(LOCATION, super::session::PATH)
                .header(CACHE_CONTROL, "no-store")
                .body(Body::empty())
                .expect("its headers are constants");
        }
        let problem = serde_json::json!({
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": self.detail(),
        });
        let mut response = Response::new(Body::new(axum::body::Body::from(problem.to_string())));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Whether who asks speaks gRPC.
pub(super) fn speaks_grpc(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|content| content.as_bytes().starts_with(b"application/grpc"))
}

/// Whether a person in front of a browser wants a page.
pub(super) fn is_browsing(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}
