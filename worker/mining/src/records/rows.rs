//! Word sets and topics as lines of ids.

use super::python_repr;
use crate::{Topic, wordsets::WordSet};
use std::fmt::Write as _;
use superposed_identity::WordId;

/// `id id … id`, a line per word set.
pub(super) fn word_sets(sets: &[WordSet]) -> String {
    let mut text = String::new();
    for set in sets {
        ids(&mut text, set.members());
        text.push('\n');
    }
    text
}

/// `id id … id,score`, a line per topic.
pub(super) fn topics(topics: &[Topic]) -> String {
    let mut text = String::new();
    for topic in topics {
        ids(&mut text, &topic.words);
        text.push(',');
        text.push_str(&python_repr(topic.score));
        text.push('\n');
    }
    text
}

fn ids(text: &mut String, words: &[WordId]) {
    for (place, word) in words.iter().enumerate() {
        let space = if place == 0 { "" } else { " " };
        write!(text, "{space}{word}").expect("a string takes whatever is written to it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solve::Status;
    use superposed_identity::SolverKind;

    #[test]
    fn a_topic_is_its_ids_and_its_score() {
        let topic = Topic {
            words: vec![WordId(1), WordId(20), WordId(300)],
            score: 0.00002,
            status: Status::Optimal,
            gap: 0.0,
            nodes: 1,
            microseconds: 1,
            solver: SolverKind::BranchAndBound,
            audit: None,
        };
        assert_eq!(topics(&[topic.clone(), topic]), "1 20 300,2e-05\n1 20 300,2e-05\n");
        assert_eq!(topics(&[]), "");
    }
}
