//! The areas around those of some grants.

use std::collections::BTreeSet;

use crate::directory::{Area, Directory, Grant};
use crate::ids::AreaCode;

/// The areas of some grants, what lies in them and what they lie in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Around {
    /// Sorted; of areas that are not known, those of the grants.
    codes: Vec<AreaCode>,
    is_everything: bool,
}

impl Around {
    /// Whether a grant covers some area in common with them.
    pub(super) fn meets(&self, grant: &Grant) -> bool {
        match &grant.area {
            Some(area) => self.is_everything || self.has(area),
            None => self.is_everything || !self.codes.is_empty(),
        }
    }

    pub(super) fn has(&self, area: &AreaCode) -> bool {
        self.codes.binary_search(area).is_ok()
    }

    pub(super) fn codes(&self) -> &[AreaCode] {
        &self.codes
    }

    pub(super) fn is_everything(&self) -> bool {
        self.is_everything
    }

    /// Those that are known, by code.
    pub(super) fn areas<'a>(&'a self, directory: &'a Directory) -> impl Iterator<Item = &'a Area> {
        let all = self.is_everything.then(|| directory.areas());
        let some = (!self.is_everything).then(|| self.codes.iter());
        let some = some.into_iter().flatten();
        let some = some.filter_map(|code| directory.area(code));
        all.into_iter().flatten().chain(some)
    }
}

impl Directory {
    /// What lies in these areas, and what they lie in; none among them means everything.
    pub(super) fn around(&self, granted: &BTreeSet<Option<AreaCode>>) -> Around {
        if granted.contains(&None) {
            return Around {
                codes: self.areas.keys().cloned().collect(),
                is_everything: true,
            };
        }
        let mut met: BTreeSet<&AreaCode> = BTreeSet::new();
        let mut inside: BTreeSet<&AreaCode> = BTreeSet::new();
        for area in granted.iter().flatten() {
            let outside = self.upward(area);
            met.extend(outside.filter(|code| self.areas.contains_key(*code)));
            let mut stack = vec![area];
            while let Some(code) = stack.pop() {
                if inside.insert(code) {
                    stack.extend(self.children(code));
                }
            }
        }
        met.append(&mut inside);
        Around {
            codes: met.into_iter().cloned().collect(),
            is_everything: false,
        }
    }
}
