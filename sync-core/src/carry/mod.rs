//! Carry bundles: entries sealed into bytes that another phone, a USB stick or a QR sequence takes
//! to the server, and the receipt that comes back.
//!
//! What enters: device logs as a push would bring them, the keys of who may open them, and random
//! bytes. What leaves: a [`Bundle`], a [`CarryBody`] whose author's signatures were verified, a
//! [`CarryReceipt`]. What never happens here: trusting a carrier. Whoever carries can lose, repeat
//! or withhold a bundle; they can neither read one sealed to the server nor change a bit of it, and
//! a body they make up themselves does not verify as another device's.
//!
//! The layout is pinned by golden bytes in `tests/golden/` and described in `docs/PROTOCOL.md`; why
//! it is sealed as it is says `docs/adr/0008-carry-bundles-sealed-with-hpke.md`.

mod body;
mod bundle;
mod logs;
mod receipt;
mod sealing;

pub use body::{CarryBody, LogEnd};
pub use bundle::{Bundle, CarryFile, CarryKind};
pub use logs::CarriedLog;
pub use receipt::CarryReceipt;

use crate::codec::DecodeError;

/// The first bytes of every bundle and receipt.
pub const CARRY_MAGIC: &[u8; 7] = b"GFCARRY";
/// Version of bundles and receipts, the byte after [`CARRY_MAGIC`].
pub const CARRY_VERSION: u8 = 1;
/// Kind of a receipt; bundles have those of [`CarryKind`].
const RECEIPT: u8 = 3;

macro_rules! carry_errors {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal;)*) => {
        /// Why a bundle or receipt was not made, not taken or not delivered. Codes are stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
        pub enum CarryError {
            $($(#[doc = $doc])* #[error($text)] $name,)*
        }
        impl CarryError {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];
            /// The stable code.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

carry_errors! {
    /// The bytes are no bundle or receipt, or not the ones that were made.
    Damaged = "carry_damaged";
    /// It is of a version that this build does not know.
    UnknownVersion = "carry_unknown_version";
    /// It is sealed to others.
    NotForUs = "carry_not_for_us";
    /// Its author's device is not known here.
    AuthorUnknown = "carry_author_unknown";
    /// Its author's device or user may no longer sync.
    AuthorRevoked = "carry_author_revoked";
    /// Its entries are not signed by the device that it names.
    BadSignature = "carry_bad_signature";
    /// A receipt that the server did not sign.
    BadReceipt = "carry_bad_receipt";
    /// There is nothing to carry.
    Nothing = "carry_nothing";
    /// Nobody could open it.
    Nobody = "carry_nobody";
    /// It is larger than a bundle may be.
    TooLarge = "carry_too_large";
    /// The phone carries as much as it may.
    Full = "carry_full";
}

impl From<DecodeError> for CarryError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::UnknownVersion => Self::UnknownVersion,
            _ => Self::Damaged,
        }
    }
}
