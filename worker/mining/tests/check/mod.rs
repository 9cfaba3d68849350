//! Files of a job that mining made, and the same with faults.

use crate::planted::Planted;
use std::sync::Arc;
use superposed_corpus::Npmi;
use superposed_identity::{Polarity, WordId};
use superposed_mining::{
    Mined,
    check::{JobFault, check_job},
};

struct Bench {
    planted: Planted,
    npmi: Npmi,
    mined: Mined,
}

impl Bench {
    fn new() -> Self {
        let planted = Planted::new(4, 24, 8_000);
        let logits: Vec<f32> = (0..96).map(|token| [-5.0, 0.0, 5.0, 5.0][token / 24] + token as f32 / 1000.0).collect();
        let mined = planted.miner(48).mine_logits(&logits, Polarity::Pos).expect("a planted job");
        assert!(mined.topics.len() > 1, "rows that could be swapped");
        let npmi = Npmi::new(Arc::clone(&planted.corpus), planted.parameters(48).min_freq);
        Self { planted, npmi, mined }
    }

    /// What is wrong with the files after a change of their rows.
    fn fault(&self, change: impl FnOnce(&mut Vec<Vec<WordId>>, &mut Vec<(Vec<WordId>, f64)>)) -> Option<JobFault> {
        let mut word_sets: Vec<_> = self.mined.word_sets.iter().map(|set| set.members().to_vec()).collect();
        let mut topics = self.mined.topics.iter().map(|topic| (topic.words.clone(), topic.score)).collect();
        change(&mut word_sets, &mut topics);
        let pool = self.mined.files().pool;
        check_job(&self.npmi, &self.planted.parameters(48), &pool, &word_sets, &topics).err()
    }
}

#[test]
fn what_mining_made_passes_and_each_fault_is_told() {
    let bench = Bench::new();
    assert_eq!(bench.fault(|_, _| {}), None);
    assert_eq!(bench.fault(|_, topics| topics[0].1 += 1e-10), None, "within the tolerance");
    assert!(matches!(bench.fault(|_, topics| topics[1].1 -= 2e-9), Some(JobFault::Score { row: 2, .. })));
    assert!(matches!(bench.fault(|_, topics| topics.swap(0, 1)), Some(JobFault::Topic { row: 1, .. })));
    assert!(matches!(bench.fault(|_, topics| topics[0].0.reverse()), Some(JobFault::Topic { row: 1, .. })));
    assert!(matches!(bench.fault(|_, topics| drop(topics.pop())), Some(JobFault::Rows { .. })));
    assert!(matches!(bench.fault(|sets, _| sets[0].truncate(9)), Some(JobFault::Size { row: 1, words: 9, .. })));
    let foreign = bench.fault(|sets, _| sets[1][0] = WordId(1));
    assert!(matches!(foreign, Some(JobFault::Member { row: 2, word: WordId(1), .. })), "{foreign:?}");
    let twice = bench.fault(|sets, _| sets[1][0] = sets[0][0]);
    assert!(matches!(twice, Some(JobFault::Member { row: 2, .. })), "{twice:?}");
}

#[test]
fn a_pool_that_cannot_be_read_or_is_of_another_corpus_is_told() {
    let bench = Bench::new();
    let check = |pool: &[u8]| check_job(&bench.npmi, &bench.planted.parameters(48), pool, &[], &[]).err();
    let pool = bench.mined.files().pool;
    assert!(matches!(check(&pool[..pool.len() - 2]), Some(JobFault::Pool(_))));
    assert_eq!(check(b"\x80\x04\x8f\x94(K\x01K\x02\x90."), None);
    assert!(matches!(check(b"\x80\x04\x8f\x94(K\x01K\xc8\x90."), Some(JobFault::Unknown { word: WordId(200), .. })));
}
