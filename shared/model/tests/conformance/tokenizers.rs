use crate::{data, json};
use std::collections::{BTreeMap, BTreeSet};
use superposed_identity::{TokenId, TokenRule};
use superposed_model::Tokenizer;

#[test]
fn every_word_of_the_corpus_has_the_pieces_of_the_published_run() {
    let Some(maps) = data("conformance/maps") else { return };
    let Some(model) = data("conformance/models/llama-synth") else {
        return;
    };
    let tokenizer = Tokenizer::load(&model).expect("a legal tokenizer");
    assert_eq!((tokenizer.rule(), tokenizer.vocabulary_size()), (TokenRule::SentencePiece, 32_000));
    let words: BTreeMap<String, String> = json(&maps.join("id2vocab.json"));
    let pieces: BTreeMap<String, BTreeSet<u32>> = json(&maps.join("llama_vocab2tokens.json"));
    let lengths: BTreeMap<String, usize> = json(&maps.join("llama_vocab2sum.json"));
    assert_eq!((words.len(), pieces.len()), (10_119, 10_119));
    for (id, word) in &words {
        let found = tokenizer.encode_word(word).expect("byte fallback");
        // The published map holds the distinct pieces of a word, and how many pieces it has in all.
        assert_eq!(found.len(), lengths[id], "{word}");
        assert_eq!(found.into_iter().map(|token| token.0).collect::<BTreeSet<_>>(), pieces[id], "{word}");
    }
}

#[test]
fn byte_level_tokens_are_the_strings_the_published_token_map_was_made_of() {
    let Some(maps) = data("conformance/maps") else { return };
    let Some(model) = data("conformance/models/gpt2-synth") else {
        return;
    };
    let tokenizer = Tokenizer::load(&model).expect("a legal tokenizer");
    assert_eq!((tokenizer.rule(), tokenizer.vocabulary_size()), (TokenRule::ByteLevel, 50_257));
    let words: BTreeMap<String, String> = json(&maps.join("id2vocab.json"));
    let ids: BTreeMap<&str, u32> = words.iter().map(|(id, word)| (word.as_str(), id.parse().expect("an id"))).collect();
    let found: BTreeMap<String, u32> = tokenizer
        .tokens()
        .filter_map(|(token, text)| {
            let word = text.strip_prefix('Ġ').unwrap_or(text).to_lowercase();
            Some((token.to_string(), *ids.get(word.as_str())?))
        })
        .collect();
    let expected: BTreeMap<String, u32> = json(&maps.join("gpt2_token2vocab.json"));
    assert_eq!(found, expected);
}

#[test]
fn gpt2_cuts_words_as_everybody_knows_it() {
    let Some(model) = data("conformance/models/gpt2-synth") else {
        return;
    };
    let tokenizer = Tokenizer::load(&model).expect("a legal tokenizer");
    let encode = |word: &str| tokenizer.encode_word(word).expect("every byte has a token");
    assert_eq!(encode("Hello"), [TokenId(15496)]);
    assert_eq!(encode(" world"), [TokenId(995)]);
    assert_eq!(encode("tokenization"), [TokenId(30001), TokenId(1634)]);
}

#[test]
fn a_tokenizer_json_cuts_words_without_the_tokens_around_a_text() {
    let Some(model) = data("real/tinystories-656k") else {
        return;
    };
    let tokenizer = Tokenizer::load(&model).expect("a legal tokenizer");
    assert_eq!((tokenizer.rule(), tokenizer.vocabulary_size()), (TokenRule::SentencePiece, 2_048));
    let strings: BTreeMap<TokenId, &str> = tokenizer.tokens().collect();
    assert_eq!(strings[&TokenId(1)], "<|start_story|>");
    for word in ["once", "little", "zebra"] {
        let pieces = tokenizer.encode_word(word).expect("byte fallback");
        let text: String = pieces.iter().map(|id| strings[id]).collect();
        assert_eq!(text, format!("▁{word}"));
    }
}
