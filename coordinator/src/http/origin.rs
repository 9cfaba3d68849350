//! Keeps the pages of other sites out.
//!
//! A browser sends requests for whoever wrote the page that it shows. A page of another site cannot read answers from
//! here, as no answer allows it to (CORS). Two ways would be left to it:
//!
//! - **to act without reading**: a form that is posted. So an action must carry the header `x-superposed-action`, which
//!   forms cannot, and which scripts of other sites may only send when they were allowed to (and nobody is); and a browser
//!   that says where a request comes from (`sec-fetch-site`) must not name another site.
//! - **to be here under another name** (DNS rebinding): a name of that site which leads to 127.0.0.1. So where only this
//!   machine is listened to, the request's `host` must be one of this machine's names.

use super::problem::Problem;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header::HOST, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// The header of an action.
pub(super) const ACTION: &str = "x-superposed-action";

/// The names under which this server may be asked.
#[derive(Debug)]
pub(super) struct Origins {
    loopback: bool,
}

impl Origins {
    pub(super) const fn of(address: SocketAddr) -> Self {
        Self { loopback: address.ip().is_loopback() }
    }

    fn is_ours(&self, host: &str) -> bool {
        if !self.loopback {
            return true;
        }
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// Lets a request through, or says why not.
pub(super) async fn check(State(origins): State<Arc<Origins>>, request: Request, next: Next) -> Response {
    // HTTP/2 has the name in the address that is asked for.
    let host = header(request.headers(), HOST.as_str()).or_else(|| request.uri().authority().map(Authority::as_str));
    if !host.is_some_and(|host| origins.is_ours(host)) {
        let detail = "this coordinator serves its own machine only: ask for http://127.0.0.1 or http://localhost";
        return Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let site = header(request.headers(), "sec-fetch-site");
        if header(request.headers(), ACTION).is_none() || !matches!(site, None | Some("same-origin" | "none")) {
            let detail = format!("actions must carry the header {ACTION}, and come from no other site's page");
            return Problem::new(StatusCode::FORBIDDEN, detail).into_response();
        }
    }
    next.run(request).await
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_server_answers_to_its_own_names_only() {
        let origins = Origins::of(SocketAddr::from(([127, 0, 0, 1], 7117)));
        for host in ["localhost:7117", "127.0.0.1:7117", "127.0.0.1", "[::1]:7117", "LOCALHOST"] {
            assert!(origins.is_ours(host), "{host}");
        }
        for host in ["evil.example:7117", "127.0.0.1.evil.example", "localhost.evil.example", "", "10.0.0.1"] {
            assert!(!origins.is_ours(host), "{host}");
        }
        assert!(Origins::of(SocketAddr::from(([10, 0, 0, 1], 7117))).is_ours("head.cluster:7117"));
    }
}
