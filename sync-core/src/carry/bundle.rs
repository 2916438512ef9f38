//! Bundles: a body sealed to one or several recipients.

use sha2::{Digest, Sha256};

use crate::carry::sealing::{self, ENCAPPED_BYTES, SeedRng, WRAPPED_BYTES};
use crate::carry::{CARRY_MAGIC, CARRY_VERSION, CarryBody, CarryError, CarryReceipt, RECEIPT};
use crate::codec::{DecodeError, Reader, put_u64};
use crate::entry::{PublicKey, SignKey};
use crate::ids::CarryId;
use crate::limits::{MAX_CARRY_BYTES, MAX_CARRY_RECIPIENTS};

const HINT_BYTES: usize = 4;

/// Whom a bundle is sealed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CarryKind {
    /// The server: whoever carries it cannot read it.
    Server = 1,
    /// Devices of colleagues, who read it and take it to the server.
    Colleagues = 2,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Recipient {
    hint: [u8; HINT_BYTES],
    encapped: [u8; ENCAPPED_BYTES],
    wrapped: [u8; WRAPPED_BYTES],
}

/// A sealed bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Its id: the same for the same entries sealed again, and in the receipt.
    pub id: CarryId,
    /// Whom it is sealed to.
    pub kind: CarryKind,
    recipients: Vec<Recipient>,
    sealed: Vec<u8>,
}

/// What carried bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CarryFile {
    /// Entries on their way to the server.
    Bundle(Bundle),
    /// The server's word on its way back.
    Receipt(CarryReceipt),
}

impl CarryFile {
    /// Reads a bundle or a receipt.
    ///
    /// # Errors
    /// [`DecodeError`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_CARRY_BYTES {
            return Err(DecodeError::TooLarge("bundle"));
        }
        let mut r = Reader::new(bytes);
        if r.take(CARRY_MAGIC.len())? != CARRY_MAGIC {
            return Err(DecodeError::OutOfRange("magic"));
        }
        if r.u8()? != CARRY_VERSION {
            return Err(DecodeError::UnknownVersion);
        }
        let kind = match r.u8()? {
            1 => CarryKind::Server,
            2 => CarryKind::Colleagues,
            RECEIPT => return Ok(Self::Receipt(CarryReceipt::decode_rest(r)?)),
            _ => return Err(DecodeError::OutOfRange("kind")),
        };
        let id = CarryId::from_bytes(r.array()?);
        let n = r.count(MAX_CARRY_RECIPIENTS, "recipients")?;
        let recipients = (0..n)
            .map(|_| {
                Ok(Recipient {
                    hint: r.array()?,
                    encapped: r.array()?,
                    wrapped: r.array()?,
                })
            })
            .collect::<Result<Vec<_>, DecodeError>>()?;
        Ok(Self::Bundle(Bundle {
            id,
            kind,
            recipients,
            sealed: r.take(r.remaining())?.to_vec(),
        }))
    }
}

/// Lets a recipient find their part without naming them: it differs from bundle to bundle.
fn hint(id: CarryId, key: &PublicKey) -> [u8; HINT_BYTES] {
    let mut h = Sha256::new();
    h.update(b"gridfold carry hint v1");
    h.update(id.bytes());
    h.update(key.0);
    let full: [u8; 32] = h.finalize().into();
    let mut out = [0; HINT_BYTES];
    out.copy_from_slice(&full[..HINT_BYTES]);
    out
}

impl Bundle {
    /// Seals the bytes of a body. `seed` is 32 random bytes that are used for nothing else.
    ///
    /// # Errors
    /// [`CarryError::Nobody`] without a recipient or with a key that nothing can be sealed to,
    /// [`CarryError::TooLarge`] past [`MAX_CARRY_BYTES`] or [`MAX_CARRY_RECIPIENTS`].
    pub fn seal(
        id: CarryId,
        kind: CarryKind,
        body: &[u8],
        recipients: &[PublicKey],
        seed: &[u8; 32],
    ) -> Result<Self, CarryError> {
        if recipients.is_empty() {
            return Err(CarryError::Nobody);
        }
        if recipients.len() > MAX_CARRY_RECIPIENTS {
            return Err(CarryError::TooLarge);
        }
        let mut rng = SeedRng::new(seed);
        let key = rng.next_block();
        let mut bundle = Self {
            id,
            kind,
            recipients: Vec::with_capacity(recipients.len()),
            sealed: Vec::new(),
        };
        let info = bundle.info();
        for recipient in recipients {
            let (encapped, wrapped) =
                sealing::wrap(&key, recipient, &info, &mut rng).ok_or(CarryError::Nobody)?;
            bundle.recipients.push(Recipient {
                hint: hint(id, recipient),
                encapped,
                wrapped,
            });
        }
        bundle.sealed = sealing::seal(&key, body, &bundle.head())?;
        if bundle.head().len() + bundle.sealed.len() > MAX_CARRY_BYTES {
            return Err(CarryError::TooLarge);
        }
        Ok(bundle)
    }

    /// What a wrapped key is bound to.
    fn info(&self) -> Vec<u8> {
        let mut out = b"gridfold carry v1\0".to_vec();
        out.push(self.kind as u8);
        out.extend_from_slice(&self.id.bytes());
        out
    }

    /// All before the ciphertext, which is bound to it.
    fn head(&self) -> Vec<u8> {
        let mut out = CARRY_MAGIC.to_vec();
        out.push(CARRY_VERSION);
        out.push(self.kind as u8);
        out.extend_from_slice(&self.id.bytes());
        put_u64(&mut out, self.recipients.len() as u64);
        for recipient in &self.recipients {
            out.extend_from_slice(&recipient.hint);
            out.extend_from_slice(&recipient.encapped);
            out.extend_from_slice(&recipient.wrapped);
        }
        out
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.head();
        out.extend_from_slice(&self.sealed);
        out
    }

    /// Whether it says that it is sealed to this key; only opening it proves that.
    #[must_use]
    pub fn is_for(&self, key: &PublicKey) -> bool {
        let wanted = hint(self.id, key);
        self.recipients.iter().any(|r| r.hint == wanted)
    }

    /// The bytes of its body.
    ///
    /// # Errors
    /// [`CarryError::NotForUs`] when it is sealed to others, [`CarryError::Damaged`] when a bit of
    /// it was altered.
    pub fn open(&self, own: &SignKey) -> Result<Vec<u8>, CarryError> {
        let wanted = hint(self.id, &own.public());
        let info = self.info();
        let mut mine = self.recipients.iter().filter(|r| r.hint == wanted);
        let Some(first) = mine.next() else {
            return Err(CarryError::NotForUs);
        };
        let head = self.head();
        // Hints are short: another recipient's may be equal.
        std::iter::once(first)
            .chain(mine)
            .find_map(|r| {
                let key = sealing::unwrap(&r.encapped, &r.wrapped, own, &info)?;
                sealing::open(&key, &self.sealed, &head)
            })
            .ok_or(CarryError::Damaged)
    }

    /// The body.
    ///
    /// # Errors
    /// As [`Bundle::open`], and [`CarryError::Damaged`] for a body that does not decode.
    pub fn open_body(&self, own: &SignKey) -> Result<CarryBody, CarryError> {
        Ok(CarryBody::decode(&self.open(own)?)?)
    }
}
