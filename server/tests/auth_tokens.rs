//! Access tokens: what is refused, each for its own reason.

use std::sync::Arc;

use crate::auth_support;
use crate::auth_support::{ADMIN, MINUTE_MS, NOW_MS, USER, settings};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer, SigningKey};
use gridfold_server::auth::{AuthStore, TokenError, Tokens};
use gridfold_server::keys::MasterKey;
use serde_json::{Value, json};
use uuid::Uuid;

const DEVICE: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002);

/// Tokens whose signing key the test knows, so that it can sign what the server never would.
struct Forge {
    _dir: tempfile::TempDir,
    tokens: Tokens,
    master: MasterKey,
    store: Arc<AuthStore>,
    key: SigningKey,
    kid: String,
}

impl Forge {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("auth.db");
        let store = Arc::new(AuthStore::open(&path).unwrap());
        let master = MasterKey::from_bytes([7; 32]);
        drop(Tokens::open(Arc::clone(&store), &master, settings().tokens, NOW_MS).unwrap());
        let key = SigningKey::from_bytes(&[9; 32]);
        let sql = rusqlite::Connection::open(&path).unwrap();
        let public = key.verifying_key().to_bytes();
        // The file's own checksums need a function that only the server has.
        sql.execute_batch("DROP TRIGGER sum_of_changed_signing_keys")
            .unwrap();
        // Only the public half is exchanged: the server verifies with a key the test holds.
        sql.execute("UPDATE signing_keys SET public = ?1", [public])
            .unwrap();
        let kid = sql
            .query_row("SELECT kid FROM signing_keys", [], |r| r.get(0))
            .unwrap();
        let tokens = Tokens::open(Arc::clone(&store), &master, settings().tokens, NOW_MS).unwrap();
        Self {
            _dir: dir,
            tokens,
            master,
            store,
            key,
            kid,
        }
    }

    fn header(&self) -> Value {
        json!({"alg": "EdDSA", "typ": "at+jwt", "kid": self.kid})
    }

    fn claims(&self) -> Value {
        let now_s = NOW_MS / 1_000;
        json!({
            "iss": "http://127.0.0.1:8420", "aud": "gridfold", "sub": USER, "device_id": DEVICE,
            "jti": Uuid::from_u128(5), "iat": now_s, "nbf": now_s, "exp": now_s + 600,
        })
    }

    fn unsigned(header: &Value, claims: &Value) -> String {
        let part = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
        format!("{}.{}", part(header), part(claims))
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = Self::unsigned(header, claims);
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(text.as_bytes()).to_bytes());
        format!("{text}.{signature}")
    }

    #[track_caller]
    fn check_header(&self, name: &str, value: Value, expected: TokenError) {
        let mut header = self.header();
        header[name] = value;
        let token = self.sign(&header, &self.claims());
        assert_eq!(self.tokens.verify(&token, NOW_MS), Err(expected), "{name}");
    }

    #[track_caller]
    fn check_claim(&self, name: &str, value: Value, expected: TokenError) {
        let mut claims = self.claims();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value;
        }
        let token = self.sign(&self.header(), &claims);
        assert_eq!(self.tokens.verify(&token, NOW_MS), Err(expected), "{name}");
    }
}

#[test]
fn the_forge_itself_makes_good_tokens() {
    let forge = Forge::new();
    let token = forge.sign(&forge.header(), &forge.claims());
    let claims = forge.tokens.verify(&token, NOW_MS).unwrap();
    assert_eq!((claims.sub, claims.device_id), (USER, DEVICE));
}

#[test]
fn a_token_names_its_client_and_one_from_before_there_were_clients_is_good() {
    let world = auth_support::World::new();
    let token = world.tokens.issue(USER, DEVICE, NOW_MS).unwrap();
    let claims = world.tokens.verify(&token, NOW_MS).unwrap();
    assert_eq!(claims.client_id, Some(DEVICE));
    let forge = Forge::new();
    let before = forge.sign(&forge.header(), &forge.claims());
    let claims = forge.tokens.verify(&before, NOW_MS).unwrap();
    assert_eq!(claims.client_id, None);
}

