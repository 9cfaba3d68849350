//! What went wrong, in one line that says what to do.

use crate::{Address, Service};
use object_store::Error as StoreError;

/// What a storage does not do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}; {remedy}")]
pub struct StorageError {
    /// The file or the place.
    pub place: String,
    /// What kind of trouble it is.
    pub kind: Kind,
    /// What the store or the system said.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}

/// What kind of trouble a store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It does not know who asks, or does not let them.
    Denied,
    /// There is no such bucket, or no such file.
    Absent,
    /// It asks for fewer requests.
    Busy,
    /// What was read is not what it was.
    Changed,
    /// It cannot be set up like this.
    Settings,
    /// Anything else: the network, a server that breaks.
    Broken,
}

impl StorageError {
    /// What cannot be set up.
    pub(crate) fn settings(address: &Address, reason: String, remedy: &str) -> Self {
        Self { place: address.to_string(), kind: Kind::Settings, reason, remedy: remedy.to_owned() }
    }

    /// What the library says, of a place that is at this address.
    #[must_use]
    pub fn of_store(address: &Address, place: String, error: &StoreError) -> Self {
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |&error| error.source());
        let reason = said(&causes.last().map_or_else(String::new, ToString::to_string));
        let kind = kind(error, &reason);
        Self { place, kind, remedy: remedy(address, kind), reason }
    }
}

fn kind(error: &StoreError, reason: &str) -> Kind {
    // Of a listing that it may not make, the library does not tell the kind.
    let is = |status: &str| reason.starts_with(status);
    match error {
        StoreError::Precondition { .. } => Kind::Changed,
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => Kind::Denied,
        _ if is("401 ") || is("403 ") => Kind::Denied,
        // Google's and Azure's token services say so.
        _ if reason.contains("invalid_grant") || reason.contains("invalid_client") => Kind::Denied,
        StoreError::NotFound { .. } => Kind::Absent,
        _ if is("404 ") => Kind::Absent,
        _ if is("503 ") || is("429 ") => Kind::Busy,
        _ => Kind::Broken,
    }
}

fn remedy(address: &Address, kind: Kind) -> String {
    let Address::Bucket(bucket) = address else { return "check the directory and the disk".to_owned() };
    let (credentials, endpoint) = match bucket.service {
        Service::S3 => ("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL and AWS_REGION"),
        Service::Gcs => ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_BASE_URL"),
        Service::Azure => ("AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ENDPOINT"),
    };
    match kind {
        Kind::Denied => format!("check {credentials}, and that they may use this bucket"),
        Kind::Absent => "check the bucket and the path".to_owned(),
        Kind::Busy => {
            "it asks for fewer requests: try again later, or with fewer workers or SUPERPOSED_UPLOADS".to_owned()
        }
        Kind::Changed => "it changed while it was read: try again once it does not".to_owned(),
        Kind::Settings | Kind::Broken => format!("check the network, {endpoint}"),
    }
}

/// The innermost cause in one line: of a document in XML, what it says in `Code`.
fn said(cause: &str) -> String {
    let line = cause.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let line = line.trim_start_matches("Server returned non-2xx status code: ");
    let code = line.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let text = line.split_once(": <?xml").or_else(|| line.split_once(": \u{feff}<?xml")).map_or(line, |(text, _)| text);
    let said = code.map_or_else(|| text.to_owned(), |code| format!("{text} ({code})"));
    said.trim_end_matches([':', ' ']).chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_document_only_its_code_is_told() {
        let cause = "Server returned non-2xx status code: 404 Not Found: <?xml version=\"1.0\"?>\n<Error>\
                     <Code>NoSuchBucket</Code><Resource>/x</Resource></Error>";
        assert_eq!(said(cause), "404 Not Found (NoSuchBucket)");
        assert_eq!(said("error sending\n request"), "error sending request");
        assert_eq!(said("Server returned non-2xx status code: 503 Service Unavailable: "), "503 Service Unavailable");
    }
}
