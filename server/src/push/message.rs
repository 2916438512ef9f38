//! Messages, sealed for one phone after RFC 8291: the push service carries them and reads nothing.
//!
//! By the primitives that TLS here stands on.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::auth::PushAddress;
use crate::keys::secret::random;

/// Browsers write base64url without padding; some libraries pad it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The one record of a message, larger than any that is sent.
const RECORD_BYTES: u32 = 4_096;
const POINT_BYTES: usize = 65;
const AUTH_BYTES: usize = 16;
const SALT_BYTES: usize = 16;
const KEY_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
/// After the text of the last record.
const LAST: u8 = 2;

struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(key: &Prk, info: &[&[u8]]) -> Option<[u8; N]> {
    let mut out = [0; N];
    let okm = key.expand(info, Bytes(N)).ok()?;
    okm.fill(&mut out).ok()?;
    Some(out)
}

/// Seals a text for the phone of this address; none when its keys are none.
pub(super) fn seal(address: &PushAddress, text: &[u8]) -> Option<Vec<u8>> {
    let phone = LENIENT.decode(&address.p256dh).ok()?;
    let secret = LENIENT.decode(&address.auth).ok()?;
    if phone.len() != POINT_BYTES || secret.len() != AUTH_BYTES {
        return None;
    }
    let ours = PrivateKey::generate(&ECDH_P256).ok()?;
    let public = ours.compute_public_key().ok()?;
    let salt: [u8; SALT_BYTES] = random().ok()?;

    let theirs = UnparsedPublicKey::new(&ECDH_P256, &phone);
    let keyed = agree(&ours, theirs, (), |shared| {
        Ok(Salt::new(HKDF_SHA256, &secret).extract(shared))
    })
    .ok()?;
    let info: [&[u8]; 3] = [b"WebPush: info\0", &phone, public.as_ref()];
    let input: [u8; 32] = expand(&keyed, &info)?;
    let keyed = Salt::new(HKDF_SHA256, &salt).extract(&input);
    let key: [u8; KEY_BYTES] = expand(&keyed, &[b"Content-Encoding: aes128gcm\0"])?;
    let nonce: [u8; NONCE_BYTES] = expand(&keyed, &[b"Content-Encoding: nonce\0"])?;

    let mut record = [text, &[LAST]].concat();
    LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut record,
        )
        .ok()?;
    let point = public.as_ref();
    let length = u8::try_from(point.len()).ok()?;
    Some(
        [
            &salt[..],
            &RECORD_BYTES.to_be_bytes(),
            &[length],
            point,
            &record,
        ]
        .concat(),
    )
}
