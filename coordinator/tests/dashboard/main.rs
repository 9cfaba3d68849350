//! The dashboard in a real browser and the JSON API, against a coordinator with a real campaign.

#![expect(clippy::print_stderr, reason = "tests say why they are skipped")]

mod api;
mod browser;
mod installation;
mod pages;
