//! A campaign that admits only listed words to its pools.

use crate::support::{Place, succeed, told, tree};
use std::collections::HashSet;

#[test]
fn topics_have_listed_words_only_and_another_list_is_another_campaign() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let campaign = place.file(
        "campaign.toml",
        "name = 'listed'\nsize = 'demo'\nmodel = 'demo/model'\ncorpus = 'demo/corpus'\ndestination = 'results'\n\
         modes = ['ii']\n[[select]]\nlayers = [1]\nneurons = '0-31'\n\
         [parameters]\nmin_freq = 20\nextra_vocab = 'words.txt'\n",
    );
    let local = || place.superposed(&["local", campaign.to_str().expect("a UTF-8 path")]);
    let all = superposed_corpus::Corpus::open(&place.path("demo/corpus")).expect("the demo's corpus");
    let all: Vec<&str> = all.vocabulary().iter().map(|(_, word)| word).collect();
    // Every other word.
    let listed: Vec<&str> = all.iter().copied().step_by(2).collect();
    place.file("words.txt", &listed.join("\n"));
    succeed(local());

    let listed: HashSet<&str> = listed.into_iter().collect();
    let mut words = 0;
    for (path, content) in tree(&place.path("results")) {
        if path.to_string_lossy().ends_with("_isets.csv") {
            for id in String::from_utf8(content).expect("text").split_whitespace() {
                let word = all[id.parse::<usize>().expect("an id")];
                assert!(listed.contains(word), "{word} of {} is not listed", path.display());
                words += 1;
            }
        }
    }
    assert!(words >= 100, "only {words} words were mined: nothing is shown by this");

    place.file("words.txt", &all[..all.len() - 2].join("\n"));
    let text = std::fs::read_to_string(&campaign).expect("the campaign").replace("'listed'", "'other'");
    std::fs::write(&campaign, text).expect("a writable file");
    let refused = local().output().expect("the program starts");
    let said = told(&refused);
    assert!(said.contains("holds results of campaign listed, made with another extra_vocab; choose"), "{said}");
}
