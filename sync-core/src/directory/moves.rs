//! Where areas lay before they were moved: the tree of today is not the tree of the day on which
//! somebody went out with a phone.
//!
//! What enters: moves, with their time by the server's clock. What leaves: all that an area lay in,
//! and when. What never happens here: a right to read; whoever an area was taken from may only
//! still bring what they wrote.

use std::collections::BTreeMap;

use crate::directory::tree::MAX_LEVELS;
use crate::directory::{Area, DirectoryChange};
use crate::ids::AreaCode;
use crate::limits::LATE_EDIT_WINDOW_DAYS;
use crate::time::Timestamp;

/// Areas met on a walk up the tree, with their former parents.
const MAX_MET: usize = 1_024;
const DAY_MS: i64 = 86_400_000;

/// An area that another lay in, from one moment up to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lay {
    pub(super) area: AreaCode,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Former {
    parent: Option<AreaCode>,
    until: Timestamp,
}

/// Former parents of areas, the oldest first; none from before late edits end.
#[derive(Debug, Clone, Default)]
pub(super) struct Moves(BTreeMap<AreaCode, Vec<Former>>);

impl Moves {
    /// An area lay in another until a moment.
    pub(super) fn moved(&mut self, area: AreaCode, parent: Option<AreaCode>, until: Timestamp) {
        let oldest = until.plus_millis(-LATE_EDIT_WINDOW_DAYS * DAY_MS);
        let former = self.0.entry(area).or_default();
        former.retain(|f| f.until >= oldest);
        // A clock that went back must not make a time that never was.
        let until = former.last().map_or(until, |last| last.until.max(until));
        former.push(Former { parent, until });
    }

    /// The area itself, all that it lies in, and all that it lay in.
    pub(super) fn lay_in<'a>(
        &'a self,
        area: &AreaCode,
        parent: impl Fn(&AreaCode) -> Option<&'a AreaCode>,
    ) -> Vec<Lay> {
        let mut met = vec![Lay {
            area: area.clone(),
            from: Timestamp(i64::MIN),
            until: Timestamp(i64::MAX),
        }];
        let mut level = 0..met.len();
        for _ in 0..MAX_LEVELS {
            if level.is_empty() || met.len() > MAX_MET {
                break;
            }
            for i in level.clone() {
                let Lay { area, from, until } = met[i].clone();
                let mut since = from;
                for former in self.0.get(&area).into_iter().flatten() {
                    let end = former.until.min(until);
                    if let Some(parent) = former.parent.as_ref().filter(|_| since < end) {
                        met.push(Lay {
                            area: parent.clone(),
                            from: since,
                            until: end,
                        });
                    }
                    since = since.max(former.until);
                }
                if let Some(parent) = parent(&area).filter(|_| since < until) {
                    met.push(Lay {
                        area: parent.clone(),
                        from: since,
                        until,
                    });
                }
            }
            level = level.end..met.len();
        }
        met
    }
}

/// What has to be said beside a change of areas, so that nobody who is away is refused for it:
/// which of them lay elsewhere until now.
#[must_use]
pub fn moved_by<'a>(
    areas: &[Area],
    known: impl Fn(&AreaCode) -> Option<&'a Area>,
    now: Timestamp,
) -> Vec<DirectoryChange> {
    areas
        .iter()
        .filter_map(|area| Some((area, known(&area.code)?)))
        .filter(|(area, was)| area.parent != was.parent)
        .map(|(area, was)| DirectoryChange::Moved {
            area: area.code.clone(),
            parent: was.parent.clone(),
            at: now,
        })
        .collect()
}
