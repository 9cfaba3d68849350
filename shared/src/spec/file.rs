//! The campaign file: a spec in TOML, whose relative paths start at the file's own directory.

use super::{CampaignSpec, SpecError};
use crate::place::Place;
use std::{
    io,
    path::{Path, PathBuf},
};

/// A campaign file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("cannot read the campaign file {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML, a field is unknown, missing, or of the wrong kind.
    #[error("{path}:{line}: {message}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// The fields make no sense together.
    #[error("{path}: {source}")]
    Spec {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: SpecError,
    },
}

/// Reads and checks a campaign file.
///
/// # Errors
/// When the file cannot be read, has an unknown field, or asks for something impossible.
pub fn read(path: &Path) -> Result<CampaignSpec, FileError> {
    let read = |source| FileError::Read { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(read)?;
    let mut spec: CampaignSpec = toml::from_str(&text).map_err(|error| {
        let (line, message) = explain(&text, &error);
        FileError::Parse { path: path.to_owned(), line, message }
    })?;
    let absolute = std::path::absolute(path).map_err(read)?;
    let home = absolute.parent().unwrap_or(Path::new("/"));
    let places = spec.source.places_mut().chain([&mut spec.corpus, &mut spec.destination]);
    for place in places.chain(&mut spec.parameters.extra_vocab) {
        if Place::is_path(place) {
            *place = home.join(&*place).to_string_lossy().into_owned();
        }
    }
    spec.check().map_err(|source| FileError::Spec { path: path.to_owned(), source })?;
    Ok(spec)
}

/// The line of an error, from 1, and what is wrong there: with the name of the field, which errors about values lack.
fn explain(text: &str, error: &toml::de::Error) -> (usize, String) {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let number = 1 + text[..line_start].matches('\n').count();
    let message = error.message().replace('\n', ", ");
    // Before the error on its line stands the field, unless the error is the field's own.
    let field = text[line_start..start].split_once('=').map_or("", |(field, _)| field.trim());
    (number, if field.is_empty() { message } else { format!("{field}: {message}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Source;
    use superposed_identity::Precision;

    fn read_text(text: &str) -> Result<CampaignSpec, String> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("campaign.toml");
        std::fs::write(&path, text).expect("a writable file");
        read(&path).map_err(|e| e.to_string().replace(&directory.path().display().to_string(), ""))
    }

    const LEAST: &str = "name = 'n'\nsize = '124M'\nmodel = 'm'\ncorpus = '/c'\ndestination = 'file:///d'\n";

    #[test]
    fn relative_paths_start_at_the_files_directory_and_urls_stay() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("campaign.toml");
        std::fs::write(&path, LEAST).expect("a writable file");
        let spec = read(&path).expect("a legal file");
        assert_eq!(spec.source, Source::Model(directory.path().join("m").display().to_string()));
        assert_eq!((spec.corpus.as_str(), spec.destination.as_str()), ("/c", "file:///d"));
        std::fs::write(&path, format!("{LEAST}[parameters]\nextra_vocab = 'words.txt'\n")).expect("a writable file");
        let words = read(&path).expect("a legal file").parameters.extra_vocab.expect("it was named");
        assert_eq!(words, directory.path().join("words.txt").display().to_string());
        assert_eq!((spec.modes, spec.batch), (None, 64));
    }

    #[test]
    fn a_model_of_a_hub_or_a_bucket_is_no_path_and_one_that_is_none_is_refused() {
        let with = |model: &str| LEAST.replace("'m'", &format!("'{model}'"));
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("campaign.toml");
        for model in ["hf:owner/name@main", "s3://bucket/models/gpt2"] {
            std::fs::write(&path, with(model)).expect("a writable file");
            assert_eq!(read(&path).expect("a legal file").source, Source::Model(model.to_owned()));
        }
        let message = read_text(&with("hf:gpt2")).expect_err("it was accepted");
        assert_eq!(
            message,
            "/campaign.toml: model: \"hf:gpt2\" is no model of a hub: write hf:owner/name or hf:owner/name@revision"
        );
    }

    #[test]
    fn an_unknown_field_is_refused_with_its_line() {
        let message = read_text(&format!("{LEAST}taus = 3\n")).expect_err("it was accepted");
        assert!(message.starts_with("/campaign.toml:6: unknown field `taus`"), "{message}");
        let message = read_text(&format!("{LEAST}[parameters]\nteta = 3\n")).expect_err("it was accepted");
        assert!(message.starts_with("/campaign.toml:7: unknown field `teta`"), "{message}");
    }

    #[test]
    fn an_error_is_told_with_its_line_and_its_field() {
        let cases = [
            ("batch = 0.5\n", ":6: batch: invalid type: floating point `0.5`, expected u32"),
            ("[parameters]\ntheta = 1\n", ":7: theta: invalid type: integer `1`, expected an array of length 2"),
            ("modes = [\n  'i',\n  'v'\n]\n", ":8: unknown variant `v`, expected one of `i`, `ii`, `iii`, `iiii`"),
            ("batch = 'open\nmodes = ['i']\n", ":6: batch: invalid literal string, expected `'`"),
            ("size = '1M'\n", ":6: duplicate key"),
        ];
        for (added, expected) in cases {
            let message = read_text(&format!("{LEAST}{added}")).expect_err("it was accepted");
            assert_eq!(message, format!("/campaign.toml{expected}"));
        }
        let message = read_text("name = 'n'\n").expect_err("it was accepted");
        assert!(message.starts_with("/campaign.toml:1: missing field `size`"), "{message}");
    }

    #[test]
    fn a_selection_outside_the_campaigns_modes_is_refused() {
        let text = format!("{LEAST}modes = ['i']\n[[select]]\nmodes = ['ii']\n");
        let message = read_text(&text).expect_err("it was accepted");
        assert_eq!(message, "/campaign.toml: select[0] names mode ii, which is not among the campaign's modes");
    }

    #[test]
    fn what_plays_no_part_for_pools_is_refused_with_them() {
        let pools = LEAST.replace("model", "pools");
        for (parameter, value) in [("tau", "400"), ("extra_vocab", "'words.txt'")] {
            let message =
                read_text(&format!("{pools}[parameters]\n{parameter} = {value}\n")).expect_err("it was accepted");
            let expected = format!("/campaign.toml: {parameter} plays no part when pools are given");
            assert!(message.starts_with(&expected), "{message}");
        }
    }

    #[test]
    fn a_precision_is_refused_where_nothing_is_computed() {
        let spec = read_text(&format!("{LEAST}precision = 'bf16'\n")).expect("a legal file");
        assert_eq!(spec.precision, Some(Precision::Bf16));
        let pools = LEAST.replace("model", "pools");
        let message = read_text(&format!("{pools}precision = 'bf16'\n")).expect_err("it was accepted");
        let expected =
            "/campaign.toml: precision belongs to the forward pass of a model, and pools are given: leave it out";
        assert_eq!(message, expected);
    }

    #[test]
    fn a_name_that_is_no_file_name_is_refused() {
        let message = read_text(&LEAST.replace("'n'", "'../n'")).expect_err("it was accepted");
        assert!(message.contains("name \"../n\" must be"), "{message}");
    }
}
