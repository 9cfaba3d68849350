//! From the activated tokens of one end of the logits to the pool: the corpus words they make.
//!
//! - `byte_level`: GPT-2's rule, where a token is a word
//! - `sentence_piece`: LLaMA's rule, where a word needs all its pieces
//! - `byte_level_pieces`: a wider rule for GPT-2's kind of tokenizer, where a word may need several tokens
//! - `spellings`: how the last two find complete words
//!
//! [`TokenWords`] holds what either rule needs, made once for a tokenizer and a corpus and then only read.

mod byte_level;
mod byte_level_pieces;
mod sentence_piece;
mod spellings;

use byte_level::ByteLevel;
use spellings::Spellings;
use std::collections::HashSet;
use superposed_corpus::Vocabulary;
use superposed_identity::{TokenId, TokenRule, WordId};
use superposed_model::Tokenizer;

/// The words that the activated tokens make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Ascending, each once.
    pub words: Vec<WordId>,
    /// The Python collection that the published code would have made.
    pub form: PoolForm,
}

/// Which Python collection a pool is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PoolForm {
    /// A `set`, by the byte-level rules.
    Set,
    /// A `list`, by the SentencePiece rule.
    List,
}

impl From<TokenRule> for PoolForm {
    fn from(rule: TokenRule) -> Self {
        match rule {
            TokenRule::ByteLevel | TokenRule::ByteLevelPieces => Self::Set,
            TokenRule::SentencePiece => Self::List,
        }
    }
}

/// A tokenizer and a corpus that have nothing in common.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// No set of tokens makes any word.
    #[error(
        "none of the corpus' {words} words can be made of the tokenizer's {tokens} tokens: is the corpus lower-case and in the model's language?"
    )]
    NoWords {
        /// The words of the corpus.
        words: usize,
        /// The tokens of the tokenizer.
        tokens: u32,
    },
    /// The same, but there would be words if `extra_vocab` had them.
    #[error("none of the {allowed} words of extra_vocab is a word of the corpus that the tokenizer's tokens can make")]
    NoExtraWords {
        /// The words of `extra_vocab`.
        allowed: usize,
    },
}

/// Which tokens make which corpus words.
#[derive(Debug)]
pub struct TokenWords {
    map: Map,
    rule: TokenRule,
    tokens: u32,
    corpus_words: usize,
}

#[derive(Debug)]
enum Map {
    /// A token is a word.
    Tokens(ByteLevel),
    /// Tokens spell a word.
    Spellings(Spellings),
}

impl TokenWords {
    /// Relates a tokenizer's tokens to a corpus' words. `extra_vocab`, when given, admits only the words it lists,
    /// by either rule (the published code has it for GPT-2 only).
    ///
    /// The rules with pieces tokenize the words of the corpus: this takes seconds, not milliseconds. Words that the
    /// tokenizer cannot encode at all are never in a pool; how many there are is logged. Nor are words of which its
    /// normalization keeps nothing: having no pieces, they would otherwise be in every pool.
    ///
    /// # Errors
    /// When no word could ever be in a pool.
    pub fn build(
        tokenizer: &Tokenizer,
        vocabulary: &Vocabulary,
        rule: TokenRule,
        extra_vocab: Option<&[String]>,
    ) -> Result<Self, PoolError> {
        let allowed: Option<HashSet<&str>> = extra_vocab.map(|words| words.iter().map(String::as_str).collect());
        let admits = |word: &str| allowed.as_ref().is_none_or(|allowed| allowed.contains(word));
        let words = || vocabulary.iter().filter(|(_, word)| admits(word));
        let whole_tokens = || ByteLevel::new(tokenizer.tokens(), |word| vocabulary.id(word).filter(|_| admits(word)));
        let mut failures = 0;
        let encode = |text: &str| {
            tokenizer.encode_word(text).unwrap_or_else(|error| {
                if failures == 0 {
                    tracing::warn!(%error, text, "a corpus word cannot be tokenized");
                }
                failures += 1;
                Vec::new()
            })
        };
        let map = match rule {
            TokenRule::ByteLevel => Map::Tokens(whole_tokens()),
            TokenRule::SentencePiece => Map::Spellings(sentence_piece::spellings(words(), encode)),
            TokenRule::ByteLevelPieces => {
                Map::Spellings(byte_level_pieces::spellings(words(), whole_tokens().whole_tokens(), encode))
            }
        };
        if failures > 1 {
            tracing::warn!(texts = failures, "what cannot be tokenized will be in no pool");
        }
        let possible = match &map {
            Map::Tokens(map) => map.words(),
            Map::Spellings(map) => map.words(),
        };
        let tokens = tokenizer.vocabulary_size();
        match (possible, &allowed) {
            (0, None) => Err(PoolError::NoWords { words: vocabulary.len(), tokens }),
            (0, Some(allowed)) => Err(PoolError::NoExtraWords { allowed: allowed.len() }),
            _ => {
                tracing::debug!(possible, tokens, ?rule, "related tokens to words");
                Ok(Self { map, rule, tokens, corpus_words: vocabulary.len() })
            }
        }
    }

    /// The pool of `activated` tokens, which are distinct and ordered from the extreme of the logits inwards. Their
    /// number is τ.
    #[must_use]
    pub fn pool(&self, activated: &[TokenId]) -> Pool {
        let words = match &self.map {
            Map::Tokens(map) => map.pool(activated),
            Map::Spellings(map) => map.pool(activated),
        };
        Pool { words, form: self.rule().into() }
    }

    /// The rule by which tokens make words.
    #[must_use]
    pub fn rule(&self) -> TokenRule {
        self.rule
    }

    /// The words that a token is, or helps to spell, ascending.
    #[must_use]
    pub fn words_of(&self, token: TokenId) -> Vec<WordId> {
        let mut words: Vec<WordId> = match &self.map {
            Map::Tokens(map) => map.word_of(token).copied().into_iter().collect(),
            Map::Spellings(map) => map.words_of(token).collect(),
        };
        words.sort_unstable();
        words.dedup();
        words
    }

    /// The size of the tokenizer: as many logits are ranked.
    #[must_use]
    pub fn tokens(&self) -> u32 {
        self.tokens
    }

    /// The number of words of the corpus, matched or not.
    #[must_use]
    pub fn corpus_words(&self) -> usize {
        self.corpus_words
    }
}
