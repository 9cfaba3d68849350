//! What a job found.

use super::super::super::{Served, extract::Path, problem::Problem};
use crate::job_result::{JobResultError, job_result};
use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use superposed_identity::{JobId, LayerIndex, Mode, NeuronId, Polarity, WordId};
use superposed_results::{TreeError, Words};
use superposed_shared::description::CampaignId;
use utoipa::ToSchema;

/// A word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(in super::super) struct Word {
    /// Its number in the corpus' vocabulary.
    id: u32,
    /// How it is written; its number, where nobody knows.
    word: String,
}

/// Words by their ids.
pub(super) fn spelt(ids: &[WordId], words: Option<&Words>) -> Vec<Word> {
    let of = |id: &WordId| Word {
        id: id.0,
        word: words.and_then(|words| words.word(*id)).map_or_else(|| id.to_string(), str::to_owned),
    };
    ids.iter().map(of).collect()
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(in super::super) struct Topic {
    /// The mean NPMI of its pairs of words.
    score: f64,
    words: Vec<Word>,
}

/// What a job found.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(in super::super) struct JobResults {
    /// The job, as its files are named.
    #[schema(example = "i/0_304_pos")]
    job: String,
    /// The words that the neuron activates.
    pool: Vec<Word>,
    /// Disjoint sets of them that belong together.
    word_sets: Vec<Vec<Word>>,
    /// The most coherent words of each set that is large enough.
    topics: Vec<Topic>,
}

/// A job in a path.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(in super::super) struct JobPath {
    id: i64,
    mode: Mode,
    layer: u32,
    neuron: u32,
    polarity: Polarity,
}

impl From<JobResultError> for Problem {
    fn from(error: JobResultError) -> Self {
        if !matches!(error, JobResultError::Tree(TreeError::Missing(_))) {
            tracing::warn!(%error, "a result cannot be read");
        }
        Self::new(StatusCode::BAD_GATEWAY, error.to_string())
    }
}

/// What a job found, in words
#[utoipa::path(get, path = "/campaigns/{id}/jobs/{mode}/{layer}/{neuron}/{polarity}", params(
    ("id" = i64, Path, description = "The campaign's number"),
    ("mode" = String, Path, description = "i, ii, iii or iiii"),
    ("layer" = u32, Path, description = "The layer, from 0"),
    ("neuron" = u32, Path, description = "The neuron, from 0"),
    ("polarity" = String, Path, description = "neg or pos"),
), responses(
    (status = 200, body = JobResults),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(in super::super) async fn job(
    State(served): State<Served>,
    Path(path): Path<JobPath>,
) -> Result<Json<JobResults>, Problem> {
    let JobPath { id, mode, layer, neuron, polarity } = path;
    let description = served.queue.description(CampaignId(id)).await?;
    let job = JobId { mode, layer: LayerIndex(layer), neuron: NeuronId(neuron), polarity };
    let Some((stored, words)) = job_result(&description.destination, &description.size, job).await? else {
        let detail =
            format!("there is no result of {job} yet: it is not done, it failed, or is none of the campaign's");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    };
    let spelt = |ids: &[WordId]| spelt(ids, words.as_ref());
    let result = &stored.result;
    Ok(Json(JobResults {
        job: job.to_string(),
        pool: spelt(&result.pool.words),
        word_sets: result.word_sets.iter().map(|ids| spelt(ids)).collect(),
        topics: result.topics.iter().map(|topic| Topic { score: topic.score, words: spelt(&topic.words) }).collect(),
    }))
}
