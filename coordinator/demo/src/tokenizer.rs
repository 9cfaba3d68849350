//! A byte-level BPE tokenizer, in GPT-2's files, that encodes each of the demo's words to one token.
//!
//! Every word, with the space before it, is reached by a chain of merges that adds a character at a time:
//! `Ġ c`, `Ġc o`, `Ġco p` … Merges only ever grow a piece that starts with `Ġ`, so wherever a word starts, its chain is
//! the only one that applies, and it runs to the end of the word. The prefixes on the way are tokens too. They are the
//! word pieces of this vocabulary: tokens that can be activated but make no word.

use crate::error::{DemoError, IoContext};
use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write,
    fs,
    path::Path,
};

/// The last token, which GPT-2 starts and ends texts with.
const END_OF_TEXT: &str = "<|endoftext|>";
/// How the byte of a space is written.
const SPACE: char = 'Ġ';

/// The tokens and the merges that make them.
#[derive(Debug)]
pub(crate) struct ChainTokenizer {
    tokens: Vec<String>,
    ids: HashMap<String, u32>,
    merges: Vec<(String, char)>,
}

impl ChainTokenizer {
    /// The tokenizer of these words, which must be ASCII letters only.
    pub(crate) fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        // Shorter prefixes first, as training would find them: they are the more frequent ones.
        let mut prefixes = BTreeSet::new();
        for word in words {
            debug_assert!(word.bytes().all(|b| b.is_ascii_alphabetic()), "{word:?}");
            prefixes.extend((1..=word.len()).map(|length| (length, &word[..length])));
        }
        let mut tokens: Vec<String> = byte_characters().map(String::from).collect();
        let mut merges = Vec::with_capacity(prefixes.len());
        for (length, prefix) in prefixes {
            let (start, last) = prefix.split_at(length - 1);
            let last = last.chars().next().expect("a prefix has at least one character");
            merges.push((format!("{SPACE}{start}"), last));
            tokens.push(format!("{SPACE}{prefix}"));
        }
        tokens.push(END_OF_TEXT.to_owned());
        let ids = (0..).zip(&tokens).map(|(id, token)| (token.clone(), id)).collect();
        Self { tokens, ids, merges }
    }

    /// How many tokens there are.
    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The token of a word with the space before it.
    pub(crate) fn token_of(&self, word: &str) -> Option<u32> {
        self.ids.get(&format!("{SPACE}{word}")).copied()
    }

    /// The token that starts and ends texts.
    pub(crate) fn end_of_text(&self) -> u32 {
        self.ids[END_OF_TEXT]
    }

    /// Writes `vocab.json` and `merges.txt`.
    pub(crate) fn write(&self, directory: &Path) -> Result<(), DemoError> {
        // By hand and not through a map, which would lose the order of the ids.
        let mut vocabulary = String::from("{");
        for (id, token) in self.tokens.iter().enumerate() {
            let token = serde_json::to_string(token).expect("a string is always JSON");
            let separator = if id == 0 { "" } else { "," };
            write!(vocabulary, "{separator}{token}:{id}").expect("a String takes all that is written to it");
        }
        vocabulary.push('}');
        let mut merges = String::from("#version: 0.2\n");
        for (start, last) in &self.merges {
            writeln!(merges, "{start} {last}").expect("a String takes all that is written to it");
        }
        for (name, text) in [("vocab.json", vocabulary), ("merges.txt", merges)] {
            let path = directory.join(name);
            fs::write(&path, text).while_doing("write", &path)?;
        }
        Ok(())
    }
}

/// GPT-2's characters of the 256 bytes, in the order of their token ids: the printable ones stand for themselves, the
/// others are written as the characters from U+0100 on.
fn byte_characters() -> impl Iterator<Item = char> {
    let printable = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let shifted = (0..=u8::MAX).filter(move |byte| !printable(byte)).zip('\u{100}'..).map(|(_, character)| character);
    (0..=u8::MAX).filter(printable).map(char::from).chain(shifted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_the_characters_and_ids_of_gpt2() {
        let characters: Vec<char> = byte_characters().collect();
        assert_eq!(characters.len(), 256);
        assert_eq!(characters.iter().collect::<BTreeSet<_>>().len(), 256);
        // From GPT-2's published vocab.json.
        for (character, id) in [('!', 0), ('a', 64), ('¡', 94), ('ÿ', 187), ('Ā', 188), ('Ċ', 198), (SPACE, 220)] {
            assert_eq!(characters[id], character);
        }
    }

    #[test]
    fn words_share_the_tokens_of_their_common_prefix() {
        let tokenizer = ChainTokenizer::new(["cop", "copper"]);
        assert_eq!(tokenizer.len(), 256 + "copper".len() + 1);
        assert_eq!(tokenizer.token_of("cop"), Some(258));
        assert_eq!(tokenizer.merges[2], ("Ġco".to_owned(), 'p'));
        assert_eq!(tokenizer.token_of("cat"), None);
        assert_eq!(tokenizer.end_of_text(), 262);
    }
}
