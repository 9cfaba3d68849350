//! Parameters that cannot be mined, and selections of what the model does not have.

use crate::bench::Bench;
use toml::{Table, Value};

/// The refusal of a campaign with another value of one parameter.
fn refusal_with(parameter: &str, value: impl Into<Value>) -> String {
    let bench = Bench::new();
    bench.refusal_of(|campaign| {
        campaign["parameters"].as_table_mut().expect("a table").insert(parameter.to_owned(), value.into());
    })
}

fn select(text: &str) -> impl FnOnce(&mut Table) {
    let selection: Table = toml::from_str(text).expect("TOML");
    |campaign| campaign["select"] = vec![selection].into()
}

#[test]
fn kappa_below_the_clique_size_is_refused() {
    assert_eq!(
        refusal_with("kappa", vec![9, 24]),
        "kappa is [9, 24], but its lower bound must be at least the 10 words of a topic"
    );
}

#[test]
fn kappa_out_of_order_or_above_what_can_be_solved_is_refused() {
    for kappa in [[24, 10], [10, 65]] {
        let line = refusal_with("kappa", kappa.to_vec());
        assert_eq!(line, format!("kappa is {kappa:?}, but must be ascending and at most 64"));
    }
}

#[test]
fn tau_above_half_of_the_vocabulary_or_zero_is_refused() {
    for tau in [0, 21] {
        assert_eq!(
            refusal_with("tau", tau),
            format!("tau is {tau}, but must lie between 1 and half of the model's 40 tokens")
        );
    }
}

#[test]
fn theta_out_of_order_or_out_of_range_is_refused() {
    for (theta, told) in [([0.5, 0.25], "[0.5, 0.25]"), ([0.0, 1.5], "[0, 1.5]"), ([f64::NAN, 1.0], "[NaN, 1]")] {
        assert_eq!(
            refusal_with("theta", theta.to_vec()),
            format!("theta is {told}, but must be two numbers between -1 and 1 in ascending order")
        );
    }
}

#[test]
fn a_clique_of_one_word_is_refused() {
    assert_eq!(refusal_with("clique", 1), "clique is 1, but a topic must have 2 to 20 words");
}

#[test]
fn a_list_of_words_that_cannot_be_used_is_named() {
    let refusal = |list: &[u8]| {
        let bench = Bench::new();
        std::fs::write(bench.place.path("words.txt"), list).expect("a writable file");
        bench.cut(&bench.refusal_of(|campaign| {
            let parameters = campaign["parameters"].as_table_mut().expect("a table");
            parameters.insert("extra_vocab".to_owned(), "words.txt".into());
        }))
    };
    assert_eq!(
        refusal(b""),
        "extra_vocab words.txt has no word; write one word a line, or leave extra_vocab out to admit all"
    );
    assert_eq!(
        refusal(b"token1\n\xff\n"),
        "extra_vocab words.txt:2: not UTF-8; save the list as UTF-8, one word a line"
    );
    assert_eq!(
        refusal(b"ant\nbee\n"),
        "none of the 2 words of extra_vocab is a word of the corpus that the tokenizer's tokens can make"
    );
    let bench = Bench::new();
    let line = bench.refusal_of(|campaign| {
        let parameters = campaign["parameters"].as_table_mut().expect("a table");
        parameters.insert("extra_vocab".to_owned(), "none.txt".into());
    });
    assert_eq!(bench.cut(&line), "cannot read extra_vocab none.txt: No such file or directory (os error 2)");
}

#[test]
fn an_audit_of_more_than_all_solves_is_refused() {
    let line = Bench::new().refusal_of(|campaign| drop(campaign.insert("audit".to_owned(), 1.5.into())));
    assert!(
        line.ends_with(": audit: audit is 1.5, but must be a share of the solves: a number from 0, none, to 1, all"),
        "{line}"
    );
}

#[test]
fn a_layer_out_of_range_is_refused_with_the_last_one() {
    let line = Bench::new().refusal_of(select("layers = '0-3'"));
    assert_eq!(line, "layer 3 is out of range: the model has layers 0 to 2");
}

#[test]
fn a_neuron_out_of_range_is_refused_with_the_last_one() {
    let line = Bench::new().refusal_of(select("neurons = [0, 20]"));
    assert_eq!(line, "neuron 20 is out of range: in mode i a layer has neurons 0 to 19");
}

#[test]
fn a_campaign_that_selects_nothing_is_refused() {
    assert_eq!(Bench::new().refusal_of(select("layers = []")), "the campaign selects no neuron");
}
