//! Redrawings: grids that are given to others, split and merged, as one act with a date.
//!
//! What enters: what is to be done, line by line, and how far it came. What leaves: the redrawings there were, and
//! what of each is not done yet. What never happens here: the moving; records move by entries like any other, and a
//! redrawing that was cut off goes on with the lines that are not done.

use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::directory::parts::Parts;
use crate::ids::{AreaCode, DeviceId, GrantId, RecordId, RedrawId, UserId};
use crate::time::Timestamp;

/// What is done to a grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedrawAct {
    /// It goes from one worker to another as it is.
    Hand,
    /// A part of its records goes to another grid.
    Split,
    /// All of its records go to another grid, and it is retired.
    Merge,
}

impl RedrawAct {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Hand, Self::Split, Self::Merge];

    /// Its stable name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::Split => "split",
            Self::Merge => "merge",
        }
    }

    /// Reads its name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == text)
    }
}

/// Which records of a grid go to another; what belongs to them goes along.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedrawPart {
    /// All of them.
    All,
    /// Those that are named, in steps of their own.
    Named,
    /// Those inside a polygon, its corners as longitude and latitude.
    Within(Vec<(f64, f64)>),
    /// Those in a text of which these words are.
    Words(String),
}

/// A grant that ends with the redrawing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantEnd {
    /// The grant.
    pub grant: GrantId,
    /// Until when it ran before; none while it had no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Timestamp>,
}

/// One line of a redrawing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RedrawLine {
    /// What is done.
    pub act: RedrawAct,
    /// The grid.
    pub from: AreaCode,
    /// Where its records go; none when they stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<AreaCode>,
    /// Which records.
    pub part: RedrawPart,
    /// The records that are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<RecordId>,
    /// Whose work it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_user: Option<UserId>,
    /// Whose it is from then on: the open tasks go to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_user: Option<UserId>,
    /// Grants that were given with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<GrantId>,
    /// Grants that end with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<GrantEnd>,
}

impl RedrawLine {
    /// The grid in which the records are afterwards.
    #[must_use]
    pub fn target(&self) -> &AreaCode {
        self.to.as_ref().unwrap_or(&self.from)
    }
}

/// What became of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedrawOutcome {
    /// Records that are in the other grid since.
    pub moved: u64,
    /// Open work that is another's since.
    pub handed: u64,
    /// Records that stay where they were.
    pub left: u64,
    /// The first of them, with the code that says why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<(RecordId, String)>,
}

/// A word on one redrawing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum RedrawStep {
    /// It is to be.
    Planned {
        /// Who wants it.
        by: UserId,
        /// The console under which its edits are made.
        device: DeviceId,
        /// When that was said.
        at: Timestamp,
        /// From when it holds.
        from: Timestamp,
        /// How many lines follow.
        lines: u32,
    },
    /// One line of it, in their order.
    Line {
        /// The line.
        line: RedrawLine,
    },
    /// More records that its last line names.
    Named {
        /// The records.
        records: Vec<RecordId>,
    },
    /// A line is done, the first that was not.
    Done {
        /// With what.
        outcome: RedrawOutcome,
    },
    /// All lines are done.
    Ended {
        /// When.
        at: Timestamp,
    },
    /// What of it is not done is not wanted any more.
    Stopped {
        /// By whom.
        by: UserId,
        /// When.
        at: Timestamp,
    },
}

/// One redrawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Redraw {
    /// Its id.
    pub id: RedrawId,
    /// Who wants it.
    pub by: UserId,
    /// The console under which its edits are made.
    pub device: DeviceId,
    /// When that was said.
    pub at: Timestamp,
    /// From when it holds.
    pub from: Timestamp,
    /// Its lines.
    pub lines: Vec<RedrawLine>,
    /// What became of the first of them.
    pub done: Vec<RedrawOutcome>,
    /// When all were done.
    pub ended: Option<Timestamp>,
    /// Who stopped it, and when.
    pub stopped: Option<(UserId, Timestamp)>,
    expected: u32,
}

impl Redraw {
    /// Whether something of it is still to be done.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.ended.is_none() && self.stopped.is_none() && self.expected as usize == self.lines.len()
    }
}

/// The redrawings there were.
#[derive(Debug, Clone, Default)]
pub(super) struct Redraws(Parts<RedrawId, Redraw>);

impl Redraws {
    /// Folds in a word. What does not fit changes nothing.
    pub(super) fn step(&mut self, id: RedrawId, step: RedrawStep) {
        if let RedrawStep::Planned {
            by,
            device,
            at,
            from,
            lines,
        } = step
        {
            self.0.entry(id, || Redraw {
                id,
                by,
                device,
                at,
                from,
                lines: Vec::new(),
                done: Vec::new(),
                ended: None,
                stopped: None,
                expected: lines,
            });
            return;
        }
        let Some(mut redraw) = self.0.get(&id).cloned() else {
            return;
        };
        match step {
            RedrawStep::Planned { .. } => {}
            RedrawStep::Line { line } => redraw.lines.push(line),
            RedrawStep::Named { records } => {
                if let Some(line) = redraw.lines.last_mut() {
                    line.records.extend(records);
                }
            }
            RedrawStep::Done { outcome } => {
                if redraw.done.len() < redraw.lines.len() {
                    redraw.done.push(outcome);
                }
            }
            // Of two ends the first stands.
            RedrawStep::Ended { at } if redraw.stopped.is_none() => {
                redraw.ended.get_or_insert(at);
            }
            RedrawStep::Stopped { by, at } if redraw.ended.is_none() => {
                redraw.stopped.get_or_insert((by, at));
            }
            RedrawStep::Ended { .. } | RedrawStep::Stopped { .. } => {}
        }
        self.0.insert(id, redraw);
    }
}

impl Directory {
    /// One redrawing.
    #[must_use]
    pub fn redraw(&self, id: &RedrawId) -> Option<&Redraw> {
        self.redraws.0.get(id)
    }

    /// The redrawings there were, by id, which is in the order of their time.
    pub fn redraws(&self) -> impl Iterator<Item = &Redraw> {
        self.redraws.0.values()
    }
}
