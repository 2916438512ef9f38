//! What a console edit was made at: the heads its author saw, class by class.
//!
//! What enters: the base that a request names, or that it names none. What leaves: the rows as
//! their author saw them, with the heads the edit then stands on. What never happens here: a newer
//! state put in place of one that was named.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Instant;

use gridfold_sync_core::admission::Facts;
use gridfold_sync_core::entry::Entry;
use gridfold_sync_core::ids::{EntryRef, RecordId, SensitivityClass, StreamId};
use gridfold_sync_core::limits::MAX_DEPS;
use gridfold_sync_core::view::PartState;

use crate::fold::BatchFacts;
use crate::problem::{Code, Problem};
use crate::views::ViewsError;
use crate::words::said;

/// The newest entries of a record in each class that somebody may read, also in those where it has none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heads(BTreeMap<SensitivityClass, Vec<EntryRef>>);

impl Heads {
    /// The heads of what was read.
    #[must_use]
    pub fn of(
        classes: &BTreeSet<SensitivityClass>,
        parts: &[(SensitivityClass, PartState)],
    ) -> Self {
        let mut heads: BTreeMap<_, _> = classes.iter().map(|class| (*class, Vec::new())).collect();
        for (class, part) in parts {
            let newest = part.heads.iter().take(MAX_DEPS).copied().collect();
            heads.insert(*class, newest);
        }
        Self(heads)
    }

    /// Heads in one class; of the others nothing is said.
    #[must_use]
    pub fn in_class(class: SensitivityClass, heads: &[EntryRef]) -> Self {
        Self(BTreeMap::from([(class, heads.to_vec())]))
    }

    /// All of them, with their class.
    pub fn iter(&self) -> impl Iterator<Item = (SensitivityClass, EntryRef)> {
        let all = self.0.iter();
        all.flat_map(|(class, heads)| heads.iter().map(|head| (*class, *head)))
    }

    /// Reads what [`Heads`] shows as.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut heads = BTreeMap::new();
        for part in text.split(';') {
            let (class, refs) = part.split_once('=')?;
            let class = SensitivityClass::from_u8(class.parse().ok()?)?;
            let mut of = Vec::new();
            for name in refs.split(',').filter(|name| !name.is_empty()) {
                of.push(EntryRef::parse(name)?);
            }
            of.sort_unstable();
            of.dedup();
            if of.len() > MAX_DEPS || heads.insert(class, of).is_some() {
                return None;
            }
        }
        Some(Self(heads))
    }
}

impl fmt::Display for Heads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (class, heads)) in self.0.iter().enumerate() {
            let gap = if i == 0 { "" } else { ";" };
            write!(f, "{gap}{}=", *class as u8)?;
            for (i, head) in heads.iter().enumerate() {
                write!(f, "{}{head}", if i == 0 { "" } else { "," })?;
            }
        }
        Ok(())
    }
}

/// What an edit of the console was made at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// At nothing: it makes the record. The same made again changes nothing.
    Nothing,
    /// At the newest state. With the moment it was asked for, what was not answered to anybody
    /// before that is left out: its author cannot have known of it.
    Newest(Option<Instant>),
    /// At these heads; in classes that they do not name, at the newest.
    At(Heads),
    /// At these heads, as long as they are the newest of all classes: of what concerns a record as a
    /// whole nobody may have written meanwhile.
    Newly(Heads),
}

/// What the author of an edit saw of one class.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) heads: Vec<EntryRef>,
    pub(crate) part: Option<PartState>,
}

/// What the author of an edit saw.
pub(crate) type AllSeen = BTreeMap<SensitivityClass, Seen>;

fn unknown_base() -> Problem {
    Problem::new(Code::UnknownBase)
}

fn changed_meanwhile() -> Problem {
    Problem::new(Code::Conflict).because_in(said!("record_changed_meanwhile"))
}

