//! Trees of pools and logits that a campaign cannot start from.

use crate::bench::{Bench, TOKENS};
use std::{fs, path::Path};
use superposed_mining::{JobFiles, Pool, PoolForm};
use superposed_shared::{
    description::{CampaignDescription, Input},
    record::CampaignRecord,
    spec::CampaignSpec,
};
use toml::Table;

fn write(path: &Path, content: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("a writable directory");
    fs::write(path, content).expect("a writable file");
}

/// A bench with the pools of neurons 0 to 3 in mode i layer 0, each of these words.
fn bench_with_pools(words: &[u32]) -> Bench {
    let bench = Bench::new();
    let words = words.iter().copied().map(superposed_corpus::WordId).collect();
    let pool = JobFiles::new(&Pool { words, form: PoolForm::Set }, &[], &[]).pool;
    for neuron in 0..4 {
        write(&bench.place.path(&format!("pools/1M/i/0_{neuron}_pos.pkl")), &pool);
    }
    bench
}

/// Makes a campaign start from pools.
fn on_pools(campaign: &mut Table) {
    campaign.remove("model");
    campaign.insert("pools".to_owned(), "pools/1M".into());
    campaign["parameters"].as_table_mut().expect("a table").remove("tau");
}

/// Makes a campaign start from logits.
fn on_logits(campaign: &mut Table) {
    campaign.remove("model");
    campaign.insert("logits".to_owned(), "logits/1M".into());
    campaign.insert("tokenizer".to_owned(), "model".into());
}

/// The refusal of a campaign on pools with a fault.
fn refusal(bench: &Bench, fault: impl FnOnce(&mut Table)) -> String {
    let line = bench.refusal_of(|campaign| {
        on_pools(campaign);
        fault(campaign);
    });
    bench.cut(&line)
}

#[test]
fn a_campaign_that_starts_from_nothing_or_from_two_things_is_refused() {
    let bench = bench_with_pools(&[1]);
    let line = refusal(&bench, |campaign| drop(campaign.remove("pools")));
    assert_eq!(
        line,
        "campaign.toml:1: nothing to start from: name a model, a tree of pools, or logits and their tokenizer"
    );
    let line = refusal(&bench, |campaign| drop(campaign.insert("model".to_owned(), "model".into())));
    assert_eq!(line, "campaign.toml:1: a campaign starts from one thing: name one of model, pools and logits");
    let line = refusal(&bench, |campaign| {
        campaign["parameters"].as_table_mut().expect("a table").insert("tau".to_owned(), 20.into());
    });
    assert_eq!(line, "campaign.toml: tau plays no part when pools are given, which are made already: leave it out");
}

#[test]
fn a_tree_that_is_not_there_or_empty_is_named_with_what_would_be_one() {
    let bench = bench_with_pools(&[1]);
    let line = refusal(&bench, |campaign| campaign["pools"] = "nowhere/1M".into());
    assert_eq!(line, "pools nowhere/1M: there is no such directory; name that of a size, like results/124M");
    let line = refusal(&bench, |campaign| campaign["pools"] = "pools".into());
    assert_eq!(
        line,
        "pools has no pools: no file there is named like i/0_304_pos.pkl; name the directory of a size, like results/124M"
    );
    let line = refusal(&bench, |campaign| campaign["pools"] = "gopher://bucket/1M".into());
    assert_eq!(
        line,
        "pools gopher://bucket/1M: \"gopher://bucket/1M\" is a kind of URL that nothing is kept under: name a directory, \
         file:///path, s3://bucket/path, gs://bucket/path or az://container/path"
    );
}

#[test]
fn a_selected_neuron_or_polarity_that_is_not_there_is_named_by_its_file() {
    let bench = bench_with_pools(&[1]);
    let line = refusal(&bench, |campaign| campaign["select"][0]["neurons"] = "2-4".into());
    assert_eq!(line, "pools/1M has no i/0_4_pos.pkl: select neurons and polarities that are there");
    let line = refusal(&bench, |campaign| drop(campaign.remove("polarities")));
    assert_eq!(line, "pools/1M has no i/0_0_neg.pkl: select neurons and polarities that are there");
    let line = refusal(&bench, |campaign| campaign["modes"] = vec!["i", "ii"].into());
    assert_eq!(line, "pools/1M has no pools of mode ii: leave the mode out of the campaign, or name another tree");
}

