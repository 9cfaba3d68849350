//! The dashboard in a real browser and the JSON API, against a coordinator with a real campaign.

mod api;
mod browser;
mod installation;
mod pages;
#[path = "../end_to_end/support.rs"]
#[allow(dead_code, reason = "those tests use more of it")]
mod support;
