//! Tokenizers: what the ids of a model's logits are called, and how a word is cut into them.
//!
//! Mining needs little of a tokenizer: the raw strings of its vocabulary (GPT-2's rule compares them with corpus
//! words) and the ids of a word standing alone (LLaMA's rule). [`Tokenizer::load`] finds them in one of these
//! layouts, looked for in this order, since a directory often holds several and the first is the most precise:
//!
//! 1. `tokenizer.json` (`json`): the `tokenizers` library's own format, read by that library
//! 2. `vocab.json` + `merges.txt`, or OpenAI's names for them, `encoder.json` + `vocab.bpe` (`byte_level`): GPT-2's
//!    byte-level BPE
//! 3. `tokenizer.model`: a SentencePiece model, BPE or unigram (`sentence_piece`), or LLaMA 3's list of ranks
//!    (`ranks`)
//!
//! The last two may be joined by `added_tokens.json`, which names further ids and cuts nothing.

mod byte_level;
mod error;
mod json;
mod ranks;
mod sentence_piece;

pub use error::TokenizerError;

use sentence_piece::SentencePiece;
use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};
use superposed_identity::{TokenId, TokenRule};

const JSON: &str = "tokenizer.json";
/// Vocabulary and merges, under the names that Hugging Face and OpenAI give them.
const BYTE_LEVEL: [(&str, &str); 2] = [("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe")];
const MODEL: &str = "tokenizer.model";
const ADDED: &str = "added_tokens.json";

/// The files of a tokenizer, of those that a place has.
enum Files {
    Json,
    ByteLevel(&'static str, &'static str),
    Model,
}

impl Files {
    fn choose(has: impl Fn(&str) -> bool) -> Option<Self> {
        if has(JSON) {
            Some(Self::Json)
        } else if let Some((vocabulary, merges)) = BYTE_LEVEL.into_iter().find(|(one, other)| has(one) && has(other)) {
            Some(Self::ByteLevel(vocabulary, merges))
        } else {
            has(MODEL).then_some(Self::Model)
        }
    }
}

/// Which files a tokenizer is read from at a place with files of these names; `place` is only for what is said of it.
///
/// # Errors
/// When there is none.
pub fn needed(place: &Path, names: &[String]) -> Result<Vec<String>, TokenizerError> {
    let has = |name: &str| names.iter().any(|other| other == name);
    let files = Files::choose(has).ok_or_else(|| TokenizerError::Missing { directory: place.to_owned() })?;
    let added = Some(ADDED).filter(|name| has(name));
    let files: Vec<&str> = match files {
        Files::Json => vec![JSON],
        Files::ByteLevel(vocabulary, merges) => [vocabulary, merges].into_iter().chain(added).collect(),
        Files::Model => [MODEL].into_iter().chain(added).collect(),
    };
    Ok(files.into_iter().map(str::to_owned).collect())
}

/// A model's tokenizer: the strings of its vocabulary and the ids of words.
///
/// `Send + Sync`: one tokenizer serves all threads.
pub struct Tokenizer {
    /// Ascending by id, each id once; ids need not be dense.
    tokens: Vec<(TokenId, String)>,
    encoder: Encoder,
    rule: TokenRule,
    files: Vec<PathBuf>,
}

/// What cuts a word into ids.
enum Encoder {
    Library(Box<tokenizers::Tokenizer>),
    SentencePiece(Box<SentencePiece>),
}

/// A vocabulary as its file has it: strings by id.
type Vocabulary = BTreeMap<u32, String>;

