//! Which member of published counts is what, by its path alone.

use std::fmt;
use superposed_identity::WordId;

/// How counts are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// `<w>/<id>.pkl` and `<w>_single.pkl`
    Older,
    /// `<w>/joint/<id>.pkl` and `<w>/single.pkl`
    Newer,
}

impl Layout {
    /// Where the single counts are.
    pub(crate) fn single(self, window: u32) -> String {
        match self {
            Self::Older => format!("{window}_single.pkl"),
            Self::Newer => format!("{window}/single.pkl"),
        }
    }

    /// Where the joint counts of a word are.
    pub(crate) fn joint(self, window: u32, id: WordId) -> String {
        match self {
            Self::Older => format!("{window}/{id}.pkl"),
            Self::Newer => format!("{window}/joint/{id}.pkl"),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Older => "older layout",
            Self::Newer => "newer layout",
        })
    }
}

/// What a member is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Role<'a> {
    /// The vocabulary.
    Vocabulary,
    /// The histogram of document lengths.
    Histogram,
    /// The single counts.
    Single {
        /// How they are laid out.
        layout: Layout,
        /// The directory that holds `<w>` or `<w>_single.pkl`.
        base: &'a str,
    },
    /// The joint counts of one word.
    Joint {
        /// How they are laid out.
        layout: Layout,
        /// The directory that holds `<w>`.
        base: &'a str,
        /// The word.
        id: u32,
    },
    /// Counts of another window.
    OtherWindow(u32),
    /// None of the counts.
    Other,
}

/// What the member at a path (with `/` between its parts) is, when the counts of `window` are wanted.
pub(super) fn role(path: &str, window: u32) -> Role<'_> {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "vocab.pkl" => return Role::Vocabulary,
        "histogram.csv" => return Role::Histogram,
        _ => {}
    }
    let Some(stem) = name.strip_suffix(".pkl") else {
        return Role::Other;
    };
    let split = |directory: &'_ str| -> Option<(&str, u32)> {
        let cut = directory.rfind('/');
        let base = &path[..cut.unwrap_or(0)];
        Some((base, number(&path[cut.map_or(0, |cut| cut + 1)..directory.len()])?))
    };
    let (found, role) = if let Some(of) = stem.strip_suffix("_single").and_then(number) {
        (of, Role::Single { layout: Layout::Older, base: directory })
    } else if stem == "single"
        && let Some((base, of)) = split(directory)
    {
        (of, Role::Single { layout: Layout::Newer, base })
    } else if let Some(id) = number(stem) {
        let (layout, counts) = match directory.strip_suffix("/joint") {
            Some(counts) => (Layout::Newer, counts),
            None => (Layout::Older, directory),
        };
        match split(counts) {
            Some((base, of)) => (of, Role::Joint { layout, base, id }),
            None => return Role::Other,
        }
    } else {
        return Role::Other;
    };
    if found == window { role } else { Role::OtherWindow(found) }
}

/// A number as Python writes it: no sign, no leading zero.
fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_recognized_at_any_depth_in_both_layouts() {
        use Layout::{Newer, Older};
        for (path, expected) in [
            ("vocab.pkl", Role::Vocabulary),
            ("wiki/vocab.pkl", Role::Vocabulary),
            ("wiki/histogram.csv", Role::Histogram),
            ("wiki/final_2/10_single.pkl", Role::Single { layout: Older, base: "wiki/final_2" }),
            ("10_single.pkl", Role::Single { layout: Older, base: "" }),
            ("wiki/final_2/10/0.pkl", Role::Joint { layout: Older, base: "wiki/final_2", id: 0 }),
            ("10/39999.pkl", Role::Joint { layout: Older, base: "", id: 39_999 }),
            ("wiki/10/single.pkl", Role::Single { layout: Newer, base: "wiki" }),
            ("10/single.pkl", Role::Single { layout: Newer, base: "" }),
            ("a/b/10/joint/7.pkl", Role::Joint { layout: Newer, base: "a/b", id: 7 }),
            ("10/joint/7.pkl", Role::Joint { layout: Newer, base: "", id: 7 }),
            ("wiki/5/7.pkl", Role::OtherWindow(5)),
            ("wiki/110/7.pkl", Role::OtherWindow(110)),
            ("5_single.pkl", Role::OtherWindow(5)),
            ("5/single.pkl", Role::OtherWindow(5)),
            ("7.pkl", Role::Other),
            ("single.pkl", Role::Other),
            ("joint/7.pkl", Role::Other),
            ("10/07.pkl", Role::Other),
            ("10/+7.pkl", Role::Other),
            ("10/._7.pkl", Role::Other),
            ("10_npint64_sample/7.pkl", Role::Other),
            ("10/7.txt", Role::Other),
            ("10/99999999999.pkl", Role::Other),
            ("vocab_count.pkl", Role::Other),
        ] {
            assert_eq!(role(path, 10), expected, "{path}");
        }
    }

    #[test]
    fn the_names_in_messages_are_those_that_are_recognized() {
        for layout in [Layout::Older, Layout::Newer] {
            let (base, id) = ("", 12);
            assert_eq!(role(&layout.single(3), 3), Role::Single { layout, base });
            assert_eq!(role(&layout.joint(3, WordId(12)), 3), Role::Joint { layout, base, id });
        }
    }
}
