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
    let found = listed(bucket, settings)?;
    if !found.is_empty() {
        return Ok(found);
    }
    // Not what lies below it, but the object itself.
    let whole = Blocking::open(Address::Bucket(Bucket { prefix: String::new(), ..bucket.clone() }), settings)?;
    let (path, shown) = (bucket.prefix.clone(), PathBuf::from(bucket.to_string()));
    match whole.length(&path)? {
        Some(bytes) => Ok(vec![Box::new(TextObject { storage: whole, path, shown, bytes })]),
        None => bail!("there is nothing at {bucket}: name an object, or a prefix that some have"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use superposed_storage::{Storage, test_server::TestServer};

    #[test]
    fn an_object_that_is_named_is_read_and_no_other_of_that_name() {
        let server = TestServer::start(&["lab"]);
        let settings = server.settings();
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let whole = Storage::open("s3://lab".parse().expect("an address"), &settings).expect("a bucket");
        for (path, text) in [("one/archive/x.txt", "wrong object"), ("one/x.txt", "right"), ("two/archive/y.txt", "no")]
        {
            runtime.block_on(whole.put(path, text.as_bytes().to_vec().into())).expect("a writable bucket");
        }
        let found = |text: &str| {
            let Address::Bucket(bucket) = text.parse().expect("an address") else { panic!("no bucket") };
            objects(&bucket, &settings)
        };
        let one = found("s3://lab/one/x.txt").expect("it is there");
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].path(), Path::new("s3://lab/one/x.txt"));
        let mut content = String::new();
        one[0].open().expect("it is there").read_to_string(&mut content).expect("text");
        assert_eq!((content.as_str(), one[0].bytes()), ("right", 5));
        assert_eq!(found("s3://lab/one").expect("they are there").len(), 2);
        let none = found("s3://lab/two/y.txt").err().expect("there is none");
        assert!(none.to_string().starts_with("there is nothing at s3://lab/two/y.txt"), "{none}");
    }
}
