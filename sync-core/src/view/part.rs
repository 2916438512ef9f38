//! The row of one record in one sensitivity class.

use std::collections::BTreeMap;

use crate::edit::Value;
use crate::ids::{ActionKey, ChoiceKey, EntryRef, FieldKey, FormCode, IncarnationId, ItemKey};

/// One value of a field and the entry that set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The value.
    pub value: Value,
    /// The entry that set it.
    pub by: EntryRef,
}

/// One item of a repeated group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item {
    /// Whether the item is there; a removed item keeps its members, so that an edit made
    /// concurrently brings it back whole.
    pub present: bool,
    /// Its members; the first candidate of each is the one shown.
    pub members: BTreeMap<FieldKey, Vec<Candidate>>,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// One value; more than one candidate is a conflict, the first is the one shown.
    Register(Vec<Candidate>),
    /// A text of which parts merge by character.
    Text {
        /// The text that all changes make together: what positions of a splice count in.
        text: String,
        /// The newest entries that changed it.
        by: Vec<EntryRef>,
        /// When it was set whole beside other changes: each side's text, the one shown first; else
        /// empty. What is set whole beside anything else is chosen from, never put together.
        sides: Vec<Candidate>,
    },
    /// Chosen choices, each with an entry that chose it.
    Choices(BTreeMap<ChoiceKey, EntryRef>),
    /// Items by key.
    Group(BTreeMap<ItemKey, Item>),
    /// A sum.
    Counter {
        /// The sum.
        value: i64,
        /// The newest entries that moved it.
        by: Vec<EntryRef>,
    },
}

impl Cell {
    /// The text that is shown of a long text; empty for anything else.
    #[must_use]
    pub fn shown_text(&self) -> &str {
        match self {
            Self::Text { text, sides, .. } => match sides.first().map(|side| &side.value) {
                Some(Value::Text(side)) => side,
                _ => text,
            },
            _ => "",
        }
    }
}

/// One transition of the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransitionMade {
    /// The entry that made it.
    pub by: EntryRef,
    /// Its place among the operations of that entry.
    pub index: u32,
    /// Which transition.
    pub action: ActionKey,
    /// What the doer said.
    pub note: String,
    /// The transitions it was made after: the newest its author knew, as (entry, index), sorted.
    pub after: Vec<(EntryRef, u32)>,
}

/// One record in one sensitivity class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartState {
    /// The record's form.
    pub form: FormCode,
    /// Highest form version an entry was made with.
    pub form_version: u32,
    /// Entries nothing was made after, sorted.
    pub heads: Vec<EntryRef>,
    /// Entries folded in.
    pub entries: u32,
    /// Operations folded in.
    pub ops: u32,
    /// Entries that were not made at the heads of their time.
    pub forks: u32,
    /// What was ever written, as [`crate::edit::Op::weight`] counts it.
    pub weight: u64,
    /// The newest entry of each device log folded in.
    pub authors: BTreeMap<IncarnationId, u64>,
    /// Fields by key. Choices, groups and counters never conflict.
    pub fields: BTreeMap<FieldKey, Cell>,
    /// What was said of its deletion; [`PartState::deletion`] has it with what was written beside it.
    pub deleted: Vec<Candidate>,
    /// Entries written beside a deletion or a step that their authors did not know of, and that
    /// nobody has deleted, restored or taken a step after; sorted.
    pub beside: Vec<EntryRef>,
    /// All transitions, sorted by entry and index.
    pub transitions: Vec<TransitionMade>,
}

impl PartState {
    /// A record before its first entry.
    #[must_use]
    pub fn new(form: FormCode) -> Self {
        Self {
            form,
            form_version: 0,
            heads: Vec::new(),
            entries: 0,
            ops: 0,
            forks: 0,
            weight: 0,
            authors: BTreeMap::new(),
            fields: BTreeMap::new(),
            deleted: Vec::new(),
            beside: Vec::new(),
            transitions: Vec::new(),
        }
    }

