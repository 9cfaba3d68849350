//! What every request passes: the bound of its body, who asks, and whether they may.

use super::{
    Guard, Principal,
    access::{Access, access},
    answer::{Refusal, speaks_grpc},
    register::Guest,
    session,
};
use futures::future::{Either, Ready, ready};
use http::{
    HeaderMap, Method, Request, Response,
    header::{AUTHORIZATION, CONTENT_LENGTH, HOST, ORIGIN},
    uri::Authority,
};
use http_body_util::Limited;
use std::{
    sync::Arc,
    task::{Context, Poll},
};
use superposed_shared::proto::MAX_MESSAGE_BYTES;
use tonic::body::Body;
use tower::{Layer, Service};

/// What a body may have beside the largest message: its frame.
const FRAME: usize = 1024;

/// Puts a guard before a service.
#[derive(Debug, Clone)]
pub struct GuardLayer(Guard);

impl GuardLayer {
    pub(super) const fn new(guard: Guard) -> Self {
        Self(guard)
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { guard: self.0.clone(), inner }
    }
}

/// A service behind a guard.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    guard: Guard,
    inner: S,
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response<Body>, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        match self.guard.examine(&request) {
            Ok(who) => {
                if let Some(who) = who {
                    request.extensions_mut().insert(who);
                }
                let bounded = request.map(|body| Body::new(Limited::new(body, MAX_MESSAGE_BYTES + FRAME)));
                Either::Left(self.inner.call(bounded))
            }
            Err(refusal) => {
                tracing::debug!(path = request.uri().path(), "refused: {}", refusal.detail());
                Either::Right(ready(Ok(refusal.answer(request.headers()))))
            }
        }
    }
}

impl Guard {
    /// Who asks, if they may; nobody where nobody need be known.
    fn examine<B>(&self, request: &Request<B>) -> Result<Option<Principal>, Refusal> {
        check_length(request.headers())?;
        if !self.authenticates() {
            return Ok(Some(Principal::anybody()));
        }
        let presented = presented(request.headers());
        let who = presented.as_ref().and_then(|presented| self.authenticate(presented.token()));
        let roles = match access(request.method(), request.uri().path()) {
            Access::Anybody => return Ok(who),
            Access::Roles(roles) => roles,
        };
        let Some(who) = who else {
            return Err(Refusal::Unauthenticated(if presented.is_some() {
                "the token is not known to this coordinator; give one that is, with --token-file or SUPERPOSED_TOKEN"
            } else {
                "this coordinator wants to know who asks; give a token with --token-file or SUPERPOSED_TOKEN"
            }));
        };
        // Somebody is there, even if they may not.
        if let Some(guest) = request.extensions().get::<Arc<Guest>>() {
            guest.welcome();
        }
        if matches!(presented, Some(Presented::Cookie(_))) {
            check_origin(request)?;
        }
        if who.role.is_some_and(|role| roles.contains(&role)) {
            return Ok(Some(who));
        }
        let needed: Vec<String> = roles.iter().map(ToString::to_string).collect();
        let role = who.role.map(|role| role.to_string()).unwrap_or_default();
        Err(Refusal::Denied(format!(
            "{} is {role}, and this is for the role {}; use a token of that role",
            who.name,
            needed.join(" or ")
        )))
    }
}

/// A token, and how it came.
enum Presented {
    /// In a header that only who means it sends.
    Header(String),
    /// In a cookie, which browsers send by themselves.
    Cookie(String),
}

impl Presented {
    fn token(&self) -> &str {
        match self {
            Self::Header(token) | Self::Cookie(token) => token,
        }
    }
}

/// The token of a request. A header goes before a cookie; cookies are for browsers, and those speak no gRPC.
fn presented(headers: &HeaderMap) -> Option<Presented> {
    if let Some(header) = headers.get(AUTHORIZATION) {
        return Some(Presented::Header(bearer(header.to_str().ok()?)?.to_owned()));
    }
    if speaks_grpc(headers) {
        return None;
    }
    session::cookie(headers).map(|token| Presented::Cookie(token.to_owned()))
}

/// The token of an `authorization` header.
pub(super) fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A length that is too large is refused before anything is read.
fn check_length(headers: &HeaderMap) -> Result<(), Refusal> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    match length {
        Some(length) if length > (MAX_MESSAGE_BYTES + FRAME) as u64 => Err(Refusal::TooLarge(format!(
            "a request of {length} bytes is too large: {MAX_MESSAGE_BYTES} are taken at most"
        ))),
        _ => Ok(()),
    }
}

/// A browser sends its cookie whoever wrote the page that asks. The cookie is not sent from other sites' pages
/// (`SameSite=Strict`); this holds where a browser does not know that, and between ports of one host, which are one site.
pub(super) fn check_origin<B>(request: &Request<B>) -> Result<(), Refusal> {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return Ok(());
    }
    let text = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(HOST.as_str()).or_else(|| request.uri().authority().map(Authority::as_str));
    let from_here = |origin: &str| origin.split_once("://").map(|(_, from)| from) == host && host.is_some();
    let is_ours = match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => from_here(origin),
        // No browser: those send one of the two with whatever changes something.
        (None, None) => true,
    };
    if is_ours { Ok(()) } else { Err(Refusal::Denied("this comes from the page of another site".to_owned())) }
}
