//! Prints the description of the JSON API: `cargo run -p superposed --example openapi > docs/openapi.json`.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

fn main() -> Result<(), serde_json::Error> {
    println!("{}", superposed::http::description().to_pretty_json()?);
    Ok(())
}
