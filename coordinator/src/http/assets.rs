//! The dashboard's files, which are part of the program.

use super::Served;
use axum::{
    Router,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    response::IntoResponse,
    routing::get,
};

/// A file: where it is asked for, of which type, and what it says.
type File = (&'static str, &'static str, &'static str);

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Nothing from elsewhere, nothing written into the page, and no page of another site around it.
const POLICY: &str = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

macro_rules! file {
    ($path:literal, $type:expr, $name:literal) => {
        ($path, $type, include_str!(concat!("../../dashboard/", $name)))
    };
}

const FILES: &[File] = &[
    file!("/", HTML, "index.html"),
    file!("/dashboard/style.css", CSS, "style.css"),
    file!("/dashboard/icon.svg", SVG, "icon.svg"),
    file!("/dashboard/main.js", SCRIPT, "main.js"),
    file!("/dashboard/api.js", SCRIPT, "api.js"),
    file!("/dashboard/elements.js", SCRIPT, "elements.js"),
    file!("/dashboard/format.js", SCRIPT, "format.js"),
    file!("/dashboard/campaigns.js", SCRIPT, "campaigns.js"),
    file!("/dashboard/campaign.js", SCRIPT, "campaign.js"),
    file!("/dashboard/heat-map.js", SCRIPT, "heat-map.js"),
    file!("/dashboard/step-chart.js", SCRIPT, "step-chart.js"),
    file!("/dashboard/results.js", SCRIPT, "results.js"),
    file!("/dashboard/job.js", SCRIPT, "job.js"),
    file!("/dashboard/npmi-map.js", SCRIPT, "npmi-map.js"),
    file!("/dashboard/words.js", SCRIPT, "words.js"),
    file!("/dashboard/workers.js", SCRIPT, "workers.js"),
];

pub(super) fn routes() -> Router<Served> {
    FILES.iter().fold(Router::new(), |router, &(path, kind, content)| {
        let answer = move || async move {
            let headers = [
                (CONTENT_TYPE, kind),
                // A new coordinator has a new dashboard.
                (CACHE_CONTROL, "no-cache"),
                (CONTENT_SECURITY_POLICY, POLICY),
                (REFERRER_POLICY, "no-referrer"),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (headers, content).into_response()
        };
        router.route(path, get(answer))
    })
}
