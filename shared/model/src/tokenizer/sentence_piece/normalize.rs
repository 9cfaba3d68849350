//! What SentencePiece does to a text before it cuts it.

use super::proto::NormalizerSpec;
use tokenizers::normalizers::Precompiled;

/// A model's normalization, as its `NormalizerSpec` states it.
pub(super) struct Normalizer {
    characters: Option<Precompiled>,
    collapse_spaces: bool,
    dummy_prefix: bool,
    escape_spaces: bool,
    space_is_suffix: bool,
}

impl Normalizer {
    pub(super) fn new(spec: &NormalizerSpec, space_is_suffix: bool) -> Result<Self, &'static str> {
        let characters = match spec.precompiled_charsmap() {
            [] => None,
            // The library would index an empty trie.
            [0, 0, 0, 0, ..] => return Err("its character map is empty"),
            map => Some(Precompiled::from(map).map_err(|_| "its character map cannot be read")?),
        };
        Ok(Self {
            characters,
            collapse_spaces: spec.remove_extra_whitespaces(),
            dummy_prefix: spec.add_dummy_prefix(),
            escape_spaces: spec.escape_whitespaces(),
            space_is_suffix,
        })
    }

    pub(super) fn normalize(&self, text: &str) -> String {
        let mut normal = match &self.characters {
            Some(map) => map.normalize_string(text),
            None => text.to_owned(),
        };
        if self.collapse_spaces {
            normal = normal.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        }
        if self.dummy_prefix && !normal.is_empty() {
            let place = if self.space_is_suffix { normal.len() } else { 0 };
            normal.insert(place, ' ');
        }
        if self.escape_spaces { normal.replace(' ', "▁") } else { normal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalize(spec: &NormalizerSpec, text: &str) -> String {
        Normalizer::new(spec, false).expect("a legal normalization").normalize(text)
    }

    #[test]
    fn a_word_gets_the_dummy_prefix_unless_the_model_has_none() {
        let spec = NormalizerSpec::default();
        assert_eq!(normalize(&spec, "word"), "▁word");
        assert_eq!(normalize(&spec, "  two  words "), "▁two▁words");
        assert_eq!(normalize(&spec, ""), "");
        let bare = NormalizerSpec { add_dummy_prefix: Some(false), ..spec.clone() };
        assert_eq!(normalize(&bare, "word"), "word");
        let spaces = NormalizerSpec { remove_extra_whitespaces: Some(false), ..spec.clone() };
        assert_eq!(normalize(&spaces, " a"), "▁▁a");
        let suffix = Normalizer::new(&spec, true).expect("a legal normalization");
        assert_eq!(suffix.normalize("word"), "word▁");
    }
}
