//! `tokenizer.json`: the `tokenizers` library's description of a whole tokenizer.
//!
//! The file does not say which token rule it follows; its parts do. A byte-level pre-tokenizer or decoder means
//! GPT-2's alphabet, whatever else stands beside it (LLaMA 3 and Qwen split with a regular expression first). A
//! metaspace, a `▁` that is prepended or put in place of spaces, or byte fallback mean SentencePiece's.

use super::{TokenizerError, read};
use serde_json::Value;
use std::path::Path;
use superposed_identity::TokenRule;

pub(super) fn load(path: &Path) -> Result<(tokenizers::Tokenizer, TokenRule), TokenizerError> {
    let bytes = read(path)?;
    let description: Value = serde_json::from_slice(&bytes).map_err(|e| TokenizerError::invalid(path, e))?;
    let rule = rule(&description).ok_or_else(|| TokenizerError::Unsupported {
        path: path.to_owned(),
        kind: description["model"]["type"].as_str().unwrap_or("unknown").to_owned(),
    })?;
    let mut library = tokenizers::Tokenizer::from_bytes(&bytes).map_err(|e| TokenizerError::invalid(path, e))?;
    // A word is cut as it is: neither shortened nor filled up, and a word that reads like `<s>` is still a word.
    library.with_truncation(None).map_err(|e| TokenizerError::invalid(path, e))?;
    library.with_padding(None);
    library.set_encode_special_tokens(true);
    Ok((library, rule))
}

fn rule(description: &Value) -> Option<TokenRule> {
    let parts: Vec<&Value> =
        ["normalizer", "pre_tokenizer", "decoder"].into_iter().flat_map(|stage| leaves(&description[stage])).collect();
    let is = |part: &Value, kind: &str| part["type"] == kind;
    if parts.iter().any(|part| is(part, "ByteLevel")) {
        return Some(TokenRule::ByteLevel);
    }
    let model = &description["model"];
    let sentence_piece = model["type"] == "Unigram"
        || model["byte_fallback"] == true
        || parts.iter().any(|part| {
            is(part, "Metaspace")
                || is(part, "ByteFallback")
                || is(part, "Prepend") && part["prepend"] == "▁"
                || is(part, "Replace") && (part["content"] == "▁" || part["pattern"]["String"] == "▁")
        });
    sentence_piece.then_some(TokenRule::SentencePiece)
}

/// The parts of a stage, sequences taken apart.
fn leaves(stage: &Value) -> Vec<&Value> {
    ["normalizers", "pretokenizers", "decoders"]
        .into_iter()
        .find_map(|list| stage[list].as_array())
        .map_or_else(|| vec![stage], |list| list.iter().flat_map(leaves).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_rule_follows_the_parts_of_the_tokenizer() {
        let byte_level = json!({ "type": "ByteLevel" });
        let split = json!({ "type": "Split", "pattern": { "Regex": "\\p{L}+" } });
        for (description, expected) in [
            (json!({ "pre_tokenizer": byte_level, "decoder": byte_level }), Some(TokenRule::ByteLevel)),
            (
                json!({ "pre_tokenizer": { "type": "Sequence", "pretokenizers": [split, byte_level] } }),
                Some(TokenRule::ByteLevel),
            ),
            (json!({ "pre_tokenizer": { "type": "Metaspace" } }), Some(TokenRule::SentencePiece)),
            (
                json!({ "normalizer": { "type": "Sequence", "normalizers": [{ "type": "Prepend", "prepend": "▁" }] } }),
                Some(TokenRule::SentencePiece),
            ),
            (json!({ "model": { "type": "BPE", "byte_fallback": true } }), Some(TokenRule::SentencePiece)),
            (json!({ "model": { "type": "WordPiece" }, "decoder": { "type": "WordPiece" } }), None),
        ] {
            assert_eq!(rule(&description), expected, "{description}");
        }
    }
}
