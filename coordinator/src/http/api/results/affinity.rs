//! How words hang together in a campaign's corpus.

use super::super::super::{
    Served,
    extract::{Path, Query},
    problem::Problem,
};
use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use std::{
    collections::VecDeque,
    fmt,
    path::Path as FilePath,
    sync::{Arc, Mutex, PoisonError},
};
use superposed_corpus::{Corpus, CorpusError, Npmi};
use superposed_identity::WordId;
use superposed_shared::description::{CampaignDescription, CampaignId};
use tokio::task::spawn_blocking;
use utoipa::{IntoParams, ToSchema};

/// Corpora that are kept open. Their counts are mapped, not held in memory.
const KEPT: usize = 4;

/// The most words in a request.
const MOST_WORDS: usize = 128;

/// A corpus and what it is known by: its content and the least frequency.
type Known = (String, Arc<Npmi>);

/// Corpora that were asked for lately.
#[derive(Clone, Default)]
pub(in crate::http) struct Corpora(Arc<Mutex<VecDeque<Known>>>);

impl fmt::Debug for Corpora {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Corpora").finish_non_exhaustive()
    }
}

/// A corpus that cannot be asked.
#[derive(Debug, thiserror::Error)]
enum UnusableCorpus {
    #[error("this coordinator cannot read the campaign's corpus: {0}")]
    Store(#[from] CorpusError),
    #[error("{path} is not the corpus that the campaign was mined with: its content has changed")]
    Changed { path: String },
}

impl Corpora {
    /// The corpus of a campaign. Blocks while it is opened.
    fn of(&self, campaign: &CampaignDescription) -> Result<Arc<Npmi>, UnusableCorpus> {
        let min_freq = campaign.parameters.min_freq;
        let key = format!("{} {min_freq}", campaign.corpus_digest);
        // A thread that panicked in between left a list as good as before.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, npmi)) = kept.iter().find(|(own, _)| *own == key) {
            return Ok(Arc::clone(npmi));
        }
        let corpus = Corpus::open(FilePath::new(&campaign.corpus))?;
        if corpus.digest() != campaign.corpus_digest {
            return Err(UnusableCorpus::Changed { path: campaign.corpus.clone() });
        }
        let npmi = Arc::new(Npmi::new(Arc::new(corpus), min_freq));
        kept.push_front((key, Arc::clone(&npmi)));
        kept.truncate(KEPT);
        Ok(npmi)
    }
}

/// How words hang together.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(in super::super) struct Affinity {
    words: Vec<String>,
    /// NPMI of each word with each, in the order of the words; of a word with itself there is none.
    npmi: Vec<Vec<Option<f64>>>,
}

impl Affinity {
    fn of(npmi: &Npmi, ids: &[WordId]) -> Result<Self, CorpusError> {
        npmi.corpus().check_rows(ids)?;
        let vocabulary = npmi.corpus().vocabulary();
        let score = |a: WordId, b: WordId| (a != b).then(|| npmi.score(a, b));
        Ok(Self {
            words: ids.iter().map(|id| vocabulary.word(*id).to_owned()).collect(),
            npmi: ids.iter().map(|a| ids.iter().map(|b| score(*a, *b)).collect()).collect(),
        })
    }
}

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in super::super) struct Ids {
    /// Ids of words with commas between them, at most 128
    #[param(example = "17,204,3051")]
    ids: String,
}

impl Ids {
    fn read(&self, words: usize) -> Result<Vec<WordId>, String> {
        let ids = self.ids.split(',').map(|id| {
            let known = id.trim().parse().ok().map(WordId).filter(|id| id.index() < words);
            known.ok_or_else(|| format!("{id:?} is no word's id: the corpus has {words} words, counted from 0"))
        });
        let ids = ids.take(MOST_WORDS + 1).collect::<Result<Vec<_>, _>>()?;
        if ids.len() > MOST_WORDS {
            return Err(format!("more than {MOST_WORDS} ids: ask for fewer words"));
        }
        Ok(ids)
    }
}

/// How words hang together in a campaign's corpus
#[utoipa::path(get, path = "/campaigns/{id}/npmi", params(
    ("id" = i64, Path, description = "The campaign's number"), Ids
), responses(
    (status = 200, body = Affinity),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(in super::super) async fn affinity(
    State(served): State<Served>,
    Path(id): Path<i64>,
    Query(ids): Query<Ids>,
) -> Result<Json<Affinity>, Problem> {
    let description = served.queue.description(CampaignId(id)).await?;
    let corpora = served.corpora.clone();
    let asked = spawn_blocking(move || {
        let unusable = |error: UnusableCorpus| Problem::new(StatusCode::CONFLICT, error.to_string());
        let npmi = corpora.of(&description).map_err(unusable)?;
        let words = npmi.corpus().vocabulary().len();
        let ids = ids.read(words).map_err(|detail| Problem::new(StatusCode::BAD_REQUEST, detail))?;
        Affinity::of(&npmi, &ids).map_err(|error| unusable(error.into()))
    });
    Ok(Json(asked.await.expect("a corpus is asked without a panic")?))
}
