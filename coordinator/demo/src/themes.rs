//! The themes: word lists written by hand, in `themes.txt`.

use serde::{Deserialize, Serialize};

const THEMES: &str = include_str!("../themes.txt");

/// Words that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Theme {
    /// What the words are about.
    pub name: String,
    /// The words, the most frequent of the demo's corpus first.
    pub words: Vec<String>,
}

/// All themes of the demo, in the order of the file.
#[must_use]
pub fn themes() -> Vec<Theme> {
    THEMES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (name, words) =
                line.split_once(": ").expect("every line of themes.txt is `name: words`, as a test shows");
            Theme { name: name.to_owned(), words: words.split(' ').map(str::to_owned).collect() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn about_sixty_themes_of_eighteen_to_twenty_four_words_share_no_word() {
        let themes = themes();
        assert!((58..=66).contains(&themes.len()), "{} themes", themes.len());
        let names: HashSet<_> = themes.iter().map(|theme| &theme.name).collect();
        assert_eq!(names.len(), themes.len(), "two themes have one name");
        let mut seen = HashSet::new();
        for Theme { name, words } in &themes {
            assert!((18..=24).contains(&words.len()), "{name} has {} words", words.len());
            for word in words {
                assert!(word.len() > 1 && word.bytes().all(|b| b.is_ascii_lowercase()), "{name} has {word:?}");
                assert!(seen.insert(word), "{word} stands twice");
            }
        }
    }
}
