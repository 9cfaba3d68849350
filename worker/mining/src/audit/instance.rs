//! A word set on which two solvers contradict each other, complete enough to solve it again anywhere.

use super::TOLERANCE;
use crate::solve::{Problem, Solution, SolveError, Status};
use serde::{Deserialize, Serialize};
use std::fmt;
use superposed_identity::{SolverKind, WordId};

/// What a solver said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The solver.
    pub solver: SolverKind,
    /// The k words it chose, ascending.
    pub words: Vec<WordId>,
    /// The mean NPMI of their pairs.
    pub score: f64,
    /// Whether it holds them to be best.
    pub status: Status,
    /// By how much it holds a better choice to be possible.
    pub gap: f64,
}

impl From<(SolverKind, &Solution)> for Answer {
    fn from((solver, solution): (SolverKind, &Solution)) -> Self {
        Self {
            solver,
            words: solution.words.clone(),
            score: solution.score,
            status: solution.status,
            gap: solution.gap,
        }
    }
}

/// A problem and two answers to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// The version of superposed that solved it.
    pub version: String,
    /// k, the number of words to choose.
    pub clique: u32,
    /// The words to choose from, ascending.
    pub words: Vec<WordId>,
    /// The weights of all pairs of words, exact, in the order (0,1), (0,2) … (1,2) …: n(n − 1)/2 of them.
    pub weights: Vec<f64>,
    /// What the campaign's solver said.
    pub topic: Answer,
    /// What the other solver said.
    pub audit: Answer,
}

/// A text that holds no instance, or one that is no problem.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// Not JSON, or not these fields.
    #[error("this is no instance of a disagreement: {0}")]
    Json(#[from] serde_json::Error),
    /// Words that do not strictly ascend.
    #[error("the words of the instance must strictly ascend")]
    Order,
    /// Not a weight for each pair of words.
    #[error("the instance has {found} weights, but {words} words have {expected} pairs")]
    Weights {
        /// The words there are.
        words: usize,
        /// Their pairs.
        expected: usize,
        /// The weights there are.
        found: usize,
    },
    /// The numbers cannot be solved.
    #[error(transparent)]
    Solve(#[from] SolveError),
}

impl Instance {
    /// The problem with what the campaign's solver and the other one said about it.
    #[must_use]
    pub fn new(problem: &Problem, topic: (SolverKind, &Solution), audit: (SolverKind, &Solution)) -> Self {
        let n = problem.len();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            clique: problem.clique() as u32,
            words: problem.words().to_vec(),
            weights: (0..n).flat_map(|a| (a + 1..n).map(move |b| problem.weight(a, b))).collect(),
            topic: topic.into(),
            audit: audit.into(),
        }
    }

    /// The problem to solve once more.
    ///
    /// # Errors
    /// Words or weights that make none, which only a text from elsewhere can have.
    pub fn problem(&self) -> Result<Problem, InstanceError> {
        let n = self.words.len();
        let expected = n * n.saturating_sub(1) / 2;
        if self.weights.len() != expected {
            return Err(InstanceError::Weights { words: n, expected, found: self.weights.len() });
        }
        if !self.words.is_sorted_by(|a, b| a < b) {
            return Err(InstanceError::Order);
        }
        let mut weights = vec![0.0; n * n];
        let pairs = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b)));
        for ((a, b), weight) in pairs.zip(&self.weights) {
            weights[a * n + b] = *weight;
            weights[b * n + a] = *weight;
        }
        Ok(Problem::new(self.words.clone(), weights, self.clique)?)
    }

    /// The instance as JSON of one line, its numbers exact.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings, numbers and lists of them can be written")
    }

    /// Reads what [`Instance::to_json`] wrote, each number to the bit.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_json(text: &str) -> Result<Self, InstanceError> {
        Ok(serde_json::from_str(text)?)
    }
}

/// One line that says who contradicts whom.
impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { clique, words, topic, audit, .. } = self;
        write!(
            f,
            "two solvers contradict each other on the best {clique} of {} words: {} says {} (gap {}), {} says {} \
             (gap {}), more than {TOLERANCE} apart; please report it with the instance",
            words.len(),
            topic.solver,
            topic.score,
            topic.gap,
            audit.solver,
            audit.score,
            audit.gap,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance() -> Instance {
        let weights = vec![0.0, 0.5, 0.25, 0.5, 0.0, -0.75, 0.25, -0.75, 0.0];
        let problem = Problem::new(vec![WordId(4), WordId(7), WordId(9)], weights, 2).expect("a legal problem");
        let solution =
            Solution { words: vec![WordId(4), WordId(7)], score: 0.5, status: Status::Limit, gap: 0.125, nodes: 3 };
        Instance::new(&problem, (SolverKind::BranchAndBound, &solution), (SolverKind::Scip, &solution))
    }

    #[test]
    fn an_instance_can_be_read_by_others() {
        let answer = |solver| serde_json::json!({ "solver": solver, "words": [4, 7], "score": 0.5, "status": "limit", "gap": 0.125 });
        let expected = serde_json::json!({
            "version": env!("CARGO_PKG_VERSION"),
            "clique": 2,
            "words": [4, 7, 9],
            "weights": [0.5, 0.25, -0.75],
            "topic": answer("branch-and-bound"),
            "audit": answer("scip"),
        });
        let written: serde_json::Value = serde_json::from_str(&instance().to_json()).expect("JSON");
        assert_eq!(written, expected);
    }

    #[test]
    fn what_makes_no_problem_is_named() {
        let refused = |change: fn(&mut Instance)| {
            let mut instance = instance();
            change(&mut instance);
            instance.problem().expect_err("the instance was accepted").to_string()
        };
        assert!(refused(|i| i.weights.truncate(2)).contains("2 weights, but 3 words have 3 pairs"));
        assert!(refused(|i| i.words.swap(0, 1)).contains("ascend"));
        assert!(refused(|i| i.words[1] = i.words[0]).contains("ascend"));
        assert!(refused(|i| i.clique = 21).contains("topic of 21"));
        assert!(refused(|i| i.weights[0] = 1e9).contains("not an NPMI"));
        let empty = |i: &mut Instance| (i.words, i.weights) = (Vec::new(), Vec::new());
        assert!(refused(empty).contains("word set of 0 words"));
        assert!(Instance::from_json("{}").is_err_and(|error| error.to_string().contains("no instance")));
    }
}
