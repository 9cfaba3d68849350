//! Whether a device computes the pools that the cores compute, and how fast it is.
//!
//! `device_check [--device DEVICE] [--model DIRECTORY]... [--quick] [--json FILE]`
//!
//! **Agreement.** For each model (without `--model`, two random ones: a GPT-2 and a LLaMA), each mode and three layers, the
//! logits of a batch on the device beside those on the cores, in each precision. A pool is the 900 tokens at one end of a row
//! (a third of the vocabulary where it is small). A token that is in one pool and not in the other must be a tie: its logit on
//! the cores lies within the tolerance of the last one that is in. The tolerance is a share of the row's greatest logit, and
//! twice what a logit may differ by. On the cores themselves the check says what a precision costs beside `f32`.
//!
//! **Speed.** A product of two 4096 × 4096 matrices, and forward passes of random models in the shapes of GPT-2 and LLaMA,
//! at the first, the middle and the last layer; `--quick` leaves out the large ones. A pass ends with its logits on the host.
//!
//! Exits with 1 where a pool is wrong.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is what it is for")]

#[path = "device_check/agreement.rs"]
mod agreement;
#[path = "device_check/shapes.rs"]
mod shapes;
#[path = "device_check/speed.rs"]
mod speed;

use serde_json::json;
use std::{env, error::Error, fs, path::PathBuf, process::ExitCode};
use superposed_forward::DeviceChoice;

struct Arguments {
    device: DeviceChoice,
    models: Vec<PathBuf>,
    quick: bool,
    json: Option<PathBuf>,
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    let mut found = Arguments { device: DeviceChoice::Auto, models: Vec::new(), quick: false, json: None };
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--device" => found.device = value()?.parse()?,
            "--model" => found.models.push(value()?.into()),
            "--json" => found.json = Some(value()?.into()),
            "--quick" => found.quick = true,
            _ => return Err(format!("{word} is not an option: --device, --model, --quick, --json").into()),
        }
    }
    Ok(found)
}

fn main() -> ExitCode {
    check().unwrap_or_else(|error| {
        eprintln!("device_check: {error}");
        ExitCode::FAILURE
    })
}

fn check() -> Result<ExitCode, Box<dyn Error>> {
    let Arguments { device, models, quick, json: file } = arguments()?;
    let (device, why_not_gpu) = device.device()?;
    if let Some(reason) = why_not_gpu {
        println!("{reason}");
    }
    println!("{device}: {}\n", device.backend());

    let temporary = tempfile::tempdir()?;
    let models = if models.is_empty() { shapes::small(temporary.path())? } else { models };
    println!("{}", agreement::HEADING);
    let mut agreements = Vec::new();
    for model in &models {
        for row in agreement::of_model(model, device)? {
            println!("{row}");
            agreements.push(row);
        }
    }

    println!("\n{}", speed::HEADING);
    let mut speeds = Vec::new();
    speed::measure(device, quick, temporary.path(), |row| {
        println!("{row}");
        speeds.push(row);
    })?;

    let wrong = agreements.iter().any(|row| row.wrong > 0);
    if let Some(file) = file {
        let all = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "device": device.to_string(),
            "backend": device.backend(),
            "agrees": !wrong,
            "agreement": agreements.iter().map(agreement::Row::json).collect::<Vec<_>>(),
            "speed": speeds.iter().map(speed::Row::json).collect::<Vec<_>>(),
        });
        fs::write(&file, format!("{all:#}\n"))?;
        println!("\n{}", file.display());
    }
    println!("\n{}", if wrong { "FAIL: pools differ by more than ties" } else { "PASS" });
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
