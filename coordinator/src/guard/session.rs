//! `/session`: where browsers sign in and out.
//!
//! A token is given once, and from then on sent by the browser in a cookie that no script can read and that no other
//! site's page makes it send. The page needs no script.

use super::{
    Guard,
    answer::{Refusal, is_browsing},
    layer::{bearer, check_origin},
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use http::{
    HeaderMap, Request, StatusCode,
    header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, LOCATION, SET_COOKIE},
};

/// The path.
pub(super) const PATH: &str = "/session";

/// The cookie's name.
const COOKIE_NAME: &str = "superposed-token";

/// How long a browser stays signed in: 12 hours.
const LASTS_SECONDS: u32 = 12 * 60 * 60;

const PAGE: &str = include_str!("session.html");

pub(super) fn routes<S: Clone + Send + Sync + 'static>(guard: Guard) -> Router<S> {
    Router::new().route(PATH, get(page).post(sign_in).delete(sign_out)).with_state(guard)
}

/// The token of the cookie that signing in left.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|header| header.to_str().ok());
    cookies.flat_map(|header| header.split(';')).find_map(|cookie| {
        let (name, value) = cookie.trim().split_once('=')?;
        (name == COOKIE_NAME).then_some(value)
    })
}

async fn page() -> Response {
    shown(StatusCode::OK, "")
}

async fn sign_in(State(guard): State<Guard>, request: Request<axum::body::Body>) -> Response {
    if let Err(refusal) = check_origin(&request) {
        return refusal.answer(request.headers()).into_response();
    }
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    // The guard's layer bounds the body.
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else { return StatusCode::BAD_REQUEST.into_response() };
    let token = token(&headers, &body).unwrap_or_default();
    if guard.authenticates() && guard.authenticate(&token).is_none() {
        const UNKNOWN: &str = "this token is not known here";
        if is_browsing(&headers) {
            return shown(StatusCode::UNAUTHORIZED, UNKNOWN);
        }
        return Refusal::Unauthenticated(UNKNOWN).answer(&headers).into_response();
    }
    // Where nobody is authenticated, there is nothing to remember either.
    let (token, lasts) = if guard.authenticates() { (token.as_str(), LASTS_SECONDS) } else { ("", 0) };
    let cookie = [(SET_COOKIE, remembered(&guard, token, lasts))];
    if is_browsing(&headers) {
        (StatusCode::SEE_OTHER, cookie, [(LOCATION, "/")]).into_response()
    } else {
        (StatusCode::NO_CONTENT, cookie).into_response()
    }
}

async fn sign_out(State(guard): State<Guard>, request: Request<axum::body::Body>) -> Response {
    if let Err(refusal) = check_origin(&request) {
        return refusal.answer(request.headers()).into_response();
    }
    (StatusCode::NO_CONTENT, [(SET_COOKIE, remembered(&guard, "", 0))]).into_response()
}

/// The token of a form, or of a header.
fn token(headers: &HeaderMap, body: &Bytes) -> Option<String> {
    if let Some(header) = headers.get(AUTHORIZATION) {
        return Some(bearer(header.to_str().ok()?)?.to_owned());
    }
    let (_, token) = form_urlencoded::parse(body).find(|(field, _)| field == "token")?;
    Some(token.trim().to_owned())
}

/// The cookie of a token; with none, what makes the browser forget it. A token that was let in has letters, digits and
/// signs; those that would end a cookie are refused by the digest of what the browser makes of them.
fn remembered(guard: &Guard, token: &str, lasts: u32) -> String {
    let secure = if guard.tls.is_some() { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={token}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Strict{secure}")
}

fn shown(status: StatusCode, complaint: &str) -> Response {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    let headers = [(CACHE_CONTROL, "no-store"), (CONTENT_SECURITY_POLICY, policy)];
    (status, headers, Html(PAGE.replace("{complaint}", complaint))).into_response()
}