#[test]
fn an_issued_token_verifies_and_expires_by_the_clock_passed_in() {
    let world = auth_support::World::new();
    let token = world.tokens.issue(USER, DEVICE, NOW_MS).unwrap();
    let claims = world.tokens.verify(&token, NOW_MS).unwrap();
    assert_eq!((claims.sub, claims.device_id), (USER, DEVICE));
    assert_eq!(claims.jti.get_version_num(), 7);
    let at = |s: i64| world.tokens.verify(&token, NOW_MS + s * 1_000).map(|_| ());
    assert_eq!(at(629), Ok(()), "within the leeway");
    assert!(matches!(at(630), Err(TokenError::Expired(_))));
    assert_eq!(at(-30), Ok(()), "within the leeway");
    assert_eq!(at(-31), Err(TokenError::NotYetValid));
}

#[test]
fn each_forbidden_header_is_refused_though_the_signature_is_good() {
    let forge = Forge::new();
    for name in ["jku", "x5u", "x5c", "jwk", "crit", "cty", "anything"] {
        forge.check_header(name, json!("x"), TokenError::ForbiddenHeader);
        forge.check_header(name, Value::Null, TokenError::ForbiddenHeader);
    }
    forge.check_header("crit", json!(["exp"]), TokenError::ForbiddenHeader);
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"});
    forge.check_header("jwk", jwk, TokenError::ForbiddenHeader);
}

#[test]
fn wrong_typ_alg_and_kid_are_refused() {
    let forge = Forge::new();
    for typ in [json!("JWT"), json!("AT+JWT"), Value::Null] {
        forge.check_header("typ", typ, TokenError::WrongType);
    }
    for alg in [
        json!("HS256"),
        json!("none"),
        json!("None"),
        json!("ES256"),
        Value::Null,
    ] {
        forge.check_header("alg", alg, TokenError::WrongAlgorithm);
    }
    for kid in [json!("other"), json!(""), json!("../../x"), Value::Null] {
        forge.check_header("kid", kid, TokenError::UnknownKey);
    }
}

#[test]
fn alg_none_is_refused_with_and_without_a_signature() {
    let forge = Forge::new();
    let mut header = forge.header();
    header["alg"] = json!("none");
    let bare = Forge::unsigned(&header, &forge.claims());
    for token in [format!("{bare}."), bare.clone(), format!("{bare}.AAAA")] {
        assert!(forge.tokens.verify(&token, NOW_MS).is_err());
    }
    // The same under an honest header: nothing but a signature will do.
    let bare = Forge::unsigned(&forge.header(), &forge.claims());
    for token in [format!("{bare}."), bare.clone()] {
        assert!(forge.tokens.verify(&token, NOW_MS).is_err());
    }
}

#[test]
fn hs256_with_the_public_key_as_secret_is_refused() {
    let forge = Forge::new();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.typ = Some("at+jwt".to_owned());
    header.kid = Some(forge.kid.clone());
    let secret = jsonwebtoken::EncodingKey::from_secret(forge.key.verifying_key().as_bytes());
    let token = jsonwebtoken::encode(&header, &forge.claims(), &secret).unwrap();
    assert_eq!(
        forge.tokens.verify(&token, NOW_MS),
        Err(TokenError::WrongAlgorithm)
    );
}

#[test]
fn a_changed_claim_or_another_key_breaks_the_signature() {
    let forge = Forge::new();
    let token = forge.sign(&forge.header(), &forge.claims());
    let mut claims = forge.claims();
    claims["sub"] = json!(Uuid::from_u128(99));
    let signature = token.rsplit('.').next().unwrap();
    let changed = format!("{}.{signature}", Forge::unsigned(&forge.header(), &claims));
    assert_eq!(
        forge.tokens.verify(&changed, NOW_MS),
        Err(TokenError::BadSignature)
    );
    let stranger = Forge {
        key: SigningKey::from_bytes(&[1; 32]),
        ..Forge::new()
    };
    let mut header = forge.header();
    header["kid"] = json!(forge.kid);
    let token = stranger.sign(&header, &forge.claims());
    assert_eq!(
        forge.tokens.verify(&token, NOW_MS),
        Err(TokenError::BadSignature)
    );
}

