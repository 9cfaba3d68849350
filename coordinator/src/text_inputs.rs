//! What a count reads: files, directories, and objects of stores.

use anyhow::{Context, Result, bail};
use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};
use superposed_corpus::{Inputs, Source};
use superposed_storage::{Address, Bucket, Settings, blocking::Blocking};

/// An object of a store.
struct TextObject {
    storage: Blocking,
    path: String,
    shown: PathBuf,
    bytes: u64,
}

impl Source for TextObject {
    fn path(&self) -> &Path {
        &self.shown
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.storage.read(&self.path).map_err(io::Error::other)?))
    }
}

/// The files and directories, and the objects and prefixes of buckets, that texts name.
///
/// # Errors
/// What is not there, or may not be read.
pub fn inputs(named: &[String]) -> Result<Inputs> {
    let settings = Settings::from_environment();
    let mut inputs = Inputs::default();
    for text in named {
        match text.parse()? {
            Address::Directory(path) => inputs.add_path(&path)?,
            Address::Bucket(bucket) => {
                let objects = objects(&bucket, &settings)?;
                inputs.add(text.clone(), objects);
            }
        }
    }
    Ok(inputs)
}

/// All objects below a prefix, in the order of their names, or the one of that name.
fn objects(bucket: &Bucket, settings: &Settings) -> Result<Vec<Box<dyn Source>>> {
    let (found, place) = (listed(bucket, settings)?, Address::Bucket(bucket.clone()));
    if !found.is_empty() {
        return Ok(found);
    }
    let (above, name) = bucket.prefix.rsplit_once('/').unwrap_or(("", &bucket.prefix));
    let above = Bucket { prefix: above.to_owned(), ..bucket.clone() };
    let one = listed(&above, settings)?.into_iter().find(|object| object.path().ends_with(name) && !name.is_empty());
    match one {
        Some(object) => Ok(vec![object]),
        None => bail!("there is nothing at {place}: name an object, or a prefix that some have"),
    }
}

fn listed(bucket: &Bucket, settings: &Settings) -> Result<Vec<Box<dyn Source>>> {
    let storage = Blocking::open(Address::Bucket(bucket.clone()), settings)?;
    let object = |listed: superposed_storage::Listed| {
        let shown = PathBuf::from(format!("{}/{}", bucket.to_string().trim_end_matches('/'), listed.path));
        let object = TextObject { storage: storage.clone(), path: listed.path, shown, bytes: listed.size };
        Box::new(object) as Box<dyn Source>
    };
    let mut objects: Vec<_> =
        storage.list("").map(|listed| listed.map(object)).collect::<Result<_, _>>().context("cannot list the texts")?;
    objects.sort_by(|a, b| a.path().cmp(b.path()));
    Ok(objects)
}
