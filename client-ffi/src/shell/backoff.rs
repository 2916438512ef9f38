//! How long a phone waits before it tries again.

use std::time::Duration;

/// The wait after so many failures that came one after the other: it doubles up to the most, half of
/// it is fixed and half is chance, so that phones do not come back together.
pub(crate) fn wait_after(failures: u32, first: Duration, most: Duration, chance: u64) -> Duration {
    let doubled = 1u32.checked_shl(failures.min(31)).unwrap_or(u32::MAX);
    let wait = first.saturating_mul(doubled).min(most);
    let half = u64::try_from(wait.as_millis() / 2).unwrap_or(u64::MAX / 2);
    Duration::from_millis(half.saturating_add(chance % (half + 1)))
}
