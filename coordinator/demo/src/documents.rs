//! The text of the corpus: documents that each speak of a few themes, between words that mean nothing.
//!
//! A document picks one to three themes. About a third of its tokens are words of those themes, so two words of one
//! theme share windows about thirty times as often as chance would have it (NPMI near 0.35). The rest are noise words
//! with Zipf's frequencies, drawn alike for every document, so their NPMI is 0 up to the luck of counting. A few tokens
//! are theme words out of place, as in real text.

use crate::{
    sampling::{Sampler, Stream, Zipf},
    themes::Theme,
};
use std::io::{self, Write};
use superposed_corpus::Vocabulary;
use superposed_identity::WordId;

/// How many documents there are; with their mean length of 150 tokens this makes 1.8 million tokens.
const DOCUMENTS: usize = 12_000;
const SHORTEST: usize = 60;
const LONGEST: usize = 240;
const MOST_THEMES: usize = 3;
/// The least and the greatest share of a document's tokens that come from its themes.
const THEME_SHARE: (f64, f64) = (0.25, 0.40);
/// The share of the other tokens that are words of any theme.
const OUT_OF_PLACE: f64 = 0.02;
/// Zipf–Mandelbrot shift of the noise words: 2.7 fits English.
const NOISE_SHIFT: f64 = 2.7;
/// The same in a theme, flat enough that a theme's last word still meets its first in many windows.
const THEME_SHIFT: f64 = 8.0;

/// The documents of a seed, in word ids.
///
/// `vocabulary` holds the words of `themes` and of `noise`, which come the most frequent first.
pub(crate) fn documents(vocabulary: &Vocabulary, themes: &[Theme], noise: &[String], seed: u64) -> Vec<Vec<WordId>> {
    let ids = |words: &[String]| -> Vec<WordId> {
        let id = |word: &String| vocabulary.id(word).expect("the vocabulary was made of these words");
        words.iter().map(id).collect()
    };
    let noise = Words { ranks: Zipf::new(noise.len(), NOISE_SHIFT), ids: ids(noise) };
    let themes: Vec<Words> = themes
        .iter()
        .map(|theme| Words { ranks: Zipf::new(theme.words.len(), THEME_SHIFT), ids: ids(&theme.words) })
        .collect();

    let mut sampler = Sampler::new(seed, Stream::Documents);
    let document = |_| {
        let length = SHORTEST + sampler.below(LONGEST - SHORTEST + 1);
        let theme_count = 1 + sampler.below(MOST_THEMES);
        let own = sampler.distinct(theme_count, themes.len());
        let share = sampler.between(THEME_SHARE.0, THEME_SHARE.1);
        let token = |_| {
            let words = if sampler.unit() < share {
                &themes[sampler.choose(&own)]
            } else if sampler.unit() < OUT_OF_PLACE {
                &themes[sampler.below(themes.len())]
            } else {
                &noise
            };
            words.ids[words.ranks.rank(&mut sampler)]
        };
        (0..length).map(token).collect()
    };
    (0..DOCUMENTS).map(document).collect()
}

/// Words and how often they come.
struct Words {
    ranks: Zipf,
    ids: Vec<WordId>,
}

/// Writes documents as text, one a line, words separated by spaces.
pub(crate) fn write_text(out: &mut impl Write, documents: &[Vec<WordId>], vocabulary: &Vocabulary) -> io::Result<()> {
    for document in documents {
        for (place, id) in document.iter().enumerate() {
            let end = if place + 1 == document.len() { b'\n' } else { b' ' };
            out.write_all(vocabulary.word(*id).as_bytes())?;
            out.write_all(&[end])?;
        }
    }
    Ok(())
}
