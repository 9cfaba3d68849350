//! `vocab.json` + `merges.txt`: GPT-2's byte-level BPE.
//!
//! The strings of `vocab.json` are bytes written as printable characters (a space is `Ġ`); they are kept as they
//! stand.

use super::{TokenizerError, Vocabulary, read};
use std::{collections::HashMap, path::Path};
use tokenizers::{
    models::bpe::{BPE, Vocab},
    pre_tokenizers::byte_level::ByteLevel,
};

pub(super) fn load(vocabulary: &Path, merges: &Path) -> Result<(Vocabulary, tokenizers::Tokenizer), TokenizerError> {
    let ids: HashMap<String, u32> =
        serde_json::from_slice(&read(vocabulary)?).map_err(|e| TokenizerError::invalid(vocabulary, e))?;
    let text = String::from_utf8(read(merges)?).map_err(|e| TokenizerError::invalid(merges, e))?;
    let pairs = text
        .lines()
        .enumerate()
        // Only the first line may be a comment: `#` is a token like any other.
        .filter(|(number, line)| !line.is_empty() && (*number > 0 || !line.starts_with("#version")))
        .map(|(number, line)| match line.split_once(' ') {
            Some((left, right)) if !right.contains(' ') => Ok((left.to_owned(), right.to_owned())),
            _ => Err(TokenizerError::invalid(merges, format_args!("line {} is not a pair", number + 1))),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let tokens = ids.iter().map(|(token, id)| (*id, token.clone())).collect();
    let bpe = BPE::builder()
        .vocab_and_merges(ids.into_iter().collect::<Vocab>(), pairs)
        .build()
        .map_err(|e| TokenizerError::invalid(merges, e))?;
    let mut library = tokenizers::Tokenizer::new(bpe);
    // As GPT-2 has it: no space before the first word, its regular expression between words.
    let (add_prefix_space, trim_offsets, use_regex) = (false, true, true);
    library.with_pre_tokenizer(Some(ByteLevel::new(add_prefix_space, trim_offsets, use_regex)));
    Ok((tokens, library))
}
