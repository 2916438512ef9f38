//! How far an organisation's clocks are ahead of UTC, as data: what a zone's name means is looked up once, where a
//! calendar is published, so that all who reckon with it reckon alike.

use serde::{Deserialize, Serialize};

use super::day::Day;
use crate::time::Timestamp;

const DAY_MS: i64 = 86_400_000;

/// From when clocks are set otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneChange {
    /// From when.
    pub at: Timestamp,
    /// Seconds that they are ahead of UTC from then on.
    pub seconds: i32,
}

/// The clocks of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// The name of the zone, such as `Asia/Shanghai`.
    pub name: String,
    /// Seconds that its clocks are ahead of UTC before the first change.
    #[serde(default)]
    pub seconds: i32,
    /// When its clocks are set otherwise, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ZoneChange>,
}

impl Zone {
    /// Beijing time, which has known no summer time since 1991.
    #[must_use]
    pub fn china() -> Self {
        Self {
            name: "Asia/Shanghai".to_owned(),
            seconds: 8 * 3_600,
            changes: Vec::new(),
        }
    }

    /// Changes up to and including this moment.
    fn passed(&self, at: Timestamp) -> usize {
        self.changes.partition_point(|change| change.at <= at)
    }

    /// Milliseconds that clocks are ahead after so many changes.
    fn ahead(&self, passed: usize) -> i64 {
        let change = passed
            .checked_sub(1)
            .and_then(|last| self.changes.get(last));
        i64::from(change.map_or(self.seconds, |change| change.seconds)) * 1_000
    }

    /// What clocks show at a moment, in milliseconds of a day counted from 1970-01-01.
    #[must_use]
    pub fn shown(&self, at: Timestamp) -> i64 {
        at.millis().saturating_add(self.ahead(self.passed(at)))
    }

    /// The day that clocks show at a moment; none outside the years that are written, which are 1 to 9999.
    #[must_use]
    pub fn day(&self, at: Timestamp) -> Option<Day> {
        let days = self.shown(at).div_euclid(DAY_MS);
        (-719_162..=2_932_896)
            .contains(&days)
            .then(|| i32::try_from(days).ok().map(Day))
            .flatten()
    }

    /// The first moment at which clocks show that; where they jump over it, as much later as they jump.
    #[must_use]
    pub fn moment(&self, shown: i64) -> Timestamp {
        // No clock is a day ahead or behind.
        let mut passed = self.passed(Timestamp(shown.saturating_sub(DAY_MS)));
        loop {
            let at = Timestamp(shown.saturating_sub(self.ahead(passed)));
            match self.changes.get(passed) {
                Some(next) if next.at <= at => {
                    // Shown only after the change, or jumped over by it.
                    let after = Timestamp(shown.saturating_sub(self.ahead(passed + 1)));
                    if after < next.at {
                        return at;
                    }
                    passed += 1;
                }
                _ => return at,
            }
        }
    }
}
