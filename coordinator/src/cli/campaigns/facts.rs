//! A campaign in words, and as JSON.

use crate::local::display::Spell;
use console::Style;
use serde_json::{Map, Value, json};
use std::time::Duration;
use superposed_shared::{
    proto::v1::{self, CampaignState},
    wire::{self, WireError},
};

/// All jobs.
pub(in crate::cli) const fn total(jobs: &v1::JobCounts) -> u64 {
    jobs.pending + jobs.leased + jobs.done + jobs.failed + jobs.cancelled
}

/// A state as programs read it, like `completed_with_failures`.
const fn state_name(state: CampaignState) -> &'static str {
    match state {
        CampaignState::Running => "running",
        CampaignState::Paused => "paused",
        CampaignState::Cancelled => "cancelled",
        CampaignState::Completed => "completed",
        CampaignState::CompletedWithFailures => "completed_with_failures",
        CampaignState::Unspecified => "unknown",
    }
}

/// A state in words.
pub(in crate::cli) const fn state_words(state: CampaignState) -> &'static str {
    match state {
        CampaignState::CompletedWithFailures => "completed with failures",
        CampaignState::Unspecified => "in an unknown state",
        state => state_name(state),
    }
}

/// The colour of a state.
pub(in crate::cli) const fn state_style(state: CampaignState) -> Style {
    let style = Style::new();
    match state {
        CampaignState::Running => style.cyan(),
        CampaignState::Paused => style.yellow(),
        CampaignState::Completed => style.green(),
        CampaignState::CompletedWithFailures | CampaignState::Cancelled => style.red(),
        CampaignState::Unspecified => style,
    }
}

/// A campaign in a line.
pub(in crate::cli) fn line(campaign: &v1::Campaign) -> String {
    let jobs = campaign.jobs.unwrap_or_default();
    let mut line = format!(
        "campaign {} {} ({}) is {}: {} of {} jobs done, {} failed; results: {}",
        campaign.id,
        campaign.name,
        campaign.size,
        state_words(campaign.state()),
        jobs.done,
        total(&jobs),
        jobs.failed,
        campaign.destination
    );
    if campaign.jobs_per_second > 0.0 {
        line.push_str(&format!("; {:.1} jobs/s", campaign.jobs_per_second));
    }
    if let Some(seconds) = campaign.seconds_left {
        line.push_str(&format!(", {} left", Spell(Duration::from_secs(seconds))));
    }
    if !campaign.trouble.is_empty() {
        line.push_str("; held up: ");
        line.push_str(&campaign.trouble);
    }
    line
}

/// A campaign as JSON; what is not known is left out.
pub(in crate::cli) fn json(campaign: &v1::Campaign) -> Value {
    Value::Object(fields(campaign))
}

/// A campaign as JSON with its layers, and who works on it.
///
/// # Errors
/// When the coordinator names a mode that is not known.
pub(in crate::cli) fn json_in_full(campaign: &v1::Campaign) -> Result<Value, WireError> {
    let layer = |layer: &v1::LayerProgress| {
        let mode = wire::mode(layer.mode)?;
        Ok(json!({ "mode": mode, "layer": layer.layer, "jobs": counts(&layer.jobs.unwrap_or_default()) }))
    };
    let layers = campaign.layers.iter().map(layer).collect::<Result<Vec<_>, WireError>>()?;
    let worker = |worker: &v1::WorkerAtWork| json!({ "worker": worker.id, "jobs": worker.jobs });
    let mut fields = fields(campaign);
    fields.insert("layers".to_owned(), layers.into());
    fields.insert("workers_at_work".to_owned(), campaign.workers_at_work.into());
    fields.insert("work".to_owned(), campaign.at_work.iter().map(worker).collect());
    Ok(Value::Object(fields))
}

fn fields(campaign: &v1::Campaign) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    put("id", campaign.id.into());
    put("name", campaign.name.as_str().into());
    put("size", campaign.size.as_str().into());
    put("destination", campaign.destination.as_str().into());
    put("state", state_name(campaign.state()).into());
    put("priority", campaign.priority.into());
    put("jobs", counts(&campaign.jobs.unwrap_or_default()));
    put("jobs_per_second", campaign.jobs_per_second.into());
    if let Some(seconds) = campaign.seconds_left {
        put("seconds_left", seconds.into());
    }
    if !campaign.trouble.is_empty() {
        put("trouble", campaign.trouble.as_str().into());
    }
    if let Some(workers) = campaign.max_workers {
        put("max_workers", workers.into());
    }
    fields
}

fn counts(jobs: &v1::JobCounts) -> Value {
    let v1::JobCounts { pending, leased, done, failed, cancelled } = jobs;
    json!({ "pending": pending, "leased": leased, "done": done, "failed": failed, "cancelled": cancelled })
}