#[test]
fn what_is_no_pool_is_refused_when_nothing_else_tells_the_rule() {
    let bench = bench_with_pools(&[1]);
    write(&bench.place.path("pools/1M/i/0_0_pos.pkl"), "1 2 3");
    let line = refusal(&bench, |_| {});
    assert!(line.starts_with("pools/1M/i/0_0_pos.pkl: damaged pickle at byte 0: "), "{line}");
}

#[test]
fn pools_of_another_corpus_are_refused() {
    let bench = bench_with_pools(&[1]);
    let spec = "name = 'old'\nsize = '1M'\nmodel = 'm'\ncorpus = 'c'\ndestination = 'd'";
    let spec: CampaignSpec = toml::from_str(spec).expect("a legal spec");
    let parameters = spec.parameters.resolve(superposed_identity::TokenRule::ByteLevel);
    let description = CampaignDescription {
        size: spec.size.clone(),
        input: Input::Model { directory: "m".to_owned(), digest: "sha256:0".to_owned() },
        corpus: "c".to_owned(),
        corpus_digest: "sha256:12".to_owned(),
        extra_vocab: None,
        destination: "d".to_owned(),
        polarities: spec.polarities,
        parameters,
        batch: spec.batch,
        precision: spec.precision.unwrap_or_default(),
        name: spec.name.clone(),
        audit: spec.audit,
        layout: superposed_identity::ResultLayout::Files,
    };
    let record = CampaignRecord { version: "0".to_owned(), spec, description, layers: vec![] };
    write(&bench.place.path("pools/1M/campaigns/old.json"), serde_json::to_vec(&record).expect("plain data"));
    let line = refusal(&bench, |_| {});
    let expected =
        "the pools of pools/1M were made with corpus sha256:12 (campaigns/old.json says so), and this one is ";
    assert!(line.starts_with(expected), "{line}");
    assert!(line.ends_with(": their ids would mean other words; name that corpus"), "{line}");

    write(&bench.place.path("pools/1M/campaigns/old.json"), "{}");
    let line = refusal(&bench, |_| {});
    assert!(line.starts_with("pools/1M/campaigns/old.json: not a campaign record: missing field"), "{line}");
}

#[test]
fn pools_with_words_that_the_corpus_lacks_are_refused() {
    let bench = bench_with_pools(&[1, TOKENS]);
    let mut campaign = bench.campaign();
    on_pools(&mut campaign);
    // All pools are read with the digest, once a coordinator is there.
    let line = bench.late_refusal(bench.local(&bench.write(&campaign)));
    assert_eq!(
        bench.cut(&line),
        "pools/1M/i/0_0_pos.pkl: it has word 40, but the corpus has words 0 to 39; name the corpus that the pools were \
         made with"
    );
}

#[test]
fn results_are_not_written_over_what_they_are_made_from() {
    let bench = bench_with_pools(&[1]);
    let line = refusal(&bench, |campaign| campaign["destination"] = "pools".into());
    assert_eq!(
        line,
        "the results would be written over pools/1M, which they are made from: choose another size or destination"
    );
}

#[test]
fn logits_without_their_tokenizer_are_refused() {
    let bench = Bench::new();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (39,), }";
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.bytes());
    npy.extend([0; 4 * 39]);
    for neuron in 0..4 {
        write(&bench.place.path(&format!("logits/1M/i/0_{neuron}_logits.npy")), &npy);
    }
    let refusal = |fault: &dyn Fn(&mut Table)| {
        let line = bench.refusal_of(|campaign| {
            on_logits(campaign);
            fault(campaign);
        });
        bench.cut(&line)
    };
    assert_eq!(
        refusal(&|campaign| drop(campaign.remove("tokenizer"))),
        "campaign.toml:1: logits need a tokenizer: name the directory of the tokenizer whose tokens they are of"
    );
    assert_eq!(
        refusal(&|campaign| campaign["tokenizer"] = "corpus".into()),
        "corpus holds no tokenizer: put tokenizer.json, vocab.json with merges.txt, encoder.json with vocab.bpe, or \
         tokenizer.model there"
    );
    assert_eq!(
        refusal(&|_| {}),
        "logits/1M/i/0_0_logits.npy: it has 39 logits, but the tokenizer has 40 tokens; name the tokenizer that they are \
         of"
    );
}
