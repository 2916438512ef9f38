//! Passwords: which are good enough, and their argon2id hashes. Nothing here knows whose password it is.
//!
//! Hashing takes 64 MiB and some hundred milliseconds of one core: call it where blocking is allowed.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use gridfold_sync_core::search::fold_keeping_accents;
use parking_lot::{Condvar, Mutex};
use zeroize::Zeroizing;

use crate::keys::secret::{NoRandomness, random, redacted, same};

/// The shortest password, in characters.
pub const PASSWORD_MIN_CHARS: usize = 12;
/// The longest password, in characters; there only so that nobody sends megabytes.
pub const PASSWORD_MAX_CHARS: usize = 256;
/// Memory of one hash.
pub const ARGON2_MEMORY_KIB: u32 = 64 * 1024;
/// Passes of one hash over its memory.
pub const ARGON2_PASSES: u32 = 3;
/// Lanes of one hash.
pub const ARGON2_LANES: u32 = 1;
/// Hashes that may run at once.
pub const MAX_CONCURRENT_HASHES: usize = 4;
/// Of those, how many may be for callers whom nothing is known of: the rest is kept for people who are known.
pub const MAX_STRANGERS_HASHES: usize = 3;
/// Callers of each kind who wait for a hash; past it they are told to come back.
pub const MAX_WAITING_FOR_HASH: usize = 16;
/// How long a caller waits for a hash at the most, in milliseconds.
pub const MAX_WAIT_FOR_HASH_MS: u64 = 5_000;

/// Fewer different characters than this is a pattern, not a password.
const MIN_DIFFERENT_CHARS: usize = 5;
/// A login shorter than this may occur in a password by chance.
const LOGIN_MIN_CHARS: usize = 4;

static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// A password as typed. Wiped when dropped.
pub struct Password(Zeroizing<String>);
redacted!(Password);

impl Password {
    /// Takes a password over.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    fn too_long(&self) -> bool {
        self.0.len() > PASSWORD_MAX_CHARS * 4 || self.0.chars().count() > PASSWORD_MAX_CHARS
    }
}

/// Why a password is not taken.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short.
    #[error(
        "a password needs at least {PASSWORD_MIN_CHARS} characters; a few words are easy to remember"
    )]
    TooShort,
    /// Too long.
    #[error("a password may have at most {PASSWORD_MAX_CHARS} characters")]
    TooLong,
    /// On the list, or a well-known word with decoration.
    #[error("this password is one of the first that others would try; choose another")]
    TooCommon,
    /// Repeats the login.
    #[error("a password must not contain the login name")]
    ContainsLogin,
    /// Too many hashes under way.
    #[error("the server is busy; try again in a moment")]
    Busy,
    /// The hash could not be computed.
    #[error("the password could not be processed")]
    NotHashed,
    /// No random bytes.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// Whether a password may be chosen by the owner of this login. There are no rules of composition.
///
/// # Errors
/// With the reason, when it may not.
pub fn check_password(password: &Password, login: &str) -> Result<(), PasswordError> {
    if password.too_long() {
        return Err(PasswordError::TooLong);
    }
    if password.0.chars().count() < PASSWORD_MIN_CHARS {
        return Err(PasswordError::TooShort);
    }
    let plain = Zeroizing::new(password.0.to_lowercase());
    let login = fold_keeping_accents(login);
    if login.chars().count() >= LOGIN_MIN_CHARS && plain.contains(&login) {
        return Err(PasswordError::ContainsLogin);
    }
    if is_common(&plain) {
        return Err(PasswordError::TooCommon);
    }
    Ok(())
}

fn is_common(plain: &str) -> bool {
    let letters: Zeroizing<Vec<char>> = Zeroizing::new(plain.chars().collect());
    let different: HashSet<&char> = letters.iter().collect();
    if different.len() < MIN_DIFFERENT_CHARS || is_run(&letters) {
        return true;
    }
    // "p@ssw0rd2024!" is "password" with decoration: undo the decoration, then look it up.
    let read = Zeroizing::new(plain.chars().map(undecorated).collect::<String>());
    let bare = |text: &str| {
        Zeroizing::new(
            text.chars()
                .filter(|c| c.is_alphabetic())
                .collect::<String>(),
        )
    };
    let trimmed = plain.trim_matches(|c: char| !c.is_alphabetic());
    let read_trimmed = Zeroizing::new(trimmed.chars().map(undecorated).collect::<String>());
    [bare(plain), bare(&read), bare(&read_trimmed)]
        .iter()
        .any(|word| is_known_words(word))
}

