//! What only phones in a browser meet: their process or the power ends between any two calls to
//! their files.

use rand::RngExt;

use super::place::{Place, some_loss};
use super::run::World;

/// Calls to files within which a phone dies, at most: those of an edit, and of most syncs.
const EDIT_CALLS: u64 = 45;
const SYNC_CALLS: u64 = 120;

impl World {
    /// A phone in a browser will be cut off in what it does next, if that takes so long; tells
    /// whether it is in one.
    pub(super) fn dies_soon(&self, at: usize) -> bool {
        self.net
            .calls_are_of(self.phones[at].place.browser().cloned());
        self.dies_within(at, SYNC_CALLS)
    }

    fn dies_within(&self, at: usize, calls: u64) -> bool {
        let Some(slots) = self.phones[at].place.browser() else {
            return false;
        };
        let mut chance = self.chance();
        slots.cut_after(chance.random_range(0..calls), some_loss(&mut chance));
        true
    }

    /// One edit in six of a phone in a browser may be its last.
    pub(super) fn may_die_in_edit(&self, at: usize) {
        if self.chance().random_range(0..6) == 0 {
            self.dies_within(at, EDIT_CALLS);
        }
    }

    /// What the cut left, if it came to that.
    pub(super) fn left(&mut self, at: usize) -> Option<Place> {
        let left = self.phones[at].place.browser()?.left()?;
        self.out.cuts += 1;
        Some(Place::Browser(left))
    }

    /// A phone died before its edit was acknowledged: the edit is there or it is not, and nobody
    /// may count on it.
    pub(super) fn go_on_after_edit(&mut self, at: usize, left: Place) -> Result<(), String> {
        let name = self.phones[at].name.clone();
        self.say(|| format!("{name} dies before that is acknowledged"));
        let result = self.phones[at].open_at(left);
        result.map_err(|e| format!("{name} does not open after its edit was cut off: {e}"))?;
        self.account(at)
    }

    /// A browser ends while its phone does nothing: closed in order, killed, or without power. What
    /// was acknowledged is there.
    pub(super) fn end_browser(&mut self, at: usize) -> Result<(), String> {
        let name = self.phones[at].name.clone();
        let mut chance = self.chance();
        let loss = (chance.random_range(0..4) > 0).then(|| some_loss(&mut chance));
        self.say(|| format!("the browser of {name} ends: {loss:?}"));
        let phone = &mut self.phones[at];
        let left = match (loss, phone.place.browser()) {
            (Some(loss), Some(slots)) => Some(Place::Browser(slots.cut_now(loss))),
            _ => None,
        };
        let result = match left {
            Some(left) => phone.open_at(left),
            None => phone.reopen(),
        };
        result.map_err(|e| format!("{name} does not open again: {e}"))?;
        self.account(at)
    }
}
