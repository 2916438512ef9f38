//! Debts: what a phone still has to give back to a server that was restored.
//!
//! What enters: how far the phone's chain of a stream goes, and what the server answers to cursors
//! on it. What leaves: the cursor to ask with next, and from where on the server lacks what the
//! phone holds. What never happens here: reading a chain; only places are counted.

use serde::{Deserialize, Serialize};

/// What is owed of one stream, in one epoch of the server's log.
///
/// Until it is paid, nothing else is decided about the stream: no page of it is taken, nothing is
/// pushed to it, and it is not erased. The phone's chain is the proof of what it gives back.
///
/// The place that both chains hold is found by asking: a cursor that is on the server's log gets a
/// page or nothing, any other one a reset. First ever further back, then by halves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debt {
    /// The chains are the same up to here.
    low: u64,
    /// They are not the same past here.
    high: u64,
    /// How far back the next question goes; 0 once it goes by halves.
    step: u64,
    /// Runs were given up to here.
    given: u64,
}

impl Debt {
    /// Nothing is known yet of a chain that goes up to here.
    #[must_use]
    pub fn whole(here: u64) -> Self {
        Self {
            low: 0,
            high: here,
            step: 1,
            given: 0,
        }
    }

    /// The chains are the same up to this place and no further.
    #[must_use]
    pub fn after(common: u64) -> Self {
        Self {
            low: common,
            high: common,
            step: 0,
            given: 0,
        }
    }

    /// The chains are known to part before this place.
    #[must_use]
    pub fn parted_before(mut self, place: u64) -> Self {
        self.high = self.high.min(place.saturating_sub(1)).max(self.low);
        self
    }

    /// The place to ask about next.
    #[must_use]
    pub fn probe(&self) -> u64 {
        if self.low == self.high {
            self.low
        } else if self.step > 0 {
            let back = self.high.saturating_add(1).saturating_sub(self.step);
            back.max(self.low + 1)
        } else {
            self.low + (self.high - self.low).div_ceil(2)
        }
    }

    /// Takes in whether that place is on the server's log.
    pub fn answered(&mut self, on_log: bool) {
        let asked = self.probe();
        match (on_log, self.low == self.high) {
            (true, true) => {}
            (true, false) => {
                self.low = asked;
                self.step = 0;
            }
            // It went back once more: all is open again below.
            (false, true) => {
                self.low = 0;
                self.high = asked.saturating_sub(1);
                self.step = 1;
            }
            (false, false) => {
                self.high = asked - 1;
                self.step = self.step.saturating_mul(2);
            }
        }
    }

    /// The place up to which both are the same, once it is known.
    #[must_use]
    pub fn common(&self) -> Option<u64> {
        (self.low == self.high).then_some(self.low)
    }

    /// Up to where runs were given.
    #[must_use]
    pub fn given(&self) -> u64 {
        self.given
    }

    /// A run up to this place was taken. What follows it is given next, and where the chains are
    /// the same by now is asked anew.
    pub fn gave(&mut self, upto: u64) {
        self.given = self.given.max(upto);
        self.high = self.given.max(self.low);
        self.step = 1;
    }
}
