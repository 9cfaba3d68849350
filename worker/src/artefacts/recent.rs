//! The things used last.

use std::sync::Arc;

/// The most things of a kind that stay open.
const KEPT: usize = 2;

/// A list of the things used last, the most recent at the end.
#[derive(Debug)]
pub(super) struct Recent<K, V>(Vec<(K, Arc<V>)>);

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: PartialEq, V> Recent<K, V> {
    /// What is open under a key, which is then the one used last.
    pub(super) fn get(&mut self, key: &K) -> Option<Arc<V>> {
        let index = self.0.iter().position(|(known, _)| known == key)?;
        let entry = self.0.remove(index);
        let value = Arc::clone(&entry.1);
        self.0.push(entry);
        Some(value)
    }

    pub(super) fn get_or_open<E>(&mut self, key: K, open: impl FnOnce() -> Result<V, E>) -> Result<Arc<V>, E> {
        if let Some(value) = self.get(&key) {
            return Ok(value);
        }
        // Room is made first: two large things at once may be more than memory holds.
        while self.0.len() >= KEPT {
            self.drop_oldest();
        }
        let value = Arc::new(open()?);
        self.0.push((key, Arc::clone(&value)));
        Ok(value)
    }

    /// Drops what was used longest ago. Whether there was anything.
    pub(super) fn drop_oldest(&mut self) -> bool {
        let any = !self.0.is_empty();
        self.0.drain(..usize::from(any));
        any
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &V> {
        self.0.iter().map(|(_, value)| &**value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_last_stays_open() {
        let mut recent = Recent::default();
        let mut opened = Vec::new();
        for key in [1, 2, 1, 3, 1, 2] {
            let open = || {
                opened.push(key);
                Ok::<_, ()>(key)
            };
            assert_eq!(recent.get_or_open(key, open).as_deref(), Ok(&key));
        }
        assert_eq!(opened, [1, 2, 3, 2]);
        assert!(recent.drop_oldest());
        assert_eq!(recent.iter().collect::<Vec<_>>(), [&2]);
        assert!(recent.drop_oldest() && !recent.drop_oldest());
    }
}
