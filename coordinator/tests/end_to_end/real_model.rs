//! A trained model and real text, neither made by this project.

use crate::support::{Place, conformance, succeed, superposed, tree};

#[test]
fn a_trained_llama_is_mined_with_a_corpus_counted_from_wikipedia() {
    let Some(data) = conformance() else { return };
    let place = Place::new();
    let store = place.path("enwiki");
    let (text, store_path) = (data.join("real/enwiki"), store.to_str().expect("a UTF-8 path"));
    let text = text.to_str().expect("a UTF-8 path");
    let counted = succeed(superposed(&["corpus", "count", text, "--store", store_path, "--max-words", "10000"]));
    assert!(counted.contains(" 10000 words, "), "{counted}");
    succeed(superposed(&["corpus", "verify", store_path]));
    let campaign = format!(
        "name = 'tinystories'\nsize = '656K'\nmodel = '{}'\ncorpus = 'enwiki'\ndestination = 'results'\n\
         [[select]]\nneurons = '0-15'\n[parameters]\ntau = 400\nmin_freq = 10\n",
        data.join("real/tinystories-656k").display()
    );
    let file = place.file("campaign.toml", &campaign);
    let best = succeed(place.superposed(&["local", file.to_str().expect("a UTF-8 path")]));
    // 4 modes x 2 layers x 16 neurons x 2 polarities, three files each, and the words.
    assert_eq!(tree(&place.path("results")).len(), 4 * 2 * 16 * 2 * 3 + 1);
    // Like "0.4433  ii/0_328_neg     alaska hawaii …".
    let best = best.lines().nth(1).expect("a topic");
    let job = format!("656K/{}", best.split_whitespace().nth(1).expect("a job"));
    let shown = succeed(superposed(&["show", place.path("results").to_str().expect("a UTF-8 path"), &job]));
    assert!(shown.lines().any(|line| line == best), "{best} is not among {shown}");
}
