//! Mined topics in words, for people: which neurons speak of what.

use futures::{TryStreamExt, pin_mut};
use std::{cmp::Ordering, collections::HashSet, sync::Arc};
use superposed_identity::{JobId, LayerIndex, Mode, Size, WordId};
use superposed_results::{Entry, JobFile, Scope, Selector, Tree, TreeError, Words, WordsError, pack::Columns};
use superposed_shared::{layout, rows::TopicRow};

/// Rows that are kept above the limit before the worst are dropped.
const SLACK: usize = 4096;

/// What is asked of results.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// The jobs; all when empty.
    pub selectors: Vec<Selector>,
    /// The least score.
    pub min_score: Option<f64>,
    /// The greatest score.
    pub max_score: Option<f64>,
    /// Words that a topic must have, all of them.
    pub words: Vec<String>,
    /// In which order topics come.
    pub order: Order,
    /// How many come at the most; all when absent.
    pub limit: Option<usize>,
}

/// In which order topics come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The best first.
    #[default]
    Score,
    /// By job, and in a job as its file has them.
    Job,
}

/// A topic of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundTopic {
    /// The size.
    pub size: Arc<Size>,
    /// The job.
    pub job: JobId,
    /// Its place among the job's topics, from 0.
    pub place: usize,
    /// The mean NPMI of its pairs of words.
    pub score: f64,
    /// Its words.
    pub ids: Vec<WordId>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The topics, as many as were asked for.
    pub topics: Vec<FoundTopic>,
    /// How many there are.
    pub matching: u64,
    /// The jobs that were looked at.
    pub jobs: u64,
    /// Those that have no topics.
    pub without: u64,
}

/// Results that cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    /// They cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A job that was named is not there.
    #[error("there is no {0}; the job is not finished, or its files were removed")]
    NoJob(String),
    /// Nothing that was selected is there.
    #[error("{place} has no such job: {held}")]
    NothingSelected {
        /// The results.
        place: String,
        /// What they have.
        held: String,
    },
    /// A pack cannot be read, or two disagree.
    #[error("{0}; `superposed verify` tells all that is wrong")]
    Pack(String),
    /// A word that no topic can have.
    #[error("{size} has no word {word:?}{hint}")]
    NoWord {
        /// The size.
        size: Size,
        /// The word.
        word: String,
        /// What may have been meant.
        hint: String,
    },
    /// A word is asked for, and ids have no words.
    #[error(
        "{size} has no words.txt, so that nobody knows which id is {word:?}: name its words with --corpus or --words"
    )]
    NoWords {
        /// The size.
        size: Size,
        /// The word.
        word: String,
    },
    /// A map from ids to words cannot be read.
    #[error("{path}, {source}")]
    Words {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: WordsError,
    },
}

/// Results, of which topics are asked.
#[derive(Debug)]
pub struct Results {
    tree: Arc<Tree>,
    /// What ids mean where the results have no map.
    fallback: Option<Words>,
}