impl Tokenizer {
    /// Reads the tokenizer of a model directory: `tokenizer.json`, else `vocab.json` with `merges.txt`, else
    /// `encoder.json` with `vocab.bpe`, else `tokenizer.model`.
    ///
    /// # Errors
    /// When the directory holds none of them, or the one it holds cannot be read or follows neither token rule.
    pub fn load(directory: &Path) -> Result<Self, TokenizerError> {
        let at = |name: &str| directory.join(name);
        let files = Files::choose(|name| at(name).is_file());
        let files = files.ok_or_else(|| TokenizerError::Missing { directory: directory.to_owned() })?;
        let (mut vocabulary, encoder, rule, mut files) = match files {
            Files::Json => {
                let path = at(JSON);
                let (library, rule) = json::load(&path)?;
                let vocabulary = library.get_vocab(true).into_iter().map(|(token, id)| (id, token)).collect();
                return Self::new(vocabulary, Encoder::Library(Box::new(library)), rule, vec![path]);
            }
            Files::ByteLevel(vocabulary, merges) => {
                let (vocabulary, merges) = (at(vocabulary), at(merges));
                let (tokens, library) = byte_level::load(&vocabulary, &merges)?;
                (tokens, Encoder::Library(Box::new(library)), TokenRule::ByteLevel, vec![vocabulary, merges])
            }
            Files::Model => {
                let path = at(MODEL);
                let content = read(&path)?;
                if ranks::is_one(&content) {
                    let (tokens, library) = ranks::load(&path, &content)?;
                    (tokens, Encoder::Library(Box::new(library)), TokenRule::ByteLevel, vec![path])
                } else {
                    let (tokens, model) = sentence_piece::load(&path, &content)?;
                    (tokens, Encoder::SentencePiece(Box::new(model)), TokenRule::SentencePiece, vec![path])
                }
            }
        };
        let added = Some(at(ADDED)).filter(|path| path.is_file());
        if let Some(path) = added {
            let added: BTreeMap<String, u32> =
                serde_json::from_slice(&read(&path)?).map_err(|e| TokenizerError::invalid(&path, e))?;
            for (token, id) in added {
                vocabulary.entry(id).or_insert(token);
            }
            files.push(path);
        }
        Self::new(vocabulary, encoder, rule, files)
    }

    fn new(
        vocabulary: Vocabulary,
        encoder: Encoder,
        rule: TokenRule,
        files: Vec<PathBuf>,
    ) -> Result<Self, TokenizerError> {
        // The largest id plus one must be a u32 too.
        match vocabulary.last_key_value() {
            None => return Err(TokenizerError::invalid(&files[0], "the vocabulary is empty")),
            Some((&u32::MAX, _)) => return Err(TokenizerError::invalid(&files[0], "a token id is out of range")),
            Some(_) => {}
        }
        let tokens = vocabulary.into_iter().map(|(id, token)| (TokenId(id), token)).collect();
        Ok(Self { tokens, encoder, rule, files })
    }

    /// How many columns of logits the vocabulary can name: the largest id, added tokens included, plus one.
    #[must_use]
    pub fn vocabulary_size(&self) -> u32 {
        self.tokens.last().map_or(0, |(id, _)| id.0 + 1)
    }

    /// All tokens in ascending order of their ids, as the vocabulary file spells them: byte-level strings are not
    /// decoded, so GPT-2's `Ġthe` is `Ġthe`.
    pub fn tokens(&self) -> impl Iterator<Item = (TokenId, &str)> {
        self.tokens.iter().map(|(id, token)| (*id, token.as_str()))
    }

    /// The ids of a word standing alone, without the tokens that begin or end a text. What the tokenizer puts before
    /// every text, like SentencePiece's `▁`, is there.
    ///
    /// Empty for the empty word, and for a word of which the tokenizer's normalization keeps nothing.
    ///
    /// # Errors
    /// When the word has a character that the tokenizer has no token for, not even an unknown one.
    pub fn encode_word(&self, word: &str) -> Result<Vec<TokenId>, TokenizerError> {
        let ids = match &self.encoder {
            Encoder::Library(library) => {
                library.encode_fast(word, false).map(|encoding| encoding.get_ids().to_vec()).map_err(|e| e.to_string())
            }
            Encoder::SentencePiece(model) => model.encode(word),
        };
        match ids {
            Ok(ids) => Ok(ids.into_iter().map(TokenId).collect()),
            Err(reason) => Err(TokenizerError::Encode { word: word.to_owned(), reason }),
        }
    }

    /// The rule that turns this tokenizer's tokens into words: GPT-2's for byte-level vocabularies, LLaMA's for
    /// SentencePiece's and those that follow its conventions (`▁`, byte fallback).
    #[must_use]
    pub fn rule(&self) -> TokenRule {
        self.rule
    }

    /// The files the tokenizer was read from; the first holds the vocabulary.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("tokens", &self.tokens.len())
            .field("rule", &self.rule)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TokenizerError> {
    fs::read(path).map_err(|source| TokenizerError::Read { path: path.to_owned(), source })
}
