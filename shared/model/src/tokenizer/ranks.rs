//! LLaMA 3's `tokenizer.model`: a line for each token, its bytes in base64 and its rank, which is its id.
//!
//! That is all a byte-level BPE needs: of two neighbours, those are joined first whose joint bytes rank lowest. The
//! `tokenizers` library joins by a list of pairs instead, so every way to cut a token into two is listed in the order of
//! the ranks, as Hugging Face's own converter does. How a text is split into words before, and how many control tokens
//! follow the ranks, stands in Meta's code and not in the file.

use super::{TokenizerError, Vocabulary};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
    str,
};
use tokenizers::{
    SplitDelimiterBehavior,
    models::bpe::{BPE, Vocab},
    pre_tokenizers::{
        PreTokenizerWrapper,
        byte_level::ByteLevel,
        sequence::Sequence,
        split::{Split, SplitPattern},
    },
};

/// How LLaMA 3 splits a text before bytes are joined.
const WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
/// How many control tokens come after the ranks.
const CONTROL: u32 = 256;

/// Whether a `tokenizer.model` is such a list. (SentencePiece's begin with a byte that is no base64.)
pub(super) fn is_one(content: &[u8]) -> bool {
    content.split(|byte| *byte == b'\n').next().is_some_and(|line| entry(line).is_some())
}

pub(super) fn load(path: &Path, content: &[u8]) -> Result<(Vocabulary, tokenizers::Tokenizer), TokenizerError> {
    let mut by_rank = BTreeMap::new();
    for (number, line) in content.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let wrong = |what| TokenizerError::invalid(path, format_args!("line {}: {what}", number + 1));
        let (bytes, rank) = entry(line).ok_or_else(|| wrong("it is not a token in base64 and its rank"))?;
        if by_rank.insert(rank, bytes).is_some() {
            return Err(wrong("another token has this rank"));
        }
    }
    let ranks: HashMap<&[u8], u32> = by_rank.iter().map(|(rank, bytes)| (bytes.as_slice(), *rank)).collect();
    let letters = letters();
    let spell = |bytes: &[u8]| bytes.iter().map(|byte| letters[usize::from(*byte)]).collect::<String>();
    let mut merges = Vec::new();
    for bytes in by_rank.values() {
        let cuts = (1..bytes.len()).filter_map(|at| {
            let (left, right) = bytes.split_at(at);
            Some((ranks.get(left)?, ranks.get(right)?, spell(left), spell(right)))
        });
        let mut cuts: Vec<_> = cuts.collect();
        cuts.sort_unstable();
        merges.extend(cuts.into_iter().map(|(_, _, left, right)| (left, right)));
    }
    let mut tokens: Vocabulary = by_rank.iter().map(|(rank, bytes)| (*rank, spell(bytes))).collect();
    let vocabulary: Vocab = tokens.iter().map(|(id, token)| (token.clone(), *id)).collect();
    let invalid = |e: tokenizers::Error| TokenizerError::invalid(path, e);
    // A word that is a token is that token, even where joining would not arrive at it.
    let bpe = BPE::builder().vocab_and_merges(vocabulary, merges).ignore_merges(true).build().map_err(invalid)?;
    let mut library = tokenizers::Tokenizer::new(bpe);
    let split = Split::new(SplitPattern::Regex(WORDS.to_owned()), SplitDelimiterBehavior::Isolated, false);
    let (add_prefix_space, trim_offsets, use_regex) = (false, true, false);
    let bytes = ByteLevel::new(add_prefix_space, trim_offsets, use_regex);
    let stages = vec![PreTokenizerWrapper::Split(split.map_err(invalid)?), PreTokenizerWrapper::ByteLevel(bytes)];
    library.with_pre_tokenizer(Some(Sequence::new(stages)));
    let first = by_rank.last_key_value().map_or(0, |(rank, _)| rank.saturating_add(1));
    // No corpus word is spelled like these, so their names matter as little as Meta's own.
    tokens.extend((0..CONTROL).map(|number| (first.saturating_add(number), format!("<|control_{number}|>"))));
    Ok((tokens, library))
}

/// A token's bytes and its rank.
fn entry(line: &[u8]) -> Option<(Vec<u8>, u32)> {
    let (token, rank) = str::from_utf8(line).ok()?.trim_end_matches('\r').split_once(' ')?;
    let bytes = BASE64_STANDARD.decode(token).ok().filter(|bytes| !bytes.is_empty())?;
    Some((bytes, rank.parse().ok()?))
}

/// The printable character that stands for each byte in a byte-level vocabulary: itself, or one from 256 on.
fn letters() -> [char; 256] {
    let mut next = 256;
    std::array::from_fn(|byte| {
        let byte = byte as u8;
        if matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF) {
            return char::from(byte);
        }
        let letter = char::from_u32(next).expect("below 512 every number is a character");
        next += 1;
        letter
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(tokens: &[&[u8]]) -> Vec<u8> {
        let lines =
            tokens.iter().enumerate().map(|(rank, token)| format!("{} {rank}\n", BASE64_STANDARD.encode(token)));
        lines.collect::<String>().into_bytes()
    }

    #[test]
    fn bytes_are_written_as_gpt2_writes_them() {
        let letters = letters();
        assert_eq!(
            (letters[usize::from(b' ')], letters[usize::from(b'a')], letters[0xAD], letters[0]),
            ('Ġ', 'a', 'Ń', 'Ā')
        );
        let alphabet: std::collections::HashSet<char> = ByteLevel::alphabet().into_iter().collect();
        assert_eq!(letters.into_iter().collect::<std::collections::HashSet<_>>(), alphabet);
    }

    #[test]
    fn neighbours_that_rank_lowest_are_joined_first() {
        let content = file(&[b"a", b"b", b"c", b" ", b"bc", b"ab", b"abc", "é".as_bytes(), &[0xC3], &[0xA9], b" a"]);
        assert!(is_one(&content));
        let (tokens, library) = load(Path::new("tokenizer.model"), &content).expect("a legal list");
        let encode = |word: &str| library.encode(word, false).expect("it can be cut").get_ids().to_vec();
        assert_eq!(encode("abc"), [6], "a word that is a token");
        assert_eq!(encode("abcc"), [6, 2]);
        assert_eq!(encode("bcab"), [4, 5]);
        assert_eq!(encode("é"), [7]);
        assert_eq!((tokens[&3].as_str(), tokens[&10].as_str()), ("Ġ", "Ġa"));
        assert_eq!(tokens.len(), 11 + 256, "Meta's code adds control tokens");
    }

    #[test]
    fn a_line_that_is_no_rank_is_named() {
        let mut content = file(&[b"a", b"b"]);
        content.extend_from_slice(b"not base64\n");
        let line = load(Path::new("tokenizer.model"), &content).expect_err("it was accepted").to_string();
        assert!(line.contains("tokenizer.model is not a usable tokenizer: line 3: it is not a token"), "{line}");
        let twice = load(Path::new("t"), b"YQ== 0\nYg== 0\n").expect_err("it was accepted").to_string();
        assert!(twice.contains("line 2: another token has this rank"), "{twice}");
        assert!(!is_one(b"\n\x0f\n\x05<unk>") && !is_one(b""));
    }
}
