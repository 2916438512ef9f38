//! A deadline as a catalogue gives it, and what it comes to.

use serde::{Deserialize, Serialize};

use crate::limits::{
    MAX_DEADLINE_DAYS, MAX_DEADLINE_HOURS, MAX_DEADLINE_WORKING_DAYS, MAX_DEADLINE_WORKING_HOURS,
};
use crate::time::Timestamp;

/// What a deadline counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Hours in which is worked.
    WorkingHours,
    /// Days that are worked; the day of the report does not count, and the last ends when work ends.
    WorkingDays,
    /// Hours, whatever is worked.
    Hours,
    /// Days, whatever is worked; the day of the report does not count, and the last ends with its last second.
    Days,
    /// What a newer build knows and this one does not.
    #[serde(untagged)]
    Other(String),
}

impl Unit {
    /// Those that this build knows, with their words.
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::WorkingHours, "working_hours"),
        (Self::WorkingDays, "working_days"),
        (Self::Hours, "hours"),
        (Self::Days, "days"),
    ];

    /// Its stable word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::WorkingHours => "working_hours",
            Self::WorkingDays => "working_days",
            Self::Hours => "hours",
            Self::Days => "days",
            Self::Other(word) => word,
        }
    }

    /// The most that can be given of it; nothing of one that is not known.
    #[must_use]
    pub fn most(&self) -> u32 {
        match self {
            Self::WorkingHours => MAX_DEADLINE_WORKING_HOURS,
            Self::WorkingDays => MAX_DEADLINE_WORKING_DAYS,
            Self::Hours => MAX_DEADLINE_HOURS,
            Self::Days => MAX_DEADLINE_DAYS,
            Self::Other(_) => 0,
        }
    }

    /// Whether it counts what is worked.
    #[must_use]
    pub fn is_of_work(&self) -> bool {
        matches!(self, Self::WorkingHours | Self::WorkingDays)
    }
}

/// So many of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// How many.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
}

impl Deadline {
    /// Whether it can be meant.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        (1..=self.unit.most()).contains(&self.amount)
    }
}

/// What a deadline comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When it ends.
    pub at: Timestamp,
    /// When it is time to warn; none without a warning.
    pub warn_at: Option<Timestamp>,
    /// Whether it stands on a year whose arrangement is not known: it was counted by weekdays and the organisation's
    /// own days, and may be another once the year is announced.
    pub provisional: bool,
}
