//! Browsers that an account is known to use: a signed word that a browser keeps after a sign-in, so that strangers who fail under the same name, or at the same address, do not hold it back.
//!
//! What enters: what a browser sends, the account it wants to sign in to. What leaves: whether the two belong together. What never happens here: letting anybody in, and a store: the server keeps no list of browsers.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::server_key::ServerKey;
use crate::keys::secret::{NoRandomness, random, redacted};

/// How long a browser stays known without a sign-in.
pub const KNOWN_BROWSER_MS: i64 = 180 * 24 * 60 * 60 * 1_000;

const LABEL: &[u8] = b"gridfold/known-browser/1";
const BODY_BYTES: usize = 16 + 16 + 8 + 8;
const SIGNATURE_BYTES: usize = 64;

/// What a browser keeps. Wiped when dropped.
pub struct KnownBrowser(Zeroizing<String>);
redacted!(KnownBrowser);

impl KnownBrowser {
    /// The text to send.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A browser whose word is the server's own. Whether it is that of the account is seen by the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Whose account was signed in to.
    pub user: Uuid,
    /// Tells one browser from another, and nothing else of it.
    pub browser: [u8; 16],
    /// When the account's password had been set.
    pub password_set_ms: i64,
}

fn message(body: &[u8]) -> Vec<u8> {
    [LABEL, body].concat()
}

/// Makes a browser known after a sign-in; one that was known stays the same one.
pub(crate) fn make(
    key: &ServerKey,
    user: Uuid,
    password_set_ms: i64,
    before: Option<Known>,
    now_ms: i64,
) -> Result<KnownBrowser, NoRandomness> {
    let browser = match before {
        Some(known) if known.user == user => known.browser,
        _ => random()?,
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(BODY_BYTES + SIGNATURE_BYTES));
    bytes.extend_from_slice(user.as_bytes());
    bytes.extend_from_slice(&browser);
    bytes.extend_from_slice(&password_set_ms.to_be_bytes());
    bytes.extend_from_slice(&now_ms.to_be_bytes());
    let signature = key.sign(&message(&bytes));
    bytes.extend_from_slice(&signature);
    Ok(KnownBrowser(Zeroizing::new(
        URL_SAFE_NO_PAD.encode(&*bytes),
    )))
}

/// Reads what a browser sends; nothing when the server did not sign it or it is too old.
pub(crate) fn read(key: &ServerKey, text: &str, now_ms: i64) -> Option<Known> {
    if text.len() != ((BODY_BYTES + SIGNATURE_BYTES) * 4).div_ceil(3) {
        return None;
    }
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text).ok()?);
    let (body, signature) = bytes.split_first_chunk::<BODY_BYTES>()?;
    let signature = Signature::from_bytes(signature.try_into().ok()?);
    VerifyingKey::from_bytes(&key.public())
        .ok()?
        .verify_strict(&message(body), &signature)
        .ok()?;
    let (user, rest) = body.split_first_chunk::<16>()?;
    let (browser, rest) = rest.split_first_chunk::<16>()?;
    let (password_set, made) = rest.split_first_chunk::<8>()?;
    let made_ms = i64::from_be_bytes(*made.first_chunk()?);
    (now_ms.saturating_sub(made_ms) < KNOWN_BROWSER_MS).then(|| Known {
        user: Uuid::from_bytes(*user),
        browser: *browser,
        password_set_ms: i64::from_be_bytes(*password_set),
    })
}