#[test]
fn wrong_and_missing_claims_are_refused() {
    let forge = Forge::new();
    let now_s = NOW_MS / 1_000;
    forge.check_claim("iss", json!("http://elsewhere"), TokenError::WrongIssuer);
    forge.check_claim("aud", json!("other"), TokenError::WrongAudience);
    for exp in [now_s - 30, 0] {
        let mut claims = forge.claims();
        claims["exp"] = json!(exp);
        let token = forge.sign(&forge.header(), &claims);
        let Err(TokenError::Expired(claims)) = forge.tokens.verify(&token, NOW_MS) else {
            panic!("{exp}")
        };
        assert_eq!(claims.device_id, DEVICE, "whose it was is known");
    }
    forge.check_claim("exp", json!(i64::MIN), TokenError::MissingClaim);
    forge.check_claim("nbf", json!(i64::MAX), TokenError::NotYetValid);
    forge.check_claim("nbf", json!(now_s + 31), TokenError::NotYetValid);
    forge.check_claim("iat", json!(now_s + 31), TokenError::NotYetValid);
    for name in ["iss", "aud", "sub", "exp", "nbf", "iat", "jti", "device_id"] {
        forge.check_claim(name, Value::Null, TokenError::MissingClaim);
    }
    forge.check_claim(
        "aud",
        json!(["gridfold", "other"]),
        TokenError::MissingClaim,
    );
    forge.check_claim("device_id", json!("phone"), TokenError::MissingClaim);
}

#[test]
fn long_and_malformed_tokens_are_refused() {
    let forge = Forge::new();
    let mut claims = forge.claims();
    claims["padding"] = json!("x".repeat(3_000));
    let long = forge.sign(&forge.header(), &claims);
    assert!(long.len() > 4_096);
    assert_eq!(forge.tokens.verify(&long, NOW_MS), Err(TokenError::TooLong));
    for bad in [
        "",
        ".",
        "..",
        "a.b.c",
        "e30.e30.e30",
        "e30.e30.e30.e30",
        "💥.e30.e30",
    ] {
        assert!(forge.tokens.verify(bad, NOW_MS).is_err(), "{bad}");
    }
}

#[test]
fn rotation_signs_with_a_new_key_and_honours_the_old_until_its_tokens_expire() {
    let world = auth_support::World::new();
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let old = world.tokens.issue(USER, DEVICE, NOW_MS).unwrap();
    let later = NOW_MS + MINUTE_MS;
    world.tokens.rotate(ADMIN, later).unwrap();
    let new = world.tokens.issue(USER, DEVICE, later).unwrap();
    assert_ne!(kid(&old), kid(&new));
    assert!(world.tokens.verify(&old, later).is_ok());
    assert!(
        world.second().tokens.verify(&new, later).is_ok(),
        "kept on disk"
    );
    let count = |now_ms| world.tokens.jwks(now_ms)["keys"].as_array().unwrap().len();
    assert_eq!(count(later), 2);
    let retired = later + 11 * MINUTE_MS;
    assert_eq!(count(retired), 1);
    assert_eq!(
        world.tokens.verify(&old, retired),
        Err(TokenError::UnknownKey)
    );
    world.tokens.rotate(ADMIN, retired).unwrap();
    let rows: i64 = world
        .sql()
        .query_row("SELECT count(*) FROM signing_keys", [], |r| r.get(0))
        .unwrap();
    assert_eq!(rows, 2, "the first key is gone from the disk");
    assert_eq!(world.audited(), ["token-key.rotate", "token-key.rotate"]);
}

#[test]
fn the_exported_key_set_verifies_tokens_elsewhere_and_holds_no_secret() {
    let world = auth_support::World::new();
    let token = world.tokens.issue(USER, DEVICE, NOW_MS).unwrap();
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(world.tokens.jwks(NOW_MS)).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(&set.keys[0]).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::EdDSA);
    validation.set_audience(&["gridfold"]);
    validation.validate_exp = false;
    jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
    assert!(world.tokens.jwks(NOW_MS)["keys"][0].get("d").is_none());
}

#[test]
fn signing_keys_are_wrapped_by_the_master_key() {
    let forge = Forge::new();
    let other = MasterKey::from_bytes([8; 32]);
    assert!(Tokens::open(Arc::clone(&forge.store), &other, settings().tokens, NOW_MS).is_err());
    assert!(
        Tokens::open(
            Arc::clone(&forge.store),
            &forge.master,
            settings().tokens,
            NOW_MS
        )
        .is_ok()
    );
}