/// Whether a text is one listed word, or the same or several listed words in a row.
fn is_known_words(text: &str) -> bool {
    if text.is_empty() {
        return true;
    }
    let mut reachable = vec![false; text.len() + 1];
    reachable[0] = true;
    for start in 0..text.len() {
        if reachable[start] && text.is_char_boundary(start) {
            for word in COMMON.iter() {
                if text[start..].starts_with(word) {
                    reachable[start + word.len()] = true;
                }
            }
        }
    }
    // Several words strung together are a fair password; one word, or one repeated, is not.
    reachable[text.len()]
        && COMMON.iter().any(|word| {
            text.len().is_multiple_of(word.len()) && text.len() / word.len() <= 4 && {
                word.repeat(text.len() / word.len()) == text
            }
        })
}

/// Whether nearly every character follows from the one before: 1234…, abcd…, zyxw….
fn is_run(letters: &[char]) -> bool {
    let steps = letters
        .windows(2)
        .filter(|pair| {
            let step = i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
            matches!(step, -1..=1) || (pair[0] == '9' && pair[1] == '0')
        })
        .count();
    steps + 3 >= letters.len()
}

fn undecorated(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// A password's hash and how it was made.
pub(crate) struct StoredHash {
    pub(crate) salt: [u8; 16],
    pub(crate) hash: [u8; 32],
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

impl StoredHash {
    /// What the password of an unknown user is compared with, so that it takes as long.
    pub(crate) fn of_nobody() -> Self {
        Self {
            salt: [0; 16],
            hash: [0; 32],
            memory_kib: ARGON2_MEMORY_KIB,
            passes: ARGON2_PASSES,
            lanes: ARGON2_LANES,
        }
    }
}

/// For whom a hash is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashCaller {
    /// Somebody with a session, or a browser that the account is known to use.
    Known,
    /// Anybody else.
    Stranger,
}

#[derive(Debug, Default)]
struct Running {
    known: usize,
    strangers: usize,
    known_waiting: usize,
    strangers_waiting: usize,
}

impl Running {
    fn has_room(&self, caller: HashCaller) -> bool {
        let all = self.known + self.strangers < MAX_CONCURRENT_HASHES;
        match caller {
            HashCaller::Known => all,
            HashCaller::Stranger => {
                all && self.strangers < MAX_STRANGERS_HASHES && self.known_waiting == 0
            }
        }
    }
    fn waiting(&mut self, caller: HashCaller) -> &mut usize {
        match caller {
            HashCaller::Known => &mut self.known_waiting,
            HashCaller::Stranger => &mut self.strangers_waiting,
        }
    }
    fn under_way(&mut self, caller: HashCaller) -> &mut usize {
        match caller {
            HashCaller::Known => &mut self.known,
            HashCaller::Stranger => &mut self.strangers,
        }
    }
}

/// Computes hashes, few at a time.
#[derive(Debug)]
pub struct Hasher {
    running: Mutex<Running>,
    ended: Condvar,
    max_wait: Duration,
}

impl Default for Hasher {
    fn default() -> Self {
        Self::waiting(Duration::from_millis(MAX_WAIT_FOR_HASH_MS))
    }
}

impl Hasher {
    /// One whose callers wait for at most so long.
    #[must_use]
    pub fn waiting(max_wait: Duration) -> Self {
        Self {
            running: Mutex::default(),
            ended: Condvar::new(),
            max_wait,
        }
    }

    /// A place among those that may hash, for somebody who is known.
    ///
    /// # Errors
    /// As [`Hasher::permit_for`].
    pub fn permit(&self) -> Result<HashPermit<'_>, PasswordError> {
        self.permit_for(HashCaller::Known)
    }

    /// A place among those that may hash. Blocks for at most [`MAX_WAIT_FOR_HASH_MS`].
    ///
    /// # Errors
    /// `Busy` when none came free, or [`MAX_WAITING_FOR_HASH`] wait already.
    pub fn permit_for(&self, caller: HashCaller) -> Result<HashPermit<'_>, PasswordError> {
        let until = Instant::now() + self.max_wait;
        let mut running = self.running.lock();
        if !running.has_room(caller) {
            if *running.waiting(caller) >= MAX_WAITING_FOR_HASH {
                return Err(PasswordError::Busy);
            }
            *running.waiting(caller) += 1;
            while !running.has_room(caller)
                && !self.ended.wait_until(&mut running, until).timed_out()
            {}
            *running.waiting(caller) -= 1;
            // Strangers who stood behind somebody known may go on.
            self.ended.notify_all();
            if !running.has_room(caller) {
                return Err(PasswordError::Busy);
            }
        }
        *running.under_way(caller) += 1;
        Ok(HashPermit {
            hasher: self,
            caller,
        })
    }
}

