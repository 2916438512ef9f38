//! A sorted map in parts: a copy of it shares them, and a change copies only the one it touches.
//! A directory of a city is copied for every change, so that readers keep the one they began with.

use std::borrow::Borrow;
use std::sync::Arc;

/// Most pairs in one part.
const MAX_PAIRS: usize = 256;

type Part<K, V> = Arc<Vec<(K, V)>>;

/// The map.
#[derive(Debug)]
pub(super) struct Parts<K, V>(Arc<Vec<Part<K, V>>>);

impl<K, V> Clone for Parts<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Parts<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, V> Parts<K, V> {
    /// Whether both are the same because nothing was put into either since one was the other's copy.
    pub(super) fn is_copy_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<K: Ord + Clone, V: Clone> Parts<K, V> {
    /// Of pairs that come by key, no key twice.
    pub(super) fn of_sorted(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let mut pairs = pairs.into_iter().peekable();
        let mut parts = Vec::new();
        // Half of what fits, so that more can be put in.
        while pairs.peek().is_some() {
            parts.push(Arc::new(pairs.by_ref().take(MAX_PAIRS / 2).collect()));
        }
        Self(Arc::new(parts))
    }

    /// How many keys there are before this one.
    pub(super) fn before<Q: Ord + ?Sized>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        let place = self.place(key);
        let parts: usize = self.0.iter().take(place).map(|part| part.len()).sum();
        let part = self.0.get(place);
        parts + part.map_or(0, |part| part.partition_point(|(k, _)| k.borrow() < key))
    }

    /// The part that holds a key, if one does.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> usize
    where
        K: Borrow<Q>,
    {
        let is_before = |part: &Part<K, V>| part.last().is_some_and(|(k, _)| k.borrow() < key);
        self.0.partition_point(is_before)
    }

    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get_pair(key).map(|(_, value)| value)
    }

    pub(super) fn get_pair<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        let part = self.0.get(self.place(key))?;
        let at = part.binary_search_by(|(k, _)| k.borrow().cmp(key)).ok()?;
        part.get(at).map(|(k, value)| (k, value))
    }

    pub(super) fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.get(key).is_some()
    }

    /// The value of a key, to be changed; made when there is none.
    pub(super) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let mut at = self.place(&key);
        let parts = Arc::make_mut(&mut self.0);
        if parts.is_empty() {
            parts.push(Arc::default());
        }
        // What is past all of them goes in the last.
        at = at.min(parts.len() - 1);
        if parts[at].len() >= MAX_PAIRS {
            let upper = Arc::make_mut(&mut parts[at]).split_off(MAX_PAIRS / 2);
            let is_upper = upper.first().is_some_and(|(first, _)| *first <= key);
            parts.insert(at + 1, Arc::new(upper));
            at += usize::from(is_upper);
        }
        let part = Arc::make_mut(&mut parts[at]);
        let at = match part.binary_search_by(|(k, _)| k.cmp(&key)) {
            Ok(at) => at,
            Err(at) => {
                part.insert(at, (key, make()));
                at
            }
        };
        &mut part[at].1
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        let slot = self.entry(key, || value.clone());
        *slot = value;
    }

    pub(super) fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key);
        let part = self.0.get(place)?;
        let at = part.binary_search_by(|(k, _)| k.borrow().cmp(key)).ok()?;
        let parts = Arc::make_mut(&mut self.0);
        let (_, value) = Arc::make_mut(&mut parts[place]).remove(at);
        if parts[place].is_empty() {
            parts.remove(place);
        }
        Some(value)
    }

    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|part| part.len()).sum()
    }

    /// All pairs, by key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.0
            .iter()
            .flat_map(|part| part.iter())
            .map(|(k, v)| (k, v))
    }

    /// The pairs from a key on.
    pub(super) fn from(&self, key: K) -> impl Iterator<Item = (&K, &V)> {
        let place = self.place(&key);
        let first = self.0.get(place);
        let at = first.map_or(0, |part| part.partition_point(|(k, _)| *k < key));
        let parts = self.0.get(place..).unwrap_or_default();
        parts
            .iter()
            .flat_map(|part| part.iter())
            .skip(at)
            .map(|(k, v)| (k, v))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn it_is_a_sorted_map_and_a_copy_keeps_what_it_was() {
        let (mut parts, mut model) = (Parts::default(), BTreeMap::new());
        let mut dice = 7u32;
        for round in 0..20_000u32 {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let key = dice >> 20;
            let before = (round % 4_000 == 0).then(|| (parts.clone(), model.clone()));
            match dice >> 8 & 3 {
                0 => assert_eq!(parts.remove(&key), model.remove(&key)),
                1 => {
                    *parts.entry(key, || 0) += round;
                    *model.entry(key).or_insert(0) += round;
                }
                _ => {
                    parts.insert(key, round);
                    model.insert(key, round);
                }
            }
            assert_eq!(parts.get(&key), model.get(&key));
            if let Some((parts, model)) = before {
                assert!(parts.iter().eq(model.iter()));
            }
        }
        assert!(parts.iter().eq(model.iter()));
        for from in [0, 1, 2_000, 4_095, 5_000] {
            assert!(parts.from(from).eq(model.range(from..)));
            assert_eq!(parts.before(&from), model.range(..from).count());
        }
        let again = Parts::of_sorted(model.clone());
        assert!(again.iter().eq(model.iter()));
        assert!(
            parts
                .0
                .iter()
                .all(|part| (1..=MAX_PAIRS).contains(&part.len()))
        );
    }

    #[test]
    fn a_change_copies_one_part() {
        let mut parts = Parts::default();
        for key in 0..10_000u32 {
            parts.insert(key, key);
        }
        let before = parts.clone();
        parts.insert(5_000, 1);
        let shared = parts.0.iter().zip(before.0.iter());
        assert_eq!(shared.filter(|(a, b)| !Arc::ptr_eq(a, b)).count(), 1);
    }
}
