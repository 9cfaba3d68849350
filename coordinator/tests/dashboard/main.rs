//! The dashboard in a real browser and the JSON API, against a coordinator with a real campaign.

mod api;
mod browser;
mod installation;
mod pages;