/// The right to hash; given back when dropped.
#[derive(Debug)]
pub struct HashPermit<'a> {
    hasher: &'a Hasher,
    caller: HashCaller,
}

impl Drop for HashPermit<'_> {
    fn drop(&mut self) {
        *self.hasher.running.lock().under_way(self.caller) -= 1;
        self.hasher.ended.notify_all();
    }
}

impl HashPermit<'_> {
    pub(crate) fn hash(&self, password: &Password) -> Result<StoredHash, PasswordError> {
        let mut stored = StoredHash {
            salt: random()?,
            ..StoredHash::of_nobody()
        };
        stored.hash = *compute(password, &stored)?;
        Ok(stored)
    }

    pub(crate) fn verify(
        &self,
        password: &Password,
        stored: &StoredHash,
    ) -> Result<bool, PasswordError> {
        if password.too_long() {
            return Ok(false);
        }
        Ok(same(compute(password, stored)?.as_slice(), &stored.hash))
    }
}

/// How a passphrase becomes a key: the salt and the cost, which stand beside what it seals.
pub(crate) struct Stretch(StoredHash);

/// Highest cost of a key that is taken from a file: memory of one, and passes over it.
const MAX_STRETCH: (u32, u32) = (1 << 20, 64);

impl Stretch {
    /// Bytes of its written form.
    pub(crate) const BYTES: usize = 16 + 3 * 4;

    pub(crate) fn new() -> Result<Self, PasswordError> {
        Ok(Self(StoredHash {
            salt: random()?,
            ..StoredHash::of_nobody()
        }))
    }

    pub(crate) fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut out = [0; Self::BYTES];
        out[..16].copy_from_slice(&self.0.salt);
        for (at, n) in [self.0.memory_kib, self.0.passes, self.0.lanes]
            .into_iter()
            .enumerate()
        {
            out[16 + 4 * at..20 + 4 * at].copy_from_slice(&n.to_be_bytes());
        }
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (salt, cost) = bytes.split_first_chunk::<16>()?;
        let (cost, _) = cost.as_chunks::<4>();
        let [memory_kib, passes, lanes] =
            <[[u8; 4]; 3]>::try_from(cost).ok()?.map(u32::from_be_bytes);
        let fits = memory_kib <= MAX_STRETCH.0 && passes <= MAX_STRETCH.1 && lanes <= 16;
        fits.then_some(Self(StoredHash {
            salt: *salt,
            hash: [0; 32],
            memory_kib,
            passes,
            lanes,
        }))
    }

    pub(crate) fn key(&self, passphrase: &Password) -> Result<Zeroizing<[u8; 32]>, PasswordError> {
        if passphrase.too_long() {
            return Err(PasswordError::TooLong);
        }
        compute(passphrase, &self.0)
    }
}

fn compute(password: &Password, with: &StoredHash) -> Result<Zeroizing<[u8; 32]>, PasswordError> {
    let params = Params::new(with.memory_kib, with.passes, with.lanes, Some(32))
        .map_err(|_| PasswordError::NotHashed)?;
    let mut out = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.0.as_bytes(), &with.salt, out.as_mut_slice())
        .map_err(|_| PasswordError::NotHashed)?;
    Ok(out)
}
