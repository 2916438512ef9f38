//! Whose moment, place and chance an expression is reckoned with.

use crate::calendar::Zone;
use crate::time::Timestamp;

/// Whose moment, place and chance an expression is reckoned with.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The moment.
    pub now: Timestamp,
    /// The zone that days and times are read in.
    pub zone: Zone,
    /// Bytes nobody can guess, new each time, for `uuid()` and `random()`.
    pub chance: [u8; 16],
}