impl Results {
    /// Opens results and looks through what the selectors may mean.
    ///
    /// # Errors
    /// When there are none.
    pub async fn open(place: &str, selectors: &[Selector], fallback: Option<Words>) -> Result<Self, TopicsError> {
        let mut directories: Vec<String> = if selectors.is_empty() {
            vec![String::new()]
        } else {
            // A job that is named is looked up by its name.
            let patterns = selectors.iter().filter(|selector| selector.one().is_none());
            patterns.flat_map(Selector::directories).collect()
        };
        directories.sort_unstable();
        directories.dedup();
        if directories.first().is_some_and(String::is_empty) {
            directories.truncate(1);
        }
        let selected = |size: &Size, entry: Entry<'_>| {
            let any = |has: &dyn Fn(&Selector) -> bool| {
                selectors.is_empty() || selectors.iter().any(|selector| selector.has_size(size) && has(selector))
            };
            match entry {
                Entry::Job(job, JobFile::Topics) => any(&|selector| selector.has(job)),
                Entry::Pack(mode, layer) | Entry::Part(mode, layer) | Entry::Lines(mode, layer) => {
                    any(&|selector| selector.has_layer(mode, layer))
                }
                Entry::Words => any(&|_| true),
                _ => false,
            }
        };
        let tree = Tree::open(place, &Scope { directories, wanted: &selected }).await?;
        Ok(Self { tree: Arc::new(tree), fallback })
    }

    /// What the ids of a size mean, if that is known.
    ///
    /// # Errors
    /// When the map beside the results is damaged.
    pub async fn words(&self, size: &Size) -> Result<Option<Words>, TopicsError> {
        Ok(self.tree.words(size).await?.or_else(|| self.fallback.clone()))
    }

    /// The topics that are asked for.
    ///
    /// # Errors
    /// When nothing is selected, or what is cannot be read.
    pub async fn ask(&self, query: &Query) -> Result<Found, TopicsError> {
        let mut found = Found::default();
        let mut patterns = Vec::new();
        for selector in &query.selectors {
            let Some((size, job)) = selector.one() else {
                patterns.push(selector.clone());
                continue;
            };
            self.one(size, job, query, &mut found).await?;
        }
        if !patterns.is_empty() || query.selectors.is_empty() {
            let selected = |size: &Size, job: Option<JobId>, (mode, layer): (Mode, LayerIndex)| {
                let has = |selector: &Selector| {
                    selector.has_size(size)
                        && job.map_or_else(|| selector.has_layer(mode, layer), |job| selector.has(job))
                };
                patterns.is_empty() || patterns.iter().any(has)
            };
            for (size, of_size) in &self.tree.inventory.sizes {
                let asked = Asked::new(self, size, query).await?;
                for layer in of_size.layers.keys().filter(|layer| selected(size, None, **layer)) {
                    self.layer(*layer, &asked, |job| selected(size, Some(job), *layer), &mut found).await?;
                }
            }
            if found.jobs == 0 {
                let place = self.tree.place().to_owned();
                return Err(TopicsError::NothingSelected { place, held: self.held().await? });
            }
        }
        found.keep(query.order, query.limit.unwrap_or(usize::MAX));
        Ok(found)
    }

    /// The best topics of jobs, each set of words once; jobs without files (failed ones) have none.
    ///
    /// # Errors
    /// When a job's topics cannot be read.
    pub async fn best(
        &self,
        size: &Size,
        jobs: impl Iterator<Item = JobId>,
        count: usize,
    ) -> Result<Vec<FoundTopic>, TopicsError> {
        let jobs: HashSet<JobId> = jobs.collect();
        let mut found = Found::default();
        let query = Query::default();
        let asked = Asked::new(self, size, &query).await?;
        let held = self.tree.inventory.sizes.get(size).map(|of_size| &of_size.layers);
        for layer in held.into_iter().flat_map(|layers| layers.keys()) {
            self.layer(*layer, &asked, |job| jobs.contains(&job), &mut found).await?;
            found.distinct(count);
        }
        Ok(found.topics)
    }

    /// A job that was named.
    async fn one(&self, size: &Size, job: JobId, query: &Query, found: &mut Found) -> Result<(), TopicsError> {
        let asked = Asked::new(self, size, query).await?;
        let path = JobFile::Topics.path(job);
        if let Some(content) = self.tree.get(size, &path).await? {
            let topics = superposed_shared::rows::topics(&content).collect::<Result<Vec<_>, _>>();
            let damaged = |error: superposed_shared::rows::RowError| TreeError::Damaged {
                path: layout::topics_file(size, job),
                reason: error.to_string(),
            };
            asked.take(job, &topics.map_err(damaged)?, found);
            return Ok(());
        }
        // Not as a file: then in a pack.
        let selector = Selector { size: Some(size.clone()), mode: Some(job.mode), ..Selector::default() };
        let before = found.jobs;
        if self.tree.is_place() {
            let packed = Box::pin(Self::open(self.tree.place(), &[selector], None)).await?;
            packed.layer((job.mode, job.layer), &asked, |other| other == job, found).await?;
        } else {
            self.layer((job.mode, job.layer), &asked, |other| other == job, found).await?;
        }
        if found.jobs == before { Err(TopicsError::NoJob(layout::topics_file(size, job))) } else { Ok(()) }
    }

    async fn layer(
        &self,
        layer: (Mode, LayerIndex),
        asked: &Asked<'_>,
        wanted: impl Fn(JobId) -> bool,
        found: &mut Found,
    ) -> Result<(), TopicsError> {
        let layer = self.tree.layer(&asked.size, layer, Columns::Topics).await?;
        if let Some((path, error)) = layer.unreadable.first() {
            return Err(TopicsError::Pack(format!("{path}: {error}")));
        }
        if let Some((job, first, second)) = layer.contradictions.first() {
            return Err(TopicsError::Pack(format!("job {job} is told differently by {first} and {second}")));
        }
        let layer = Arc::new(layer);
        let jobs: Vec<JobId> = layer.jobs().filter(|job| wanted(*job)).collect();
        let results = layer.results(jobs.into_iter());
        pin_mut!(results);
        while let Some((job, stored)) = results.try_next().await? {
            asked.take(job, &stored.result.topics, found);
        }
        Ok(())
    }

    /// What the results have, for one who asked for something else.
    async fn held(&self) -> Result<String, TopicsError> {
        let all = Tree::open(self.tree.place(), &Scope::all()).await?;
        let sizes = all.inventory.sizes.iter().map(|(size, of_size)| {
            let of_mode = |mode: Mode| {
                let layers =
                    of_size.layers.keys().filter(|(own, _)| *own == mode).map(|(_, layer)| layer.0..layer.0 + 1);
                let layers: superposed_shared::spec::IndexSet = layers.collect();
                (!layers.is_empty()).then(|| format!("{size}/{mode} with layers {layers}"))
            };
            Mode::ALL.into_iter().filter_map(of_mode).collect::<Vec<_>>()
        });
        let held: Vec<String> = sizes.flatten().collect();
        Ok(if held.is_empty() {
            "it holds no results; name the destination of a campaign, the directory above a size like 124M".to_owned()
        } else {
            format!("it has {}", held.join(", "))
        })
    }
}

