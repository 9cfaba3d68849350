//! Which topics of a campaign have some words, or are the best: found layer by layer, and told as they are found.

use super::{
    super::super::{
        Served,
        extract::{Path, Query},
        problem::Problem,
    },
    job::{Word, spelt},
};
use crate::topics::{FoundTopic, Order, Query as TopicQuery, Results, TopicsError};
use axum::{
    extract::State,
    http::StatusCode,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use std::{convert::Infallible, iter, sync::Arc};
use superposed_identity::{LayerIndex, Mode, Polarity, Size};
use superposed_results::{Selector, Words};
use superposed_shared::description::CampaignId;
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};

/// Topics that are told unless a limit is given.
const TOLD: usize = 50;

/// The most topics that are told.
const MOST: usize = 500;

#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in super::super) struct Asked {
    /// Words that a topic must have, all of them, with spaces between them
    words: Option<String>,
    /// Only of this mode: i, ii, iii or iiii
    #[param(value_type = Option<String>)]
    mode: Option<Mode>,
    /// Only of this layer
    layer: Option<u32>,
    /// Only of this polarity: neg or pos
    #[param(value_type = Option<String>)]
    polarity: Option<Polarity>,
    /// Only topics that score at least this
    min_score: Option<f64>,
    /// How many of the best are told, 50 unless given, at most 500
    limit: Option<usize>,
}

/// A topic that was found.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(in super::super) struct Hit {
    #[schema(example = "i/0_304_pos")]
    job: String,
    #[schema(example = "i")]
    mode: String,
    layer: u32,
    neuron: u32,
    #[schema(example = "pos")]
    polarity: String,
    /// The mean NPMI of its pairs of words.
    score: f64,
    words: Vec<Word>,
}

/// What was found so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
pub(in super::super) struct Hits {
    /// The best, best first.
    topics: Vec<Hit>,
    /// How many there are in all.
    matching: u64,
    /// Jobs that were looked at.
    jobs: u64,
    /// Layers that were looked at, each mode's counted by itself.
    layers: usize,
    /// Layers that will be.
    of_layers: usize,
}

/// The topics that have some words, or the best of all, as they are found
#[utoipa::path(get, path = "/campaigns/{id}/topics", params(
    ("id" = i64, Path, description = "The campaign's number"), Asked
), responses(
    (status = 200, body = Hits, content_type = "text/event-stream",
     description = "Events `topics`, each with all that was found so far, and a last one `end`; or `problem`"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(in super::super) async fn topics(
    State(served): State<Served>,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let id = CampaignId(id);
    let description = served.queue.description(id).await?;
    let layers = served.queue.progress(id).await?;
    let layers = layers.into_iter().filter(|(mode, layer, jobs)| {
        jobs.done > 0 && asked.mode.is_none_or(|own| own == *mode) && asked.layer.is_none_or(|own| own == layer.0)
    });
    let layers: Vec<(Mode, LayerIndex)> = layers.map(|(mode, layer, _)| (mode, layer)).collect();
    let search = Search {
        place: description.destination,
        size: description.size,
        limit: asked.limit.unwrap_or(TOLD).min(MOST),
        hits: Hits { of_layers: layers.len(), ..Hits::default() },
        layers: layers.into_iter(),
        asked,
        words: None,
        turns: served.searches,
    };
    Ok(Sse::new(search.events().map(Ok)).keep_alive(KeepAlive::default()))
}

/// A search that goes on.
struct Search {
    place: String,
    size: Size,
    layers: std::vec::IntoIter<(Mode, LayerIndex)>,
    asked: Asked,
    limit: usize,
    hits: Hits,
    /// What ids mean, once it was read.
    words: Option<Words>,
    turns: Arc<Semaphore>,
}

impl Search {
    /// What is told; it ends with the listener.
    fn events(self) -> impl Stream<Item = Event> {
        stream::unfold(Some(self), |search| async move {
            let mut search = search?;
            let Some(layer) = search.layers.next() else {
                // With something in it: browsers pass over events without.
                return Some((Event::default().event("end").data("end"), None));
            };
            match search.look_at(layer).await {
                Ok(()) => {
                    let event = Event::default().event("topics").json_data(&search.hits);
                    Some((event.expect("these types have a form in JSON"), Some(search)))
                }
                Err(error) => {
                    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string());
                    let event = Event::default().event("problem").json_data(problem);
                    Some((event.expect("these types have a form in JSON"), None))
                }
            }
        })
    }

    async fn look_at(&mut self, (mode, layer): (Mode, LayerIndex)) -> Result<(), TopicsError> {
        // A few at a time: they read thousands of files.
        let _turn = self.turns.acquire().await.expect("the semaphore is never closed");
        let selector = Selector {
            size: Some(self.size.clone()),
            mode: Some(mode),
            layers: Some(iter::once(layer.0..layer.0 + 1).collect()),
            neurons: None,
            polarity: self.asked.polarity,
        };
        let selectors = vec![selector];
        let results = Results::open(&self.place, &selectors, None).await?;
        let query = TopicQuery {
            selectors,
            min_score: self.asked.min_score,
            max_score: None,
            words: self.asked.words.iter().flat_map(|words| words.split_whitespace()).map(str::to_owned).collect(),
            order: Order::Score,
            limit: Some(self.limit),
        };
        self.hits.layers += 1;
        let found = match results.ask(&query).await {
            // Its files were removed, or are those of the other polarity.
            Err(TopicsError::NothingSelected { .. }) => return Ok(()),
            found => found?,
        };
        self.hits.matching += found.matching;
        self.hits.jobs += found.jobs;
        if self.words.is_none() {
            self.words = results.words(&self.size).await?;
        }
        let words = self.words.as_ref();
        let hit = |topic: FoundTopic| Hit {
            job: topic.job.to_string(),
            mode: topic.job.mode.to_string(),
            layer: topic.job.layer.0,
            neuron: topic.job.neuron.0,
            polarity: topic.job.polarity.to_string(),
            score: topic.score,
            words: spelt(&topic.ids, words),
        };
        self.hits.topics.extend(found.topics.into_iter().map(hit));
        // Stable: of equals, the first found stays first.
        self.hits.topics.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.hits.topics.truncate(self.limit);
        Ok(())
    }
}
