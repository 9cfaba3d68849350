//! Results in an archive, as the authors publish them: `.tar.gz` or `.tar`, members in any order, perhaps in a folder.

use crate::{Entry, JobFile, inventory::Inventory};
use bytes::Bytes;
use flate2::bufread::MultiGzDecoder;
use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::Path,
};
use superposed_identity::{JobId, Size};

/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The members of an archive that were asked for, kept in one temporary file: archives are in no order, and a job is
/// three of its members.
#[derive(Debug)]
pub(crate) struct Archive {
    spool: File,
    jobs: HashMap<(u16, JobId, JobFile), Place>,
    others: HashMap<(u16, String), Place>,
    sizes: Vec<Size>,
}

/// Where a member lies in the temporary file.
type Place = (u64, u32);

impl Archive {
    /// Reads an archive once and keeps what is wanted of it.
    pub(crate) fn read(
        path: &Path,
        wanted: impl Fn(&Size, Entry<'_>) -> bool,
        inventory: &mut Inventory,
    ) -> io::Result<Self> {
        let mut content = BufReader::with_capacity(1 << 20, File::open(path)?);
        let gzipped = content.fill_buf()?.starts_with(&GZIP);
        let content: Box<dyn Read> = if gzipped { Box::new(MultiGzDecoder::new(content)) } else { Box::new(content) };
        let mut archive = tar::Archive::new(content);
        let mut spool = io::BufWriter::with_capacity(1 << 20, tempfile::tempfile()?);
        let (mut jobs, mut others, mut sizes) = (HashMap::new(), HashMap::new(), Vec::<Size>::new());
        let mut end = 0;
        for member in archive.entries()? {
            let mut member = member?;
            if !member.header().entry_type().is_file() {
                continue;
            }
            let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
            let Some((size, below)) = in_tree(&name) else { continue };
            let entry = Entry::at(below);
            if !wanted(&size, entry) {
                continue;
            }
            let length = io::copy(&mut member, &mut spool)?;
            let too_long =
                |_| io::Error::other(format!("{name} has {length} bytes, which no file of a result tree has"));
            let place = (end, u32::try_from(length).map_err(too_long)?);
            end += length;
            let number = sizes.iter().position(|known| *known == size).unwrap_or_else(|| {
                sizes.push(size.clone());
                sizes.len() - 1
            });
            let number = u16::try_from(number).map_err(|_| io::Error::other("it has more than 65536 sizes"))?;
            match entry {
                Entry::Job(job, file) => {
                    jobs.insert((number, job, file), place);
                }
                _ => {
                    others.insert((number, below.to_owned()), place);
                }
            }
            inventory.add(&size, below, entry);
        }
        spool.flush()?;
        let mut spool = spool.into_inner().map_err(io::IntoInnerError::into_error)?;
        spool.seek(SeekFrom::Start(0))?;
        Ok(Self { spool, jobs, others, sizes })
    }

    /// The paths below a size that begin so, but for files of jobs.
    pub(crate) fn paths(&self, size: &Size, prefix: &str) -> Vec<String> {
        let number = self.sizes.iter().position(|known| known == size);
        let below =
            self.others.keys().filter(|(of, path)| Some(usize::from(*of)) == number && path.starts_with(prefix));
        below.map(|(_, path)| path.clone()).collect()
    }

    /// The content of a member, by its path below its size.
    pub(crate) fn get(&self, size: &Size, path: &str) -> io::Result<Option<Bytes>> {
        let Some(number) = self.sizes.iter().position(|known| known == size) else { return Ok(None) };
        let number = number as u16;
        let place = match Entry::at(path) {
            Entry::Job(job, file) => self.jobs.get(&(number, job, file)),
            _ => self.others.get(&(number, path.to_owned())),
        };
        let Some((start, length)) = place else { return Ok(None) };
        let mut content = vec![0; *length as usize];
        self.spool.read_exact_at(&mut content, *start)?;
        Ok(Some(content.into()))
    }
}

/// The size that a member belongs to, and its path below it: the member may lie in folders that are none of the tree's.
fn in_tree(name: &str) -> Option<(Size, &str)> {
    let mut rest = name;
    while let Some((size, below)) = rest.split_once('/') {
        if !matches!(Entry::at(below), Entry::Foreign | Entry::Leftover)
            && let Ok(size) = size.parse()
        {
            return Some((size, below));
        }
        rest = below;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_known_by_the_end_of_its_path() {
        let at = |name: &str| in_tree(name).map(|(size, below)| format!("{size} {below}"));
        let job = Some("1558M i/26_5201_neg.pkl".to_owned());
        for folder in ["", "./", "results/", "./a/b/"] {
            assert_eq!(at(&format!("{folder}1558M/i/26_5201_neg.pkl")), job, "{folder}");
        }
        assert_eq!(at("a/7B/words.txt"), Some("7B words.txt".to_owned()));
        for other in ["i/26_5201_neg.pkl", "1558M/i/README", "README", "1558M/i/26_5201_neg.pkl#1"] {
            assert_eq!(at(other), None, "{other}");
        }
    }
}