/// The rows as they were at the base of an edit.
pub(crate) fn seen(
    facts: &mut BatchFacts<'_>,
    grid: &gridfold_sync_core::ids::AreaCode,
    record: &RecordId,
    base: &Base,
) -> Result<Result<AllSeen, Problem>, ViewsError> {
    let mut all = AllSeen::new();
    for class in SensitivityClass::ALL {
        let stream = StreamId::new(grid.clone(), class);
        let seen = match base {
            Base::Nothing => Seen::default(),
            Base::Newest(asked) => newest(facts, &stream, record, *asked)?,
            Base::Newly(Heads(heads)) => {
                let seen = newest(facts, &stream, record, None)?;
                let told = heads.get(&class).map_or(&[] as &[_], Vec::as_slice);
                if seen.heads != told {
                    return Ok(Err(changed_meanwhile()));
                }
                seen
            }
            Base::At(Heads(heads)) => match heads.get(&class) {
                None => newest(facts, &stream, record, None)?,
                Some(heads) => {
                    for head in heads {
                        let known = facts.entry(&stream, head)?;
                        if !known.is_some_and(|e| e.admitted && e.record == Some(*record)) {
                            return Ok(Err(unknown_base()));
                        }
                    }
                    // A program may name also what its newest heads hold already.
                    let newest = facts.newest_of(&stream, record, heads)?;
                    at(facts, &stream, record, newest)?
                }
            },
        };
        all.insert(class, seen);
    }
    Ok(Ok(all))
}

fn at(
    facts: &mut BatchFacts<'_>,
    stream: &StreamId,
    record: &RecordId,
    heads: Vec<EntryRef>,
) -> Result<Seen, ViewsError> {
    let part = match facts.part(stream, record)? {
        Some(part) if part.heads == heads => Some(part),
        _ => facts.part_at(stream, record, &heads)?,
    };
    Ok(Seen { heads, part })
}

fn newest(
    facts: &mut BatchFacts<'_>,
    stream: &StreamId,
    record: &RecordId,
    asked: Option<Instant>,
) -> Result<Seen, ViewsError> {
    let Some(part) = facts.part(stream, record)? else {
        return Ok(Seen::default());
    };
    let unknown = asked.map_or_else(BTreeSet::new, |asked| facts.since(stream, record, asked));
    if unknown.is_empty() && part.heads.len() <= MAX_DEPS {
        let heads = part.heads.clone();
        return Ok(Seen {
            heads,
            part: Some(part),
        });
    }
    let heads = if unknown.is_empty() {
        part.heads
    } else {
        heads_without(&facts.history(stream, record)?, &unknown)
    };
    at(
        facts,
        stream,
        record,
        heads.into_iter().take(MAX_DEPS).collect(),
    )
}

/// The newest of the entries that are not among some that came after all of them.
fn heads_without(entries: &[Entry], unknown: &BTreeSet<EntryRef>) -> Vec<EntryRef> {
    let known = || entries.iter().filter(|e| !unknown.contains(&e.id()));
    let covered: BTreeSet<EntryRef> = known()
        .flat_map(|e| e.header.deps().iter().copied())
        .collect();
    let heads: BTreeSet<EntryRef> = known()
        .map(Entry::id)
        .filter(|id| !covered.contains(id))
        .collect();
    heads.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridfold_sync_core::ids::IncarnationId;

    #[test]
    fn heads_read_what_they_show_and_nothing_else() {
        let id = |n| EntryRef {
            incarnation: IncarnationId::from_bytes([n; 16]),
            seq: u64::from(n),
        };
        let heads = Heads(BTreeMap::from([
            (SensitivityClass::General, vec![id(1), id(2)]),
            (SensitivityClass::Personal, Vec::new()),
        ]));
        assert_eq!(Heads::parse(&heads.to_string()), Some(heads.clone()));
        let text = heads.to_string();
        for bad in ["", "0", "3=", "0=x", "0=;0=", &text.replace(';', "&")] {
            assert_eq!(Heads::parse(bad), None, "{bad}");
        }
    }
}