    /// The value shown of a field that holds one.
    #[must_use]
    pub fn value(&self, field: &str) -> Option<&Value> {
        match self.fields.get(field) {
            Some(Cell::Register(candidates)) => candidates.first().map(|c| &c.value),
            _ => None,
        }
    }

    /// The text of a long text field that positions count in; empty when it has none.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        match self.fields.get(field) {
            Some(Cell::Text { text, .. }) => text,
            _ => "",
        }
    }

    /// The text of a long text field that is shown; empty when it has none.
    #[must_use]
    pub fn shown_text(&self, field: &str) -> &str {
        self.fields.get(field).map_or("", Cell::shown_text)
    }

    /// Whether the record is marked as deleted, and nothing was written that whoever deleted it did
    /// not know of: what somebody adds to a record beside its deletion keeps it there.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.beside.is_empty() && says_deleted(&self.deleted)
    }

    /// Whether the record is there or deleted, the side that holds first; of more than one value a
    /// person chooses. What was written beside a deletion says that the record is there.
    #[must_use]
    pub fn deletion(&self) -> Vec<Candidate> {
        let kept = self.beside.last().filter(|_| says_deleted(&self.deleted));
        let kept = kept.map(|by| Candidate {
            value: Value::Boolean(false),
            by: *by,
        });
        kept.into_iter().chain(self.deleted.clone()).collect()
    }

    /// The fields, and members of items, that hold more than one value, with all of them.
    pub fn conflicts(&self) -> impl Iterator<Item = (FieldPath<'_>, &[Candidate])> {
        self.fields.iter().flat_map(|(field, cell)| {
            let mut found = Vec::new();
            match cell {
                Cell::Register(candidates)
                | Cell::Text {
                    sides: candidates, ..
                } if differ(candidates) => {
                    found.push((FieldPath { field, item: None }, candidates.as_slice()));
                }
                Cell::Group(items) => {
                    for (key, item) in items {
                        for (member, candidates) in &item.members {
                            if item.present && differ(candidates) {
                                found.push((
                                    FieldPath {
                                        field,
                                        item: Some((key, member)),
                                    },
                                    candidates.as_slice(),
                                ));
                            }
                        }
                    }
                }
                Cell::Register(_) | Cell::Text { .. } | Cell::Choices(_) | Cell::Counter { .. } => {
                }
            }
            found
        })
    }

    /// Bytes of text held, for the limit on one record.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        let candidates = |cs: &Vec<Candidate>| -> usize {
            cs.iter()
                .map(|c| {
                    if let Value::Text(t) = &c.value {
                        t.len()
                    } else {
                        8
                    }
                })
                .sum()
        };
        self.fields
            .values()
            .map(|cell| match cell {
                Cell::Register(cs) => candidates(cs),
                Cell::Text { text, sides, .. } => text.len() + candidates(sides),
                Cell::Choices(map) => map.len() * 32,
                Cell::Group(items) => items
                    .values()
                    .map(|i| 32 + i.members.values().map(candidates).sum::<usize>())
                    .sum(),
                Cell::Counter { .. } => 8,
            })
            .sum::<usize>()
            + self
                .transitions
                .iter()
                .map(|t| t.note.len() + 64)
                .sum::<usize>()
    }
}

fn says_deleted(deleted: &[Candidate]) -> bool {
    deleted
        .first()
        .is_some_and(|c| c.value == Value::Boolean(true))
}

/// Whether there is something to choose: two people who set the same value are of one mind.
#[must_use]
pub fn differ(candidates: &[Candidate]) -> bool {
    candidates.iter().any(|c| c.value != candidates[0].value)
}

/// Where in a record a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldPath<'a> {
    /// The field.
    pub field: &'a FieldKey,
    /// The item and member, inside a repeated group.
    pub item: Option<(&'a ItemKey, &'a FieldKey)>,
}

impl std::fmt::Display for FieldPath<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.item {
            None => write!(f, "{}", self.field),
            Some((item, member)) => write!(f, "{}/{item}/{member}", self.field),
        }
    }
}