/// A query of one size.
struct Asked<'q> {
    size: Arc<Size>,
    query: &'q Query,
    words: Vec<WordId>,
}

impl<'q> Asked<'q> {
    async fn new(results: &Results, size: &Size, query: &'q Query) -> Result<Self, TopicsError> {
        let mut words = Vec::new();
        if !query.words.is_empty() {
            let map = results.words(size).await?;
            for word in &query.words {
                let Some(map) = &map else {
                    return Err(TopicsError::NoWords { size: size.clone(), word: word.clone() });
                };
                words.push(map.id(word).ok_or_else(|| no_word(size, word, map))?);
            }
        }
        Ok(Self { size: Arc::new(size.clone()), query, words })
    }

    fn take(&self, job: JobId, topics: &[TopicRow], found: &mut Found) {
        found.jobs += 1;
        found.without += u64::from(topics.is_empty());
        let Query { min_score, max_score, .. } = self.query;
        for (place, topic) in topics.iter().enumerate() {
            let asked_for = min_score.is_none_or(|least| topic.score >= least)
                && max_score.is_none_or(|most| topic.score <= most)
                && self.words.iter().all(|word| topic.words.contains(word));
            if asked_for {
                found.matching += 1;
                let (size, ids) = (Arc::clone(&self.size), topic.words.clone());
                found.topics.push(FoundTopic { size, job, place, score: topic.score, ids });
            }
        }
        let limit = self.query.limit.unwrap_or(usize::MAX);
        if found.topics.len() > limit.saturating_add(SLACK) {
            found.keep(self.query.order, limit);
        }
    }
}

fn no_word(size: &Size, word: &str, map: &Words) -> TopicsError {
    let lower = word.to_lowercase();
    let hint = if lower != word && map.id(&lower).is_some() {
        format!(", but {lower:?}")
    } else {
        // Words that begin alike are neighbours.
        let alike = |length: usize| {
            let start: String = word.chars().take(length).collect();
            let begins = |id: &u32| map.word(WordId(*id)).is_some_and(|other| other.starts_with(&start));
            let alike = (0..map.len() as u32).filter(begins).take(3);
            let alike: Vec<&str> = alike.filter_map(|id| map.word(WordId(id))).collect();
            (!alike.is_empty()).then(|| format!("; it has {}", alike.join(", ")))
        };
        (3..word.chars().count()).rev().find_map(alike).unwrap_or_default()
    };
    TopicsError::NoWord { size: size.clone(), word: word.to_owned(), hint }
}

impl Found {
    /// Sorts the topics and keeps the first of them.
    fn keep(&mut self, order: Order, limit: usize) {
        let by_job = |a: &FoundTopic, b: &FoundTopic| (&a.size, a.job, a.place).cmp(&(&b.size, b.job, b.place));
        let by_score = |a: &FoundTopic, b: &FoundTopic| b.score.total_cmp(&a.score).then_with(|| by_job(a, b));
        let order: &dyn Fn(&FoundTopic, &FoundTopic) -> Ordering = match order {
            Order::Score => &by_score,
            Order::Job => &by_job,
        };
        self.topics.sort_by(order);
        self.topics.dedup();
        self.topics.truncate(limit);
    }

    /// Keeps the best topics, each set of words once.
    fn distinct(&mut self, limit: usize) {
        self.keep(Order::Score, usize::MAX);
        let mut seen = HashSet::new();
        self.topics.retain(|topic| seen.insert(topic.ids.clone()));
        self.topics.truncate(limit);
    }
}

/// A topic's words; an id that no word is known for stands for itself.
#[must_use]
pub fn spelt(ids: &[WordId], words: Option<&Words>) -> Vec<String> {
    let word = |id: &WordId| words.and_then(|words| words.word(*id)).map_or_else(|| id.to_string(), str::to_owned);
    ids.iter().map(word).collect()
}

/// A topic's line: its score, its job and its words, the columns of lines of like topics below each other.
#[must_use]
pub fn line(topic: &FoundTopic, words: Option<&Words>, name: &str, name_width: usize) -> String {
    format!("{:.4}  {name:<name_width$} {}", topic.score, spelt(&topic.ids, words).join(" "))
}
