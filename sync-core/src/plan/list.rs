//! What is due, in the order in which whoever goes out wants it: by need, by time, by distance.

use super::every::Period;
use super::made::Subject;
use crate::ids::{AreaCode, PlanCode, RecordId};
use crate::time::Timestamp;

/// The mean radius of the earth in metres.
const EARTH_M: f64 = 6_371_008.8;
const E7: f64 = 1e7;

/// A place on the ground: latitude and longitude × 10⁷.
pub type Ground = (i32, i32);

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DueOrder {
    /// The most urgent first; among them who waits longest, those never visited before all others.
    #[default]
    Need,
    /// What is due first first.
    Time,
    /// The nearest first; what has no place comes last.
    Distance,
}

impl DueOrder {
    /// All, with their words.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::Need, "need"),
        (Self::Time, "time"),
        (Self::Distance, "distance"),
    ];

    /// The order with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, known)| *known == word);
        found.map(|(order, _)| *order)
    }
}

/// One thing that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueItem {
    /// The id of the task that is or will be made for it.
    pub record: RecordId,
    /// Whether that task is there.
    pub made: bool,
    /// The plan.
    pub plan: PlanCode,
    /// Its period.
    pub period: Period,
    /// What it is about.
    pub subject: Subject,
    /// The grid.
    pub grid: AreaCode,
    /// When it is due.
    pub due: Timestamp,
    /// How urgent: the place of its priority among those of the form, the least first; 0 where it says none.
    pub rank: u32,
    /// When the record was last seen to, as far as is known here.
    pub last: Option<Timestamp>,
    /// Where it is.
    pub place: Option<Ground>,
    /// How far from where was asked, in metres.
    pub distance_m: Option<u32>,
    /// Who is to do it, by the id or name that its task or plan says.
    pub doer: Option<String>,
}

impl DueItem {
    /// Whether its time has passed.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.due < now
    }

    /// Puts items into an order. Equal ones stand by their ids, so that pages of a list fit together.
    pub fn sort(items: &mut [Self], order: DueOrder) {
        items.sort_by(|a, b| {
            let need = || (b.rank, a.last, a.due).cmp(&(a.rank, b.last, b.due));
            let time = || (a.due, b.rank).cmp(&(b.due, a.rank));
            let far = |item: &Self| item.distance_m.unwrap_or(u32::MAX);
            let by = match order {
                DueOrder::Need => need(),
                DueOrder::Time => time(),
                DueOrder::Distance => far(a).cmp(&far(b)).then_with(time),
            };
            by.then_with(|| a.record.cmp(&b.record))
        });
    }
}

/// How far two places are apart over the ground, in metres.
#[must_use]
pub fn distance_m(from: Ground, to: Ground) -> u32 {
    let radians = |e7: i32| (f64::from(e7) / E7).to_radians();
    let (lat, other) = (radians(from.0), radians(to.0));
    let up = ((other - lat) / 2.0).sin();
    let across = ((radians(to.1) - radians(from.1)) / 2.0).sin();
    let chord = up * up + lat.cos() * other.cos() * across * across;
    let metres = 2.0 * EARTH_M * chord.clamp(0.0, 1.0).sqrt().asin();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no two places are farther apart than half around the earth"
    )]
    let metres = metres.round() as u32;
    metres
}
