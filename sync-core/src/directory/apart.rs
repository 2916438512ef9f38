//! Areas that are called alike, told apart by what they lie in.
//!
//! What enters: areas that somebody sees side by side. What leaves: for those of them that share a name, what they lie in.
//! What never happens here: a word about an area whose name says enough.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::Directory;
use crate::ids::AreaCode;

/// More levels than a country has.
const DEEPEST: usize = 32;
/// Between the names of areas of which one lies in the other.
const WITHIN: &str = " / ";

impl Directory {
    /// For each of these areas that is called like another of them, the names of what it lies in, the uppermost first,
    /// only as far up as tells it from the others: `First Street / South Community`.
    #[must_use]
    pub fn told_apart<'a>(
        &self,
        areas: impl IntoIterator<Item = &'a AreaCode>,
    ) -> BTreeMap<AreaCode, String> {
        let mut by_name: BTreeMap<&str, BTreeSet<&AreaCode>> = BTreeMap::new();
        for code in areas {
            if let Some(area) = self.area(code) {
                by_name.entry(&area.name).or_default().insert(code);
            }
        }
        let mut out = BTreeMap::new();
        for alike in by_name.into_values().filter(|alike| alike.len() > 1) {
            let ways: Vec<(&AreaCode, Vec<&str>)> = alike
                .into_iter()
                .map(|code| (code, self.above(code)))
                .collect();
            let longest = ways.iter().map(|(_, way)| way.len()).max().unwrap_or(0);
            let mut open: Vec<usize> = (0..ways.len()).collect();
            for depth in 1..=longest {
                let seen = |at: &usize| &ways[*at].1[..depth.min(ways[*at].1.len())];
                let mut met: BTreeMap<&[&str], usize> = BTreeMap::new();
                for at in 0..ways.len() {
                    *met.entry(seen(&at)).or_default() += 1;
                }
                open.retain(|at| {
                    let is_last = depth >= ways[*at].1.len();
                    let is_told = met.get(seen(at)) == Some(&1) || is_last;
                    if is_told {
                        let names: Vec<&str> = seen(at).iter().rev().copied().collect();
                        out.insert(ways[*at].0.clone(), names.join(WITHIN));
                    }
                    !is_told
                });
            }
        }
        out.retain(|_, way| !way.is_empty());
        out
    }

    /// The names of what an area lies in, the nearest first.
    fn above(&self, code: &AreaCode) -> Vec<&str> {
        let mut names = Vec::new();
        let mut at = self.area(code).and_then(|area| area.parent.as_ref());
        while let Some(area) = at.and_then(|code| self.area(code)) {
            if names.len() == DEEPEST {
                break;
            }
            names.push(area.name.as_str());
            at = area.parent.as_ref();
        }
        names
    }
}
