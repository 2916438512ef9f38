//! Push: phones whose owner asked for it are told that there is new work, also while the app is closed.
//!
//! What enters: what was admitted, after its answer, by a line that is full before anybody waits for it. What leaves:
//! at most one message a phone and minute to the push service of its browser, which holds nothing but that there is
//! news. What never happens here: a word of a record or a person, a request to a host that is no push service, or
//! anything that somebody relies on: a message that is lost is made good by the next sync.

mod address;
mod message;
mod news;
mod post;
mod sender;

pub use address::{AddressError, check_address};
pub(crate) use news::{Herald, News};
pub use sender::Push;
pub(crate) use sender::PushParts;
