//! Jobs as lines of JSON, in ids and in words: for `jq`, for pandas, and for people.

use crate::{
    JobResult, Solve, StoredResult, Words,
    entry::job_of,
    result::{form_name, form_of, status_name, status_of},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use superposed_identity::{JobId, Mode, Polarity, WordId};
use superposed_mining::Pool;
use superposed_shared::rows::TopicRow;

/// A job's line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    job: String,
    mode: Mode,
    layer: u32,
    neuron: u32,
    polarity: Polarity,
    pool_form: String,
    pool: Vec<WordId>,
    topics: Vec<Topic>,
    /// Word sets; as many as topics, unless the files were damaged.
    word_sets: Vec<Vec<WordId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    word_sets_file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    topics_file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pool_file: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Topic {
    score: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<Vec<String>>,
    ids: Vec<WordId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gap: Option<f64>,
}

/// The line of a job, with its line feed; with `words`, its topics are in it in words too.
#[must_use]
pub fn write(job: JobId, stored: &StoredResult, words: Option<&Words>) -> String {
    let StoredResult { result, otherwise } = stored;
    // An id that the map lacks is a fault that `verify` tells; here its number must do.
    let spelt = |words: &Words, id: &WordId| words.word(*id).map_or_else(|| id.to_string(), str::to_owned);
    let topic = |(index, topic): (usize, &TopicRow)| {
        let solve = result.solves.as_ref().and_then(|solves| solves.get(index));
        Topic {
            score: topic.score,
            words: words.map(|words| topic.words.iter().map(|id| spelt(words, id)).collect()),
            ids: topic.words.clone(),
            status: solve.map(|solve| status_name(solve.status).to_owned()),
            gap: solve.map(|solve| solve.gap),
        }
    };
    let [word_sets_file, topics_file, pool_file] =
        [0, 1, 2].map(|file| otherwise[file].as_ref().map(|bytes| STANDARD.encode(bytes)));
    let line = Line {
        job: job.to_string(),
        mode: job.mode,
        layer: job.layer.0,
        neuron: job.neuron.0,
        polarity: job.polarity,
        pool_form: form_name(result.pool.form).to_owned(),
        pool: result.pool.words.clone(),
        topics: result.topics.iter().enumerate().map(topic).collect(),
        word_sets: result.word_sets.clone(),
        word_sets_file,
        topics_file,
        pool_file,
    };
    serde_json::to_string(&line).expect("strings, numbers and lists of them can be written") + "\n"
}

/// The jobs of lines, in their order; of what is no job's line it is told why.
pub fn read(lines: &[u8]) -> impl Iterator<Item = Result<(JobId, StoredResult), String>> {
    lines.split_inclusive(|byte| *byte == b'\n').enumerate().map(|(index, line)| {
        let read =
            if line.ends_with(b"\n") { of_line(line) } else { Err("it was cut short, it has no end".to_owned()) };
        read.map_err(|reason| format!("line {}: {reason}", index + 1))
    })
}

fn of_line(line: &[u8]) -> Result<(JobId, StoredResult), String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let Line { mode, layer, neuron, polarity, pool_form, pool, topics, word_sets, .. } = line;
    let stem = format!("{layer}_{neuron}_{polarity}");
    let job = job_of(mode, &stem).ok_or_else(|| format!("{stem} names no job"))?;
    let form = form_of(&pool_form).ok_or_else(|| format!("{pool_form:?} is no form of a pool"))?;
    if pool.windows(2).any(|pair| pair[0] >= pair[1]) {
        return Err("the ids of its pool do not ascend".to_owned());
    }
    let file = |text: Option<String>| match text.map(|text| STANDARD.decode(text)).transpose() {
        Ok(bytes) => Ok(bytes.map(Bytes::from)),
        Err(error) => Err(format!("a file in it is no base64: {error}")),
    };
    let otherwise = [file(line.word_sets_file)?, file(line.topics_file)?, file(line.pool_file)?];
    let solve = |topic: &Topic| match (topic.status.as_deref(), topic.gap) {
        (None, None) => Ok(None),
        (Some(name), Some(gap)) => {
            let status = status_of(name).ok_or_else(|| format!("{name:?} is no status"))?;
            Ok(Some(Solve { status, gap }))
        }
        _ => Err("a topic has a status and a gap, or neither".to_owned()),
    };
    let solves = topics.iter().map(solve).collect::<Result<Option<Vec<_>>, String>>()?;
    let topics = topics.into_iter().map(|topic| TopicRow { words: topic.ids, score: topic.score }).collect();
    // Of no topics it is not known whether they were solved.
    let solves = solves.filter(|solves| !solves.is_empty());
    Ok((
        job,
        StoredResult { result: JobResult { pool: Pool { words: pool, form }, word_sets, topics, solves }, otherwise },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use superposed_identity::{LayerIndex, NeuronId};
    use superposed_mining::{PoolForm, Status};

    #[test]
    fn a_job_is_read_from_its_line() {
        let job =
            JobId { mode: Mode::HighContextual, layer: LayerIndex(0), neuron: NeuronId(304), polarity: Polarity::Pos };
        let ids = |ids: &[u32]| ids.iter().copied().map(WordId).collect::<Vec<_>>();
        let mut stored = StoredResult::from(JobResult {
            pool: Pool { words: ids(&[0, 2]), form: PoolForm::Set },
            word_sets: vec![ids(&[2, 0])],
            topics: vec![TopicRow { words: ids(&[0, 2]), score: 0.1 + 0.2 }],
            solves: Some(vec![Solve { status: Status::Limit, gap: 0.5 }]),
        });
        stored.otherwise[2] = Some(Bytes::from_static(b"\x80\x04"));
        let words = Words::read("ä\nb\nc\n".as_bytes()).expect("a map");
        let line = write(job, &stored, Some(&words));
        assert_eq!(
            line,
            "{\"job\":\"i/0_304_pos\",\"mode\":\"i\",\"layer\":0,\"neuron\":304,\"polarity\":\"pos\",\"pool_form\":\"set\",\
             \"pool\":[0,2],\"topics\":[{\"score\":0.30000000000000004,\"words\":[\"ä\",\"c\"],\"ids\":[0,2],\
             \"status\":\"limit\",\"gap\":0.5}],\"word_sets\":[[2,0]],\"pool_file\":\"gAQ=\"}\n"
        );
        let lines = line.clone() + &line + &line[..40];
        let read: Vec<_> = read(lines.as_bytes()).collect();
        assert_eq!(read[..2], [Ok((job, stored.clone())), Ok((job, stored))]);
        assert_eq!(read[2], Err("line 3: it was cut short, it has no end".to_owned()));
    }
}
