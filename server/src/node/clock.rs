//! What a node does about its clock: notes the time it goes by, says when it doubts the machine's, and follows it when an administrator says that it is right.

use gridfold_sync_core::directory::{Directory, DirectoryChange, Grant};
use gridfold_sync_core::time::Timestamp;

use super::Node;
use crate::auth::Actor;
use crate::clock::ClockReading;
use crate::directory::DirectoryError;
use crate::keys::StoreError;

/// Why a clock was not confirmed. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// The accounts could not be changed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory could not be changed.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

impl Node {
    /// What the clocks say. A simulated clock is right by definition.
    #[must_use]
    pub fn clock_reading(&self) -> ClockReading {
        match &self.guard {
            Some(guard) => guard.read(),
            None => {
                let now = self.clock.now();
                ClockReading {
                    now,
                    machine: now,
                    doubt: None,
                }
            }
        }
    }

    /// Writes down the time gone by, and says in the log when it is not the machine's. A failure is tried again the next time.
    pub fn note_clock(&self) {
        if self.guard.is_none() {
            return;
        }
        let reading = self.clock_reading();
        if let Some(doubt) = reading.doubt {
            tracing::error!(
                clock = doubt.as_str(),
                machine = %reading.machine.to_rfc3339(),
                going_by = %reading.now.to_rfc3339(),
                "the machine's clock is not believed: nothing expires, is refused or erased by it. Set it right, or confirm it in the dashboard or with `gridfold clock --confirm`"
            );
        }
        if let Err(error) = self.auth.clock.note(reading.now.millis()) {
            tracing::warn!(%error, "the time could not be noted");
        }
    }

    /// Goes by the machine's clock from now on. Does nothing when it is not doubted.
    ///
    /// Where that takes time back, grants that have begun stay begun and those that have ended stay ended.
    ///
    /// # Errors
    /// [`ConfirmError`].
    pub fn confirm_clock(&self, by: Actor) -> Result<ClockReading, ConfirmError> {
        let reading = self.clock_reading();
        if let (Some(guard), Some(_)) = (&self.guard, reading.doubt) {
            let directory = self.directory.current();
            self.directory
                .change(taken_back(&directory, reading.now, reading.machine))?;
            self.auth
                .clock
                .confirmed(by, reading.now.millis(), reading.machine.millis())?;
            guard.believe();
        }
        Ok(self.clock_reading())
    }
}

/// The grants whose beginning or end lies between the new time and the old one.
fn taken_back(directory: &Directory, before: Timestamp, now: Timestamp) -> Vec<DirectoryChange> {
    let passed = |at: Timestamp| now < at && at <= before;
    let mut changes = Vec::new();
    for user in directory.users() {
        for grant in directory.grants_of(user.id) {
            if passed(grant.from) || grant.until.is_some_and(passed) {
                changes.push(DirectoryChange::Grant {
                    grant: Grant {
                        from: if passed(grant.from) { now } else { grant.from },
                        until: grant
                            .until
                            .map(|until| if passed(until) { now } else { until }),
                        ..grant.clone()
                    },
                });
            }
        }
    }
    changes
}
