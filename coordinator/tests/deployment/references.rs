//! Files that manifests, scripts and pages name are there, and of this release.

use crate::manifests::{collect, lines, manifests, root};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What `deploy/` holds, and the pages about it.
fn texts() -> Vec<PathBuf> {
    let mut found = vec!["docs/deployment.md".into(), "docs/scaling.md".into()];
    collect("deploy".into(), &mut found);
    found
}

#[test]
fn every_file_of_the_project_that_deployment_names_is_there() {
    // What users make, and git does not keep.
    let ignored = fs::read_to_string(root().join(".gitignore")).expect("text");
    let is_theirs = |word: &str| ignored.lines().any(|line| line.strip_prefix('/') == Some(word));
    let mut found = 0;
    for path in texts() {
        let text = fs::read_to_string(root().join(&path)).expect("text");
        let part = |letter: char| letter.is_ascii_alphanumeric() || "/._-@".contains(letter);
        for word in text.split(|letter| !part(letter)) {
            let word = word.trim_end_matches(['.', '-']);
            let is_path =
                ["deploy/", "docs/"].iter().any(|start| word.strip_prefix(start).is_some_and(|rest| !rest.is_empty()));
            if is_path && !is_theirs(word) {
                assert!(root().join(word).exists(), "{}: there is no {word}", path.display());
                found += 1;
            }
        }
    }
    assert!(found > 20, "only {found} names were found");
}

#[test]
fn every_link_of_the_pages_on_deployment_leads_somewhere() {
    for page in ["docs/deployment.md", "docs/scaling.md"] {
        let text = fs::read_to_string(root().join(page)).expect("a page");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let mut found = 0;
        for target in targets.filter(|target| !target.starts_with("https://")) {
            let (file, place) = target.split_once('#').map_or((target, None), |(file, place)| (file, Some(place)));
            let linked = if file.is_empty() { root().join(page) } else { root().join("docs").join(file) };
            assert!(linked.exists(), "{page}: {target} leads nowhere");
            if let Some(place) = place {
                let text = fs::read_to_string(&linked).expect("a page");
                let titles = text.lines().filter_map(|line| line.starts_with('#').then(|| anchor(line)));
                assert!(titles.into_iter().any(|title| title == place), "{page}: {target} is no heading");
            }
            found += 1;
        }
        assert!(found > 3, "{page} has {found} links");
    }
}

/// As pages are shown, a heading's address in its page.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

#[test]
fn what_kustomize_puts_together_is_there() {
    let mut found = 0;
    for path in manifests().into_iter().filter(|path| path.ends_with("kustomization.yaml")) {
        let directory = path.parent().expect("in a directory").to_owned();
        for (line, text) in lines(&path) {
            let entry = text.trim().strip_prefix("- ").map(|entry| entry.strip_prefix("path: ").unwrap_or(entry));
            let Some(entry) = entry.filter(|entry| entry.ends_with(".yaml") || entry.starts_with("../")) else {
                continue;
            };
            assert!(root().join(&directory).join(entry).exists(), "{}:{line}: there is no {entry}", path.display());
            found += 1;
        }
    }
    assert!(found >= 10, "only {found} entries were found");
}

#[test]
fn images_are_of_this_release_and_compiled_with_its_rust() {
    let version = env!("CARGO_PKG_VERSION");
    let mut found = 0;
    for path in manifests() {
        for (line, text) in lines(&path) {
            let said = ["image.version=\"", "newTag: ", "${VERSION:-"].iter().find_map(|mark| text.split(mark).nth(1));
            if let Some(said) = said {
                assert!(said.starts_with(version), "{}:{line}: this is release {version}: {text}", path.display());
                found += 1;
            }
        }
    }
    assert!(found >= 10, "only {found} were found");
    let containerfile = fs::read_to_string(root().join("deploy/containers/Containerfile")).expect("a Containerfile");
    let rust = env!("CARGO_PKG_RUST_VERSION");
    assert!(containerfile.contains(&format!("library/rust:{rust}-slim")), "the images are compiled with another Rust");
}

#[test]
fn builders_see_what_is_compiled_and_nothing_else() {
    let permitted: Vec<_> = lines(Path::new(".containerignore"))
        .into_iter()
        .filter_map(|(_, line)| Some(line.strip_prefix('!')?.to_owned()))
        .collect();
    for path in &permitted {
        assert!(root().join(path).exists(), "{path} is not there");
    }
    let manifest: toml::Table =
        fs::read_to_string(root().join("Cargo.toml")).expect("a manifest").parse().expect("a manifest");
    let members = manifest["workspace"]["members"].as_array().expect("a list");
    for member in members {
        let first = member.as_str().expect("a path").split('/').next().expect("a path");
        assert!(permitted.iter().any(|path| path == first), "{first} is compiled, and not sent to builders");
    }
    // What tells cargo of this machine's directories, and what is compiled here, stays here.
    assert!(!permitted.iter().any(|path| path == ".cargo" || path == "target"));
}
