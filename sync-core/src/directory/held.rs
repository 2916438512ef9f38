//! What a device held, and what it said of it when it erased it.
//!
//! What enters: the word of a device. What leaves: when it erased what. What never happens here:
//! keeping a word on what the device cannot have held. Its own grants bound what it makes the
//! directory keep, also of what stands in a log from before that was asked.

use crate::directory::Directory;
use crate::ids::{DeviceId, StreamId, UserId};
use crate::time::Timestamp;

impl Directory {
    /// Whether a phone of this user can have held a stream: a grant of theirs, that runs or ran,
    /// let them read it where its grid lies or lay.
    #[must_use]
    pub fn may_have_held(&self, user: UserId, stream: &StreamId, now: Timestamp) -> bool {
        if !self.is_grid(&stream.grid) {
            return false;
        }
        let parent = |code: &_| self.areas.get(code)?.parent.as_ref();
        let lay = self.moves.lay_in(&stream.grid, parent);
        self.grants_of(user)
            .filter(|g| g.from <= now && g.role.readable().contains(&stream.class))
            .any(|g| match &g.area {
                None => true,
                Some(outer) => lay.iter().any(|l| {
                    l.area == *outer && g.from <= l.until && g.until.is_none_or(|end| l.from <= end)
                }),
            })
    }

    /// When a device said that it erased a stream.
    #[must_use]
    pub fn stream_erased(&self, device: DeviceId, stream: &str) -> Option<Timestamp> {
        self.erased_streams
            .get(&(device, stream.to_owned()))
            .copied()
    }

    /// When a device last said that it erased a stream.
    #[must_use]
    pub fn last_erased(&self, device: DeviceId) -> Option<Timestamp> {
        self.erased_streams
            .from((device, String::new()))
            .take_while(|((of, _), _)| *of == device)
            .map(|(_, at)| *at)
            .max()
    }

    pub(super) fn stream_was_erased(&mut self, device: DeviceId, stream: String, at: Timestamp) {
        let user = self.devices.get(&device).map(|d| d.user);
        let held = user.zip(StreamId::parse(&stream));
        if held.is_some_and(|(user, stream)| self.may_have_held(user, &stream, at)) {
            self.erased_streams.insert((device, stream), at);
        }
    }
}
